import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../project";
import type { Environment } from "../tls/environments";

/** What breaks, by what a reader calls it. */
export type Faults = Readonly<Record<string, (environment: Environment) => Promise<void>>>;

/** How long a network stays cut. */
const CUT_MS = 10_000;

/** What may happen to one server and its database. */
export const FAULTS_OF_ONE: Faults = {
  "Keycloak killed (`kill -9`)": ({ names }) => kill(names.keycloak),
  "PostgreSQL killed (`kill -9`)": ({ names }) => kill(databaseOf(names.keycloak)),
  "Keycloak restarted (`docker restart`)": async ({ names }) => {
    await run("docker", ["restart", names.keycloak]);
  },
  "the network between them cut for 10 s": async ({ names }) => {
    const between = [`${databaseOf(names.keycloak)}-network`, names.keycloak];
    await run("docker", ["network", "disconnect", ...between]);
    await sleep(CUT_MS);
    await run("docker", ["network", "connect", ...between]);
  },
};

function databaseOf(keycloak: string): string {
  return `${keycloak}-database`;
}

/** Ends a container's first process, which Docker starts again. */
async function kill(container: string): Promise<void> {
  const { stdout } = await run("docker", ["inspect", "--format", "{{.State.Pid}}", container]);
  process.kill(Number(stdout), "SIGKILL");
}
