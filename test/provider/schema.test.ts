import { describe, expect, it } from "vitest";
import type { BlockSchema } from "../../provider/protocol/schema";
import { configurationSchema } from "../../provider/provider-block/arguments";
import { providerSchemaJson } from "../../provider/schema";
// The schema of keycloak/keycloak 5.9.0 as Terraform prints it: what this provider has of it, without the descriptions.
import official from "../fixtures/provider/official-schema.json";

/** The parts of a schema that Terraform acts on. */
function essence(block: BlockSchema): unknown {
  const sorted = <T, U>(entries: { [name: string]: T } | undefined, map: (entry: T) => U) =>
    Object.entries(entries ?? {})
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, entry]) => [name, map(entry)]);
  return {
    attributes: sorted(block.attributes, ({ type, required, optional, computed, sensitive, write_only }) => ({
      type,
      required: !!required,
      optional: !!optional,
      computed: !!computed,
      sensitive: !!sensitive,
      writeOnly: !!write_only,
    })),
    blocks: sorted(block.block_types, (nested) => ({
      nesting: nested.nesting_mode,
      min: nested.min_items ?? 0,
      max: nested.max_items ?? 0,
      block: essence(nested.block),
    })),
  };
}

describe("the schema derived from the tables", () => {
  const ours = providerSchemaJson();

  it("has the official provider's resources", () => {
    expect(Object.keys(ours.resource_schemas).sort()).toEqual(Object.keys(official.resource_schemas).sort());
  });

  it.each(Object.entries(official.resource_schemas))("of %s equals the official one", (name, schema) => {
    const mine = ours.resource_schemas[name]!;
    expect(mine.version).toBe(schema.version);
    expect(essence(mine.block)).toEqual(essence(schema.block as unknown as BlockSchema));
  });

  it("has the official provider's data sources", () => {
    expect(Object.keys(ours.data_source_schemas).sort()).toEqual(Object.keys(official.data_source_schemas).sort());
  });

  it.each(Object.entries(official.data_source_schemas))("of data source %s equals the official one", (name, schema) => {
    const mine = ours.data_source_schemas[name]!;
    expect(mine.version).toBe(schema.version);
    expect(essence(mine.block)).toEqual(essence(schema.block as unknown as BlockSchema));
  });

  it("of the provider block equals the official one", () => {
    const block = official.provider.block as unknown as BlockSchema;
    expect(essence(ours.provider.block)).toEqual(essence(block));
  });

  it("does not require a url that the environment sets", () => {
    const { attributes } = configurationSchema({ KEYCLOAK_URL: "http://localhost:8080" }).block;
    expect(attributes!.url).toMatchObject({ optional: true });
    expect(attributes!.url!.required).toBeUndefined();
  });
});
