import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { promisify } from "node:util";
import { makeProject as makeFolder, type Names, PROGRAM } from "../test/e2e/project";

export { type Names, ROOT, removeFromDocker } from "../test/e2e/project";

/** Runs a program to its end. */
export const run = promisify(execFile);

/** Names and ports of a measured environment, apart from any that runs. */
export const NAMES: Names = {
  keycloak: "bench-keycloak",
  keycloakPort: 18_480,
  machine: "bench-machine-b",
  machinePort: 13_480,
};

/** A project folder like a fresh checkout after `npm ci`: the repository's own main.ts, or another, under other names. */
export function makeProject(names = NAMES, main?: string) {
  const folder = makeFolder(names, { main });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** The program as `./m2m` starts it. */
export async function m2m(folder: string, args: string[], env: Record<string, string> = {}, timeout = 180_000) {
  return run("node", [PROGRAM, ...args], { cwd: folder, timeout, env: { ...process.env, ...env } });
}
