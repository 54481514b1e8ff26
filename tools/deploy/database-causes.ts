/** The database of a server, as its start command has it. */
export interface DatabaseAddress {
  /** `host:port`. */
  readonly at: string;
  readonly name: string;
  readonly user: string;
}

/** What keeps a server from its database, and what to do. */
export interface DatabaseCause {
  readonly words: string;
  /** What the log says of it. */
  readonly got: string;
  readonly remedy: string;
}

interface Known {
  /** What the log says then; the whole of it is repeated. */
  readonly sign: RegExp;
  readonly words: (database: DatabaseAddress) => string;
  readonly remedy: (database: DatabaseAddress, container: string | undefined) => string;
}

/** Whatever the database is: it goes on by itself. */
const NOTHING_LOST = "Nothing that was answered is lost, and the server goes on by itself then.";

/**
 * Every cause that is known, as Keycloak 26.4.7 on PostgreSQL 12 and 15 has its words. The first that the log has counts: those
 * that say more come before those that follow from them.
 */
const KNOWN: readonly Known[] = [
  {
    sign: /could not extend file "[^"]*": [^\n".]*|No space left on device/,
    words: ({ at }) => `the disk of the database at ${at} is full`,
    remedy: () => `Make room on it. ${NOTHING_LOST}`,
  },
  {
    sign: /password authentication failed for user "[^"]*"/,
    words: ({ at, user }) => `the database at ${at} refuses the password of user ${user}, or has no such user`,
    remedy: (_, container) =>
      `Write the user's password into the file that \`passwordFile\` names. ${container ? `A container reads it when it is made, so run \`docker rm --force ${container}-files ${container}\`, then \`m2m up\`.` : "A cluster has it in a secret that is made once: docs/cluster.md says how to make another."}`,
  },
  {
    sign: /database "[^"]*" does not exist/,
    words: ({ at, name }) => `the server at ${at} has no database ${name}`,
    remedy: ({ name, user }) => `Make it there (\`CREATE DATABASE ${name} OWNER ${user}\`), or correct \`url\`.`,
  },
  {
    sign: /role "[^"]*" does not exist/,
    words: ({ at, user }) => `the database at ${at} has no user ${user}`,
    remedy: ({ user }) => `Make it there (\`CREATE ROLE ${user} LOGIN PASSWORD …\`), or correct \`url\`.`,
  },
  {
    sign: /no pg_hba\.conf entry[^\n"]*/,
    words: ({ at, name, user }) => `the database at ${at} does not let user ${user} into ${name} from here`,
    remedy: ({ name, user }) =>
      `Add a line to its pg_hba.conf, such as \`hostssl ${name} ${user} ADDRESSES scram-sha-256\`, or correct \`url\`.`,
  },
  {
    sign: /server does not support SSL/,
    words: ({ at }) => `the database at ${at} does not speak TLS`,
    remedy: () => "Turn it on there (`ssl = on`, with a certificate).",
  },
  {
    sign: /The hostname \S+ could not be verified/,
    words: ({ at }) => `the certificate of the database at ${at} is for another name`,
    remedy: () => "Use a name of its certificate in `url`, or give it one for this name.",
  },
  {
    sign: /unable to find valid certification path to requested target|PKIX path[^\n"]*/,
    words: ({ at }) => `the certificate of the database at ${at} is of a CA that is not in \`caFile\``,
    remedy: () => "Write the CA that issued it into the file that `caFile` names, then run `m2m up`.",
  },
  {
    sign: /database version of at least '[^']+', but the actual version is '[^']+'/,
    words: ({ at }) => `the PostgreSQL at ${at} is too old for this Keycloak`,
    remedy: () => "Upgrade it, or name a newer one in `url`.",
  },
  {
    sign: /permission denied for (?:schema|table|database) \S+|read and write permissions[^\n"]*|read-only transaction/,
    words: ({ at, name, user }) => `user ${user} may not make or change tables in database ${name} at ${at}`,
    remedy: ({ name, user }) =>
      `Make the user its owner (\`ALTER DATABASE ${name} OWNER TO ${user}\`). If it is a standby, name the primary in \`url\`.`,
  },
  {
    sign: /too many clients already|remaining connection slots[^\n"]*|too many connections[^\n"]*/,
    words: ({ at }) => `the database at ${at} has no connection left`,
    remedy: () => "Raise its `max_connections`, or end what else uses them. A server takes up to 40.",
  },
  {
    sign: /the database system is (?:starting up|shutting down|in recovery mode|not yet accepting connections)/,
    words: ({ at }) => `the database at ${at} is starting, and does not come to its end`,
    remedy: () => `Look at its own log: a full disk keeps it there. ${NOTHING_LOST}`,
  },
  {
    sign: /Connection to \S+ refused/,
    words: ({ at }) => `nothing listens at ${at}, where the database should be`,
    remedy: () => "Start the database, or correct `url`. The address is one that containers reach, so not localhost.",
  },
  {
    sign: /(?<=An I\/O error occurred while sending to the backend.{0,1000})\bRead timed out\b/s,
    words: ({ at }) => `the database at ${at} did not answer a statement within a minute`,
    remedy: (_, container) =>
      `Look at its own log, and at what else its machine does. An upgrade may need longer where there are millions of events: remove the newer server${container ? ` (\`docker rm --force ${container}\`)` : ""}, go back to the older version, delete them, and upgrade again. ${NOTHING_LOST}`,
  },
  {
    sign: /The connection attempt failed|An I\/O error occurred while sending to the backend/,
    words: ({ at }) => `the database at ${at} is not reached: the name is not known there, or nothing answers`,
    remedy: () =>
      `Start the database, correct \`url\`, or let containers reach it. If it runs, look at its own log. ${NOTHING_LOST}`,
  },
];

/**
 * What a server's log says of its database; `undefined` where it is something else.
 *
 * @param container the server's; a cluster has several
 */
export function databaseCause(
  log: string,
  database: DatabaseAddress,
  container: string | undefined,
): DatabaseCause | undefined {
  for (const { sign, words, remedy } of KNOWN) {
    const got = sign.exec(log)?.[0];
    if (got !== undefined) return { words: words(database), got, remedy: remedy(database, container) };
  }
  return undefined;
}

/** The database in a start command of Keycloak; `undefined` where it keeps its data in a file. */
export function databaseIn(command: readonly string[]): DatabaseAddress | undefined {
  const option = (name: string) => command.find((one) => one.startsWith(`--${name}=`))?.slice(name.length + 3);
  const [, at, name] = /^jdbc:postgresql:\/\/([^/]+)\/([^?]+)/.exec(option("db-url") ?? "") ?? [];
  return at === undefined || name === undefined ? undefined : { at, name, user: option("db-username") ?? "" };
}
