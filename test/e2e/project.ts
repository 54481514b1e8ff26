// Projects for tests and measurements. No ES module is imported: `tsx` loads the measurements as CommonJS.
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export const ROOT = join(__dirname, "..", "..");
/** What `./m2m` starts. */
export const PROGRAM = join(ROOT, "dist", "m2m.cjs");

const LINKED = ["node_modules", "constructs", ".gen", "dist"];
const COPIED = ["package.json", "tsconfig.json"];
/** What a project is made of. */
export const GIVEN: readonly string[] = [...LINKED, ...COPIED, "main.ts", "cdktf.json"];

/** Names and ports of one environment, apart from any that runs on the machine. */
export interface Names {
  readonly keycloak: string;
  readonly keycloakPort: number;
  readonly machine: string;
  readonly machinePort: number;
}

interface ProjectOptions {
  /** @default - the repository's own main.ts */
  readonly main?: string;
  /** How it is run. @default "npx tsx main.ts" */
  readonly app?: string;
}

/** A checkout as it is after `npm ci`, under other names and ports. */
export function makeProject(names: Names, options: ProjectOptions = {}): string {
  const { main = readFileSync(join(ROOT, "main.ts"), "utf8"), app = "npx tsx main.ts" } = options;
  const folder = mkdtempSync(join(tmpdir(), "m2m-project-"));
  for (const linked of LINKED) symlinkSync(join(ROOT, linked), join(folder, linked));
  for (const copied of COPIED) cpSync(join(ROOT, copied), join(folder, copied));
  const context = {
    "m2m:keycloakName": names.keycloak,
    "m2m:keycloakPort": names.keycloakPort,
    "m2m:keycloakStartTimeoutSeconds": 500, // the machine may be busy with other work
    "m2m:clusterSubnet": "10.202.77.0/24",
    "m2m:databaseName": `${names.keycloak}-database`,
    "m2m:machineName": names.machine,
    "m2m:machinePort": names.machinePort,
    "m2m:prometheusPort": names.keycloakPort + 5,
    "m2m:alertmanagerPort": names.keycloakPort + 6,
  };
  writeFileSync(join(folder, "cdktf.json"), JSON.stringify({ language: "typescript", app, context }));
  writeFileSync(join(folder, "main.ts"), main);
  return folder;
}

const run = promisify(execFile);

/** Removes from Docker what an environment may have left there. */
export async function removeFromDocker({ keycloak, machine }: Names): Promise<void> {
  const docker = (...args: string[]) => run("docker", args).catch(() => undefined);
  const beside = ["prometheus", "alertmanager", "database"].map((name) => `${keycloak}-${name}`);
  const all = [keycloak, machine, ...beside];
  await docker("rm", "--force", ...all, ...all.map((name) => `${name}-files`));
  await docker("volume", "rm", "--force", ...all.flatMap((name) => [`${name}-data`, `${name}-files`]));
  await docker("network", "rm", `${keycloak}-network`, `${keycloak}-database-network`, `${keycloak}-database-host`);
}

/** Calls Keycloak's admin API as its administrator. The path is below `/admin/realms`. */
export async function callAdmin(
  { keycloakPort }: Names,
  password: string,
  method: string,
  path: string,
  body?: unknown,
  // biome-ignore lint/suspicious/noExplicitAny: Keycloak's representations have no types here
): Promise<any> {
  const base = `http://localhost:${keycloakPort}`;
  const form = { grant_type: "password", client_id: "admin-cli", username: "admin", password };
  const login = await fetch(`${base}/realms/master/protocol/openid-connect/token`, {
    method: "POST",
    body: new URLSearchParams(form),
  });
  const { access_token } = (await login.json()) as { access_token: string };
  const response = await fetch(`${base}/admin/realms${path}`, {
    method,
    headers: { authorization: `Bearer ${access_token}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: HTTP ${response.status}`);
  const text = await response.text();
  return text === "" ? undefined : JSON.parse(text);
}
