// Two teams with a repository each, as examples/layered has them, under names and ports of their own.
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { loadSigningKey, openConnections, openIssuer, requestToken } from "../../../machines";
import { snippet } from "../../docs/pages";
import { m2m, makeProject, type Result } from "../environment";
import { type Names, PROGRAM, ROOT } from "../project";

/** As after `unset`: nobody gives a password. */
const NO_PASSWORD = {
  TF_VAR_keycloak_admin_username: undefined,
  TF_VAR_keycloak_admin_password: undefined,
  KEYCLOAK_PASSWORD: undefined,
} as unknown as Record<string, string>;

/** The port of PostgreSQL, beside those of the environment. */
export function databasePort({ keycloakPort }: Names): number {
  return keycloakPort + 4;
}

/** The program of a layer for an environment. */
export function programOf(layer: "server" | "identities", names: Names): string {
  return readFileSync(join(ROOT, "examples", "layered", layer, "main.ts"), "utf8")
    .replace('"../../../constructs"', '"./constructs"')
    .replace("localhostPort: 5432", `localhostPort: ${databasePort(names)}`)
    .replace("127.0.0.1:5432", `127.0.0.1:${databasePort(names)}`)
    .replace("https://localhost:8443", `https://localhost:${names.keycloakPort}`);
}

/** Runs `m2m` as somebody who knows no password, with nobody at the terminal. */
export const run = (folder: string, ...args: string[]): Promise<Result> => m2m(folder, args, NO_PASSWORD);

/** Runs the commands of docs/layers.md that bring both layers up, in these folders. */
export async function deployByThePage(folders: Readonly<Record<string, string>>): Promise<string> {
  const script = snippet("docs/layers.md", "deploy")
    .replaceAll("./m2m", `node ${PROGRAM}`)
    .replaceAll(/examples\/layered\/(\w+)/g, (_, layer: string) => folders[layer]!);
  const { all } = await execa("bash", ["-euc", script], { env: NO_PASSWORD, all: true, timeout: 590_000 });
  return all;
}

/** What a second engineer has: a clone with all that was committed, so no private key of a client, and the keys that were handed over. */
export function clone(folder: string, names: Names): string {
  const made = makeProject(names, readFileSync(join(folder, "main.ts"), "utf8"));
  for (const file of readdirSync(join(folder, "certs")).filter((name) => name.endsWith(".crt"))) {
    cpSync(join(folder, "certs", file), join(made, "certs", file));
  }
  cpSync(join(folder, "access"), join(made, "access"), { recursive: true });
  return made;
}

/** Asks Keycloak's admin API as the client that was handed over, and gives the status of each answer. */
export async function askAsDeployer(folder: string, names: Names) {
  const base = `https://localhost:${names.keycloakPort}`;
  const tls = { caFile: join(folder, "access", "layered-ca.trust.crt") };
  const signingKey = loadSigningKey(join(folder, "access", "identities-signing.key"));
  const issuer = openIssuer({ issuer: `${base}/realms/master`, tls });
  const { accessToken } = await requestToken(issuer, { clientId: "identities", signingKey });
  await issuer.close();
  return async (method: string, path: string, body?: object): Promise<number> => {
    const { fetch, close } = openConnections("", { tls });
    const headers = { authorization: `Bearer ${accessToken}`, "content-type": "application/json" };
    const { status } = await fetch(`${base}/admin${path}`, { method, headers, body: body && JSON.stringify(body) });
    await close();
    return status;
  };
}

/** What PostgreSQL answers on this machine to somebody with the certificate that was handed over, or without. */
export async function sql(
  folder: string,
  names: Names,
  text: string,
  { user = "states_identities", database = "states_identities", certificate = true, host = "127.0.0.1" } = {},
): Promise<string> {
  const file = (name: string) => join(folder, "access", `states_identities-tls.${name}`);
  const connection = {
    host,
    port: databasePort(names),
    user,
    dbname: database,
    connect_timeout: 5,
    sslmode: certificate ? "verify-full" : "require",
    sslrootcert: certificate ? file("trust.crt") : "none",
    sslcert: certificate ? file("crt") : "none",
    sslkey: certificate ? file("key") : "none",
  };
  const options = Object.entries(connection).map(([name, value]) => `${name}=${value}`);
  const [version] = readdirSync("/usr/lib/postgresql");
  const psql = `/usr/lib/postgresql/${version}/bin/psql`;
  const { all } = await execa(psql, [options.join(" "), "-Atqc", text], { reject: false, all: true });
  return all;
}
