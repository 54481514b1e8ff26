import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** Runs a program to its end. */
export const run = promisify(execFile);

export const ROOT = join(__dirname, "..");

/** Names and ports of a measured environment, apart from any that runs. */
export const NAMES = {
  keycloak: "bench-keycloak",
  keycloakPort: 18_480,
  machine: "bench-machine-b",
  machinePort: 13_480,
};

/** A project folder like a fresh checkout after `npm ci`: the repository's own main.ts, or another, under other names. */
export function makeProject(names = NAMES, main = readFileSync(join(ROOT, "main.ts"), "utf8")) {
  const folder = mkdtempSync(join(tmpdir(), "m2m-bench-"));
  for (const linked of ["node_modules", "constructs", ".gen", "dist"])
    symlinkSync(join(ROOT, linked), join(folder, linked));
  for (const copied of ["package.json", "tsconfig.json"]) cpSync(join(ROOT, copied), join(folder, copied));
  writeFileSync(join(folder, "main.ts"), main);
  const context = {
    "m2m:keycloakName": names.keycloak,
    "m2m:keycloakPort": names.keycloakPort,
    "m2m:machineName": names.machine,
    "m2m:machinePort": names.machinePort,
  };
  const cdktf = { language: "typescript", app: "npx tsx main.ts", context };
  writeFileSync(join(folder, "cdktf.json"), JSON.stringify(cdktf));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** The program as `./m2m` starts it. */
export async function m2m(folder: string, args: string[], env: Record<string, string> = {}, timeout = 180_000) {
  return run("node", [join(ROOT, "dist", "m2m.cjs"), ...args], {
    cwd: folder,
    timeout,
    env: { ...process.env, ...env },
  });
}

/** What is left in Docker of a Keycloak that could not be taken down. */
export async function removeThings(keycloak: string): Promise<void> {
  await run("docker", ["rm", "--force", keycloak]).catch(() => undefined);
  await run("docker", ["volume", "rm", `${keycloak}-data`]).catch(() => undefined);
  await run("docker", ["network", "rm", `${keycloak}-network`]).catch(() => undefined);
}
