import { setTimeout as sleep } from "node:timers/promises";
import type { ServerDescription } from "../../constructs/contract/markers";
import { containerStatus, healthOf, isThere, scale, start, stop } from "../engines/docker";
import { container, endOfLog } from "../engines/logs";
import { ToolError } from "../output";
import type { Session } from "../session";

/** As long as a start may take: an older database is brought to the present schema first. */
const START_MS = 600_000;
/** As long as all replicas may take to end. */
const STOP_MS = 180_000;
const LOOK_EVERY_MS = 1_000;

/** Makes a container that is gone. */
export type Bring = (container: string) => Promise<void>;

export async function stopServers({ out, env }: Session, servers: readonly ServerDescription[]): Promise<void> {
  for (const { container: name, service } of servers) {
    if ((await containerStatus(name, env)) !== "gone") await out.step(`stopping ${name}`, () => stop(name, env));
    if (service && (await isThere({ kind: "service", id: service.name }, env)))
      await out.step(`stopping ${service.name}`, () => scale(service.name, 0, env, STOP_MS));
  }
}

/**
 * Starts them one after the other: the first brings the database to its schema. A cluster serves as soon as its first server
 * does.
 *
 * @throws {ToolError} `not-healthy`, `interrupted`
 */
export async function startServers(
  session: Session,
  servers: readonly ServerDescription[],
  bring: Bring,
): Promise<void> {
  const { out, env } = session;
  for (const { container: name, service } of servers) {
    if ((await containerStatus(name, env)) === "gone") await bring(name);
    if (service) await startReplicas(session, service, 1);
    await out.step(`starting ${name}`, async () => {
      await start(name, env);
      await untilHealthy(session, name);
    });
    if (service && service.replicas > 1) await startReplicas(session, service, service.replicas);
  }
}

async function startReplicas(
  { out, env }: Session,
  { name, replicas }: NonNullable<ServerDescription["service"]>,
  count: number,
): Promise<void> {
  try {
    await out.step(`starting ${name}, ${count} of ${replicas}`, () => scale(name, count, env, START_MS));
  } catch (error) {
    throw new ToolError("not-healthy", `${name} did not become healthy; \`docker service logs ${name}\` says why`, {
      cause: error,
    });
  }
}

/** The engine starts one that ends by itself again and again: one such end is enough. */
async function untilHealthy({ env, interruption }: Session, name: string): Promise<void> {
  const before = (await healthOf(name, env)).restarts;
  for (const end = Date.now() + START_MS; ; await sleep(LOOK_EVERY_MS)) {
    const { status, restarts } = await healthOf(name, env);
    const isEnded = restarts > before || !["starting", "healthy", ""].includes(status);
    if (!isEnded && status !== "starting") return;
    if (interruption.aborted) throw new ToolError("interrupted", `${name} is still starting`);
    if (isEnded || Date.now() > end) {
      const how = restarts > before ? "ended by itself" : `did not become healthy (${status})`;
      throw new ToolError("not-healthy", `${name} ${how}\n\n${await endOfLog(container(name), 20, env)}`);
    }
  }
}
