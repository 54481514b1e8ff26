import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { execa } from "execa";
import { cacheFolder } from "../../tools/bring/cache";
import { bringNode, type NodeLine } from "../../tools/bring/node-runtime";
import { createOutput } from "../../tools/output";
import { callAdmin, GIVEN, makeProject as makeFolder, type Names, PROGRAM, removeFromDocker } from "./project";

export const ENVIRONMENTS = [
  "e2e",
  "provider",
  "failures",
  "diff",
  "keys",
  "lost",
  "interrupted",
  "registry",
  "ecosystem",
  "newest",
  "restart",
  "outages",
  "deployer",
  "rotation",
  "roles",
  "public-keys",
  "leftovers",
  "bound-tokens",
  "secure",
  "newest-secure",
  "authorization",
  "who-can",
  "events",
  "client-policies",
  "monitored",
  "production",
  "backup",
  "cluster",
  "faults",
  "broken-cluster",
  "layered",
  "database",
  "upgraded",
] as const;

/** Every file has names and ports of its own, so that several run at once. */
export function namesOf(environment: (typeof ENVIRONMENTS)[number]): Names {
  const place = ENVIRONMENTS.indexOf(environment) * 10;
  return {
    keycloak: `m2m-${environment}-keycloak`,
    keycloakPort: 18_180 + place,
    machine: `m2m-${environment}-machine-b`,
    machinePort: 13_180 + place,
  };
}

/** The environment that files share if they leave it as they found it. */
export const SHARED = namesOf("e2e");

/** Distinctive, so that a search finds any leak of it. */
export const ADMIN_PASSWORD = "Canary-7f3a91c2-admin-password";

