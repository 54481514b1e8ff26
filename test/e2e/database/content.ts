import { docker } from "../environment";

const ALL = `SELECT 'realm', id, name FROM realm UNION ALL SELECT 'client', id, client_id FROM client
  UNION ALL SELECT 'key', id, name FROM component WHERE provider_type = 'org.keycloak.keys.KeyProvider'
  UNION ALL SELECT 'event', id, type FROM event_entity ORDER BY 1, 2`;

/** What a statement gives in a database of PostgreSQL in a container, a row a line. */
export function sqlIn(container: string, statement: string, database = "keycloak"): Promise<string> {
  const plain = ["--username=postgres", "-Atq", `--dbname=${database}`];
  return docker("exec", container, "psql", ...plain, `--command=${statement}`);
}

/** The realms, clients, keys and events of a Keycloak, by the container of its database. */
export function contentOf(container: string): Promise<string> {
  return sqlIn(container, ALL);
}
