import { dataSources } from "./data-sources";
import { mapValues } from "./engine/map-values";
import { schemaOf } from "./engine/schema";
import type { ProviderSchema } from "./protocol/schema";
import { configurationSchema } from "./provider-block/arguments";
import { resources } from "./resources";

/** The provider's schema in the form of `terraform providers schema -json`, as one entry of `provider_schemas`. */
export function providerSchemaJson(environment: { [name: string]: string | undefined } = {}): ProviderSchema {
  const byName = <T extends { name: string }>(tables: T[]) => Object.fromEntries(tables.map((one) => [one.name, one]));
  return {
    provider: configurationSchema(environment),
    resource_schemas: mapValues(byName(resources), schemaOf),
    data_source_schemas: mapValues(byName(dataSources), schemaOf),
  };
}
