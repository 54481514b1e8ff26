import { Keycloak } from "./admin-api/keycloak";
import { dataSources } from "./data-sources";
import { dataHandlerOf } from "./engine/data-source-handler";
import { handlerOf } from "./engine/resource-handler";
import { DiagnosticError, problem } from "./protocol/diagnostics";
import type { Provider } from "./protocol/service";
import type { Value } from "./protocol/values";
import { checkConfiguration } from "./provider-block/check";
import { connectionSettings } from "./provider-block/connection-settings";
import { resources } from "./resources";
import { providerSchemaJson } from "./schema";

/** The Keycloak provider as the protocol sees it. */
export function createProvider(): Provider {
  let keycloak: Keycloak | null = null;
  const open = (patience: number) => keycloak?.session(patience) ?? null;
  const seen = new Map<string, Value>();
  const handlers = new Map(resources.map((resource) => [resource.name, handlerOf(resource, open, seen)]));
  const dataHandlers = new Map(dataSources.map((source) => [source.name, dataHandlerOf(source, open)]));
  return {
    schema: () => providerSchemaJson(process.env),
    validateConfiguration: (config) => checkConfiguration(config),
    configure: (config) => {
      const problems = checkConfiguration(config);
      const settings = problems.length ? null : connectionSettings(config);
      keycloak = settings && new Keycloak(settings);
      return problems;
    },
    resource: (typeName) => find(handlers, "resource", typeName),
    dataSource: (typeName) => find(dataHandlers, "data source", typeName),
    stop: () => keycloak?.stop(),
  };
}

function find<T>(handlers: Map<string, T>, kind: string, typeName: string): T {
  const handler = handlers.get(typeName);
  if (handler) return handler;
  const detail = `It has: ${[...handlers.keys()].join(", ")}.`;
  throw new DiagnosticError(problem(`The embedded Keycloak provider has no ${kind} ${typeName}`, detail));
}
