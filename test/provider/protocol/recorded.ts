import { decodeMessage } from "../../../provider/protocol/messages";
import type { AttributeSchema, Schema } from "../../../provider/protocol/schema";
// Terraform 1.11.4 with kreuzwerker's Docker provider, recorded on the wire between the two.
import recorded from "../../fixtures/protocol/recorded.json";

type Frame = (typeof recorded)[number];

export const bytesOf = (text: string) => Buffer.from(text, "base64");
export const frame = (what: string): Frame => recorded.find((one) => one.what === what)!;

/** The recorded schema message turned back into a schema. */
export function recordedSchema(): Schema {
  const { resourceSchemas } = decodeMessage("GetSchema.Response", bytesOf(frame(SCHEMA).response)) as {
    resourceSchemas: { [name: string]: { version?: number; block: Message } };
  };
  const { version, block } = resourceSchemas.docker_volume!;
  return { version: version ?? 0, block: blockOf(block) };
}

export interface Message {
  attributes: { name: string; type: Buffer; [flag: string]: unknown }[];
  blockTypes: { typeName: string; nesting: number; block: Message; minItems?: number; maxItems?: number }[];
}

function blockOf({ attributes, blockTypes }: Message): Schema["block"] {
  const named = attributes.map(({ name, type, ...rest }) => [name, { ...rest, type: JSON.parse(String(type)) }]);
  const nested = blockTypes.map(({ typeName, nesting, block, minItems, maxItems }) => [
    typeName,
    {
      nesting_mode: nesting === 2 ? ("list" as const) : ("set" as const),
      block: blockOf(block),
      min_items: minItems,
      max_items: maxItems,
    },
  ]);
  return {
    attributes: Object.fromEntries(named) as { [name: string]: AttributeSchema },
    block_types: Object.fromEntries(nested),
  };
}

export const SCHEMA = "schema of one resource with nested blocks";
export const isDynamic = (part: unknown): part is { msgpack: Buffer } =>
  Buffer.isBuffer((part as { msgpack?: unknown })?.msgpack);

export { recorded };
