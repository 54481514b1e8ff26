import { docker } from "../e2e/environment";

/** What no fault may change: realms and their keys, clients and theirs, what they may do, and users. */
const TABLES = [
  "realm",
  "component",
  "component_config",
  "client",
  "client_attributes",
  "client_scope",
  "client_scope_client",
  "protocol_mapper",
  "protocol_mapper_config",
  "keycloak_role",
  "user_entity",
  "user_role_mapping",
  "credential",
];

/** What is kept in the database. */
export interface Lasting {
  /** A digest of each table that no fault may change. */
  readonly tables: Readonly<Record<string, string>>;
  /** How many tokens Keycloak has written down that it granted. */
  readonly logins: number;
}

export async function readLasting(database: string): Promise<Lasting> {
  const digests = TABLES.map(
    (table) => `select '${table}', md5(string_agg(t::text, E'\\n' order by t::text)) from ${table} t`,
  );
  const logins = "select 'logins', count(*)::text from event_entity where type = 'CLIENT_LOGIN'";
  const rows = (await psql(database, [...digests, logins].join(" union all "))).split("\n");
  const read = Object.fromEntries(rows.map((row) => row.split("|") as [string, string]));
  const { logins: count, ...tables } = read;
  return { tables, logins: Number(count) };
}

function psql(database: string, sql: string): Promise<string> {
  const options = ["--no-psqlrc", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"];
  return docker("exec", database, "psql", "--username=postgres", "--dbname=keycloak", ...options, `--command=${sql}`);
}
