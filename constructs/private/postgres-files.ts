/** Where a container of PostgreSQL has its files, which a volume holds: its root file system is read-only. */
export const FILES = "/etc/keycloak-database";
/** Where its data is. The official image has this folder, and its user owns it. */
export const DATA = "/var/lib/postgresql/data";
/** The role and the database of Keycloak. */
export const KEYCLOAK = "keycloak";
/** Connections that PostgreSQL takes. */
const MOST_CONNECTIONS = 200;
/** Of them, those that no server gets: for backups, and for whoever looks. */
const FOR_OTHERS = 20;
/** One server has no use for more: a grant takes a few milliseconds of one. */
const MOST_OF_ONE = 40;

/** Connections that each of some servers may have, and one more that starts before another ends. */
export function connectionsOfEach(servers: number): number {
  return Math.min(MOST_OF_ONE, Math.floor((MOST_CONNECTIONS - FOR_OTHERS) / (servers + 1)));
}

/** A settings file for the memory that the container may take, by PostgreSQL's own recommendations. */
export function settings(memoryMegabytes: number): string {
  const megabytes = (part: number) => `${Math.floor(memoryMegabytes * part)}MB`;
  const lines = {
    data_directory: `${DATA}/db`,
    hba_file: `${FILES}/pg_hba.conf`,
    ident_file: `${FILES}/pg_ident.conf`,
    listen_addresses: "*",
    max_connections: MOST_CONNECTIONS,
    ssl: "on",
    ssl_min_protocol_version: "TLSv1.3",
    ssl_cert_file: `${FILES}/tls.crt`,
    ssl_key_file: `${FILES}/tls.key`,
    ssl_ca_file: `${FILES}/ca.crt`,
    shared_buffers: megabytes(1 / 4),
    effective_cache_size: megabytes(1 / 2),
    maintenance_work_mem: megabytes(1 / 16),
    work_mem: "4MB",
    log_timezone: "UTC",
    timezone: "UTC",
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name} = ${typeof value === "number" ? value : `'${value}'`}\n`)
    .join("");
}

/**
 * Who may sign in: the administrator from inside the container, Keycloak by TLS with its certificate, and each role to the
 * database of its own name, with a certificate of that name. There is no password.
 *
 * @see https://www.postgresql.org/docs/current/auth-cert.html
 */
export function hostAccess(owners: readonly string[]): string {
  const own = owners.map((name) => `hostssl ${name} ${name} all cert`);
  return ["local all postgres peer", `hostssl ${KEYCLOAK} ${KEYCLOAK} all cert map=servers`, ...own, ""].join("\n");
}

/** Which certificate stands for Keycloak's role, by its common name. */
export function certificateOwners(commonName: string): string {
  return `servers "${commonName}" ${KEYCLOAK}\n`;
}

/**
 * Makes the database in an empty volume, in a folder of its own first: a start that is cut off leaves nothing that looks whole.
 * Further databases it makes at any start, each with the role that owns it, as they may be declared later. Then it runs PostgreSQL in
 * its own place, so that it gets the signals.
 */
export const START = `set -eu
cd ${DATA}
read -r _ _ version _ <<< "$(postgres --version)"
major=\${version%%.*}
if [ -e db/PG_VERSION ]; then
  read -r held < db/PG_VERSION
  if [ "$held" != "$major" ]; then
    echo "FATAL: the volume holds data of PostgreSQL $held, and the image has $major; go back to an image of $held, or move by m2m backup and m2m restore" >&2
    exit 1
  fi
else
  rm -rf new
  initdb --pgdata=new --username=postgres --auth=peer --encoding=UTF8 --locale=C.UTF-8 --data-checksums
  printf '%s\\n' 'CREATE ROLE ${KEYCLOAK} LOGIN;' 'CREATE DATABASE ${KEYCLOAK} OWNER ${KEYCLOAK};' | postgres --single -D new postgres
  mv new db
fi
if [ -e ${FILES}/databases ]; then
  there=$(echo 'SELECT datname FROM pg_database;' | postgres --single -D db postgres)
  while read -r name; do
    [[ $there == *"\\"$name\\""* ]] ||
      printf '%s\\n' "CREATE ROLE $name LOGIN;" "CREATE DATABASE $name OWNER $name;" | postgres --single -D db postgres
  done < ${FILES}/databases
fi
exec postgres -D db -c config_file=${FILES}/postgresql.conf
`;
