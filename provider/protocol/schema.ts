/** Schemas in the JSON form of `terraform providers schema -json`. The protocol's form is derived from it. */

/** A Terraform type constraint as Terraform writes it in JSON. */
export type Type = "string" | "bool" | "number" | ["list" | "set" | "map", Type] | ["object", { [name: string]: Type }];

export interface AttributeSchema {
  type: Type;
  description?: string;
  description_kind?: "plain";
  required?: boolean;
  optional?: boolean;
  computed?: boolean;
  sensitive?: boolean;
  write_only?: boolean;
}

export interface NestedBlockSchema {
  nesting_mode: "list" | "set";
  block: BlockSchema;
  min_items?: number;
  max_items?: number;
}

export interface BlockSchema {
  attributes?: { [name: string]: AttributeSchema };
  block_types?: { [name: string]: NestedBlockSchema };
}

export interface Schema {
  version: number;
  block: BlockSchema;
}

export interface ProviderSchema {
  provider: Schema;
  resource_schemas: { [name: string]: Schema };
  data_source_schemas: { [name: string]: Schema };
}

/** The type of a block's value: an object of its attributes and of its nested blocks. */
export function typeOfBlock(block: BlockSchema): Type {
  const members: { [name: string]: Type } = {};
  for (const [name, attribute] of Object.entries(block.attributes ?? {})) members[name] = attribute.type;
  for (const [name, nested] of Object.entries(block.block_types ?? {})) {
    members[name] = [nested.nesting_mode, typeOfBlock(nested.block)];
  }
  return ["object", members];
}

const NESTING = { list: 2, set: 3 } as const;

/** The same schema as a message of the plugin protocol. */
export function schemaMessage(schema: Schema): object {
  return { version: schema.version, block: blockMessage(schema.block) };
}

function blockMessage(block: BlockSchema): object {
  return {
    attributes: byName(block.attributes).map(([name, attribute]) => ({
      name,
      type: Buffer.from(JSON.stringify(attribute.type)),
      description: attribute.description,
      required: attribute.required,
      optional: attribute.optional,
      computed: attribute.computed,
      sensitive: attribute.sensitive,
      writeOnly: attribute.write_only,
    })),
    blockTypes: byName(block.block_types).map(([typeName, nested]) => ({
      typeName,
      block: blockMessage(nested.block),
      nesting: NESTING[nested.nesting_mode],
      minItems: nested.min_items,
      maxItems: nested.max_items,
    })),
  };
}

function byName<T>(entries: { [name: string]: T } | undefined): [string, T][] {
  return Object.entries(entries ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}
