import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { replicasOf } from "../e2e/cluster/replicas";
import { docker, m2m } from "../e2e/environment";
import { setClock } from "./clock";
import { mayRestartEngine, restartEngine } from "./engine";
import type { Target } from "./target";

/** One way to break an environment. */
export interface Fault {
  readonly what: string;
  readonly happens: (target: Target) => Promise<void>;
  /** Whether what was written after a backup is gone. */
  readonly goesBack?: boolean;
  /** Whether connections that nobody uses may be dead, which is seen a minute after somebody does. */
  readonly lingers?: boolean;
}

/** How long what comes back by itself stays away. */
const FOR_MS = 10_000;

/** What may happen to one server as well as to several. */
export const FAULTS: readonly Fault[] = [
  { what: "A server is killed", happens: async (target) => kill(await aServerOf(target)) },
  { what: "PostgreSQL is killed", happens: ({ database }) => kill(database) },
  { what: "The network to PostgreSQL is cut for 10 s", happens: cutNetwork, lingers: true },
  { what: "PostgreSQL hangs for 10 s", happens: hangDatabase },
  { what: "PostgreSQL's disk is full for 30 s", happens: fillDisk },
  { what: "The clock of a server is 40 s ahead for 10 s", happens: (target) => shiftClock(target, 40) },
  { what: "The clock of a server is 90 s ahead for 10 s", happens: (target) => shiftClock(target, 90) },
  { what: "The clock of a server is 90 s behind for 10 s", happens: (target) => shiftClock(target, -90) },
  { what: "A change of the servers is deployed", happens: deployChange },
  { what: "The database is restored from a backup", happens: restore, goesBack: true },
];

/** What may happen only where a balancer and Swarm are before the servers. */
export const FAULTS_OF_CLUSTERS: readonly Fault[] = [
  { what: "The balancer is killed", happens: ({ names }) => kill(names.keycloak) },
  { what: "All servers are killed at once", happens: killAll },
];

/** Where that is allowed: it ends everything that runs on this machine. */
export const FAULTS_OF_ENGINES: readonly Fault[] = mayRestartEngine
  ? [{ what: "The Docker engine is restarted", happens: restartEngine }]
  : [];

/** The database is out of reach for its servers, which nobody tells. */
async function cutNetwork({ names, database, service }: Target): Promise<void> {
  const between = [service ? `${names.keycloak}-cluster` : `${database}-network`, database];
  await docker("network", "disconnect", ...between);
  await sleep(FOR_MS);
  await docker("network", "connect", ...between);
}

/** It takes requests and answers none. */
async function hangDatabase({ database }: Target): Promise<void> {
  await docker("pause", database);
  await sleep(FOR_MS);
  await docker("unpause", database);
}

/** Long enough that PostgreSQL needs more room meanwhile. */
async function fillDisk({ disk }: Target): Promise<void> {
  await disk.fill();
  await sleep(3 * FOR_MS);
  await disk.free();
}

async function shiftClock(target: Target, seconds: number): Promise<void> {
  const server = await aServerOf(target);
  await setClock(server, seconds);
  await sleep(FOR_MS);
  await setClock(server, 0);
}

/** Another option of Keycloak, which a server takes at its start. */
async function deployChange({ folder }: Target): Promise<void> {
  const file = join(folder, "main.ts");
  const main = readFileSync(file, "utf8");
  writeFileSync(file, main.replace("database, tls: { authority }", "maxQueuedRequests: 900, $&"));
  await succeed(folder, "up");
}

async function restore({ folder }: Target): Promise<void> {
  await succeed(folder, "backup", "faults.dump");
  await succeed(folder, "restore", "faults.dump", "--yes");
}

async function succeed(folder: string, ...args: string[]): Promise<void> {
  const { exitCode, stderr } = await m2m(folder, args);
  if (exitCode !== 0) throw new Error(`m2m ${args.join(" ")} failed:\n${stderr}`);
}

async function killAll({ service }: Target): Promise<void> {
  for (const { container } of await replicasOf(service!)) await kill(container);
}

async function aServerOf({ names, service }: Target): Promise<string> {
  return service ? (await replicasOf(service))[0]!.container : names.keycloak;
}

/** Ends a container's first process as the kernel does it. Docker starts the container again. */
async function kill(container: string): Promise<void> {
  process.kill(Number(await docker("inspect", "--format", "{{.State.Pid}}", container)), "SIGKILL");
}
