import { PATIENCE_READING_MS } from "../admin-api/keycloak";
import { DiagnosticError, problem } from "../protocol/diagnostics";
import type { DataSourceHandler } from "../protocol/service";
import type { OpenSession } from "./handler";
import { validate } from "./rules";
import { readState } from "./state";
import { type Attribute, type Block, type DataSource, mapValues } from "./table";

/** Makes a data source of its table. */
export function dataHandlerOf(source: DataSource, open: OpenSession): DataSourceHandler {
  return {
    validate: (config) => validate(source, config, true),
    read: async (config) => {
      const session = open(PATIENCE_READING_MS);
      if (!session) {
        const detail = `Its url is still unknown when ${source.name} is read; add a \`depends_on\`, or set the url itself.`;
        throw new DiagnosticError(problem("The Keycloak provider has no url", detail));
      }
      const representation = await source.read(session, config);
      return { ...readState(source, representation, config), id: String(representation.id) };
    },
  };
}

type Flags = Pick<Attribute, "required" | "optional" | "computed" | "read">;
type Attributes = { [name: string]: Attribute };

/** A resource's attributes as a data source shows them: computed, but for those that `flags` says otherwise of. */
export function shown(attributes: Attributes, flags: { [name: string]: Flags } = {}, left: string[] = []): Attributes {
  const kept = Object.entries(attributes).filter(([name, { writeOnly }]) => !writeOnly && !left.includes(name));
  return mapValues(Object.fromEntries(kept), ({ type, sensitive, read }, name) => ({
    type,
    ...(sensitive && { sensitive }),
    ...(read && { read }),
    ...(flags[name] ?? { computed: true }),
  }));
}

/** A resource's block, likewise; what is in it may occur as often as the server says. */
export function shownBlock(block: Block, left: string[] = []): Block {
  return {
    nesting: block.nesting,
    ...(block.present && { present: block.present }),
    ...(block.computed ? { computed: true } : { unlimited: true }),
    attributes: shown(block.attributes, {}, left),
    ...(block.blocks && { blocks: mapValues(block.blocks, (inner) => shownBlock(inner, left)) }),
  };
}
