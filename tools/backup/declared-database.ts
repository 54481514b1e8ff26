import { volumeName } from "../../constructs/contract/docker-names";
import {
  type DatabaseDescription,
  databasesIn,
  realmsIn,
  type ServerDescription,
  serversIn,
} from "../../constructs/contract/markers";
import { shown } from "../../constructs/keys/shown";
import { localPort } from "../deploy/servers";
import { ToolError } from "../output";
import type { Stack } from "../project/project";

/** A database in a container, and what the project has in it. */
export interface DeclaredDatabase extends DatabaseDescription {
  /** Those that keep their data in it. */
  readonly servers: readonly ServerDescription[];
  /** The realms that the project declares, or refers to, on these servers. */
  readonly realms: readonly string[];
}

/**
 * The database that is meant: the one of this container, or the only one.
 *
 * @throws {ToolError} `no-database`, `database-unknown`
 */
export function chooseDatabase(stacks: readonly Stack[], wanted?: string): DeclaredDatabase {
  const all = stacks.flatMap(({ json }) => databasesIn(json));
  const servers = stacks.flatMap(({ json }) => serversIn(json));
  const names = all.map(({ container }) => container).join(", ");
  if (all.length === 0) throw new ToolError("no-database", whyNone(servers));
  if (wanted === undefined && all.length > 1) {
    throw new ToolError("database-unknown", `the project declares ${names}; name the one that is meant by --database`);
  }
  const found = wanted === undefined ? all[0] : all.find(({ container }) => container === wanted);
  if (found === undefined) {
    throw new ToolError("database-unknown", `no database ${shown(wanted)} is declared; known: ${names}`);
  }
  const own = servers.filter(({ dataVolume }) => dataVolume === volumeName(found.container));
  const isOn = (url: string) => own.some(({ port }) => port === localPort(url));
  const realms = stacks
    .flatMap(({ json }) => realmsIn(json))
    .filter(({ url }) => isOn(url))
    .map(({ realmName }) => realmName);
  return { ...found, servers: own, realms: [...new Set(realms)].sort() };
}

/** What the data is in instead, and what to use for that. */
function whyNone(servers: readonly ServerDescription[]): string {
  const inFile = servers.find(({ dataVolume }) => dataVolume !== undefined);
  if (inFile) {
    return `${inFile.container} keeps its data in a file of its own (volume ${inFile.dataVolume}), which cannot be copied while it runs; declare a PostgresDatabase and \`mode: "production"\``;
  }
  if (servers.length > 0) {
    return `the database of ${servers.map(({ container }) => container).join(", ")} is elsewhere (PostgresDatabase.fromUrl); back it up where it is, by pg_dump and pg_restore or by whoever runs it`;
  }
  return "the project declares no PostgresDatabase; back up a Keycloak that others run where it runs";
}
