import { PATIENCE_READING_MS } from "../admin-api/session";
import { DiagnosticError, problem } from "../protocol/diagnostics";
import type { DataSourceHandler } from "../protocol/service";
import type { OpenSession } from "./resource-handler";

import { readState } from "./state";
import type { DataSource } from "./table";
import { validate } from "./validate";

/** A data source, as the protocol calls it, made from its table. */
export function dataHandlerOf(source: DataSource, open: OpenSession): DataSourceHandler {
  return {
    validate: (config) => validate(source, config, true),
    read: async (config) => {
      const session = open(PATIENCE_READING_MS);
      if (!session) {
        const detail = `Its url is still unknown when ${source.name} is read. Add a \`depends_on\`, or set the url itself.`;
        throw new DiagnosticError(problem("The Keycloak provider has no url", detail));
      }
      const representation = await source.read(session, config);
      return { ...readState(source, representation, config), id: String(representation.id) };
    },
  };
}