export interface Result {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** As `npx tsx main.ts`, without what npx costs at each synthesis: more than a second of computing. */
const APP = "node --import tsx main.ts";

/** What the shared environment has settled on, for the projects after it. */
export const SOURCES_VARIABLE = "M2M_E2E_SOURCES";

/** A checkout as it is after `npm ci`, under other names and ports; it has settled on sources, unless it `settles`. */
export function makeProject(names: Names, main?: string, { settles = false } = {}): string {
  const folder = makeFolder(names, { main, app: APP });
  const settled = process.env[SOURCES_VARIABLE];
  if (settled !== undefined && !settles) record(folder, settled);
  else if (process.env.M2M_E2E_PROVIDER === "registry") record(folder, JSON.stringify(registrySources()));
  return folder;
}

/** As whom each `up` of a test makes its server and signs in, whoever starts it. */
export const ADMINISTRATOR = {
  TF_VAR_keycloak_admin_username: "admin",
  TF_VAR_keycloak_admin_password: ADMIN_PASSWORD,
};

/** The program as `./m2m` starts it, with nobody at the terminal. */
export async function m2m(
  folder: string,
  args: readonly string[],
  env: Record<string, string> = {},
  program = PROGRAM,
): Promise<Result> {
  const result = await execa("node", [program, ...args], {
    cwd: folder,
    env: { ...ADMINISTRATOR, ...env },
    stdin: "ignore",
    reject: false,
    timeout: 590_000,
  });
  return { exitCode: result.exitCode ?? -1, stdout: result.stdout, stderr: result.stderr };
}

/** The newest line of Node.js that cdktf-cli 0.21 has its native part for; with a newer one npm has to compile it. */
const CLI_NODE: NodeLine = "22";

/** A `PATH` with the Node.js for the cdktf CLI, whichever one runs the tests. */
export async function cliPath(): Promise<string> {
  const node = await bringNode(cacheFolder(), CLI_NODE, createOutput({ json: false, colour: "never" }));
  return `${dirname(node)}${delimiter}${process.env.PATH}`;
}

/** The cdktf CLI with what `m2m env` exports, as in the README's second way. */
export async function cdktf(
  folder: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Result> {
  const { stdout } = await m2m(folder, ["env", "--json"]);
  const result = await execa("npx", ["cdktf", ...args], {
    cwd: folder,
    env: {
      KEYCLOAK_PASSWORD: ADMIN_PASSWORD,
      DISABLE_VERSION_CHECK: "1",
      CHECKPOINT_DISABLE: "1",
      ...env,
      ...JSON.parse(stdout),
      PATH: await cliPath(),
    },
    stdin: "ignore",
    reject: false,
    timeout: 590_000,
  });
  return { exitCode: result.exitCode ?? -1, stdout: result.stdout, stderr: result.stderr };
}

export async function docker(...args: string[]): Promise<string> {
  return (await execa("docker", args)).stdout;
}

/** What Docker has under the names of an environment. */
export async function dockerThings({ keycloak, machine }: Names): Promise<string[]> {
  const lists = await Promise.all([
    docker("ps", "--all", "--format", "{{.Names}}"),
    docker("volume", "ls", "--format", "{{.Name}}"),
    docker("network", "ls", "--format", "{{.Name}}"),
  ]);
  const ours = (name: string) => name.startsWith(keycloak) || name.startsWith(machine);
  return lists.flatMap((list) => list.split("\n")).filter(ours);
}

/** Files of a project that were not there before its first `up`. */
export function filesMade(folder: string): string[] {
  const made = readdirSync(folder).filter((name) => !GIVEN.includes(name));
  return made.flatMap((name) =>
    name === "certs" ? readdirSync(join(folder, name)).map((file) => join(name, file)) : [name],
  );
}

/** One `up`, as a person would run it after an accident, repairs the environment. Returns its warnings. */
export async function upRepairs(folder: string): Promise<string> {
  const { exitCode, stdout, stderr } = await m2m(folder, ["up"]);
  if (exitCode !== 0 || !stdout.startsWith("HTTP 200 from"))
    throw new Error(`up did not repair:\n${stdout}\n${stderr}`);
  const diff = await m2m(folder, ["diff"]);
  if (diff.exitCode !== 0) throw new Error(`there are changes after up:\n${diff.stdout}\n${diff.stderr}`);
  return stderr;
}

/** Takes an environment down, whatever its state, and deletes its folder. */
export async function takeDown(folder: string, names: Names): Promise<void> {
  await m2m(folder, ["down", "--yes", "--destroy-data"]);
  await removeFromDocker(names);
  rmSync(folder, { recursive: true, force: true });
}

/** Calls Keycloak's admin API as an administrator. */
export async function admin(
  names: Names,
  method: "GET" | "PUT" | "POST" | "DELETE",
  path: string,
  body?: unknown,
  realm = "sjwt-example",
  // biome-ignore lint/suspicious/noExplicitAny: Keycloak's representations have no types here
): Promise<any> {
  return await callAdmin(names, ADMIN_PASSWORD, method, `/${realm}${path}`, body);
}

export async function clientOf(names: Names, clientId: string): Promise<Record<string, unknown> & { id: string }> {
  const [client] = await admin(names, "GET", `/clients?clientId=${clientId}`);
  return client;
}

/** Calls machine-b's API with a token, or without. */
export async function callApi(names: Names, token: string | undefined, online = false): Promise<Response> {
  const url = `http://127.0.0.1:${names.machinePort}/api/protected${online ? "/online" : ""}`;
  return await fetch(url, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
}

function record(folder: string, sources: string): void {
  mkdirSync(join(folder, ".m2m"));
  writeFileSync(join(folder, ".m2m", "sources.json"), sources);
}

function registrySources() {
  return {
    keycloakProvider: "registry.terraform.io/keycloak/keycloak",
    dockerProvider: process.env.M2M_E2E_DOCKER_PROVIDER ?? "registry",
    ...(process.env.M2M_E2E_KEYCLOAK_IMAGE && {
      keycloakImage: process.env.M2M_E2E_KEYCLOAK_IMAGE,
      machineImage: process.env.M2M_E2E_MACHINE_IMAGE,
    }),
    why: "M2M_E2E_PROVIDER=registry",
    decidedAt: new Date().toISOString(),
  };
}
