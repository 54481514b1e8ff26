import { type BlockSchema, type Schema, type Type, typeOfBlock } from "../protocol/schema";
import { mapValues } from "./map-values";
import type { Attribute, Block, Resource } from "./table";

/** The schema Terraform is served, derived from the table. */
export function schemaOf(table: Pick<Resource, "attributes" | "blocks"> & { version?: number }): Schema {
  const id = { type: "string", optional: true, computed: true } as const;
  const block = blockSchema(table.attributes, table.blocks);
  return { version: table.version ?? 0, block: { ...block, attributes: { id, ...block.attributes } } };
}

function blockSchema(attributes: { [name: string]: Attribute }, blocks: { [name: string]: Block } = {}): BlockSchema {
  const schema: BlockSchema = {
    attributes: mapValues(attributes, ({ type, required, optional, computed, sensitive, writeOnly }) => ({
      type,
      description_kind: "plain" as const,
      ...(required && { required }),
      ...(optional && { optional }),
      ...(computed && { computed }),
      ...(sensitive && { sensitive }),
      ...(writeOnly && { write_only: true }),
    })),
  };
  if (Object.keys(blocks).length) {
    schema.block_types = mapValues(blocks, (block) => ({
      nesting_mode: block.nesting,
      block: blockSchema(block.attributes, block.blocks),
      ...(!block.unlimited && { max_items: 1 }),
    }));
  }
  return schema;
}

/** Blocks as attributes, as some data sources show them. */
export function typesOfBlocks(
  blocks: { [name: string]: Block },
  read: Attribute["read"],
): { [name: string]: Attribute } {
  return mapValues(blocks, ({ nesting, attributes }) => ({
    type: [nesting, typeOfBlock(blockSchema(attributes))] as Type,
    computed: true,
    read,
  }));
}
