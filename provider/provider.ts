import { checkConfiguration, connectionSettings } from "./configuration";
import { handlerOf } from "./engine/handler";
import { Keycloak } from "./keycloak";
import { DiagnosticError, problem } from "./protocol/diagnostics";
import type { Provider, ResourceHandler } from "./protocol/service";
import { resources } from "./resources";
import { providerSchemaJson } from "./schema";

/** The Keycloak provider as the protocol sees it. */
export function createProvider(): Provider {
  let keycloak: Keycloak | null = null;
  const handlers = new Map<string, ResourceHandler>(
    resources.map((resource) => [
      resource.name,
      handlerOf(resource, (patience) => keycloak?.session(patience) ?? null),
    ]),
  );
  return {
    schema: () => providerSchemaJson(process.env),
    validateConfiguration: (config) => checkConfiguration(config),
    configure: (config) => {
      const problems = checkConfiguration(config);
      const settings = problems.length ? null : connectionSettings(config);
      keycloak = settings && new Keycloak(settings);
      return problems;
    },
    resource: (typeName) => {
      const handler = handlers.get(typeName);
      if (handler) return handler;
      const detail = `It has: ${[...handlers.keys()].join(", ")}.`;
      throw new DiagnosticError(problem(`The embedded Keycloak provider has no resource ${typeName}`, detail));
    },
    stop: () => keycloak?.stop(),
  };
}
