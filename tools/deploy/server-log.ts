import { databasesIn } from "../../constructs/contract/markers";
import { healthOf } from "../engines/docker";
import { container, endOfLog, type Logging, logSince, readable } from "../engines/logs";
import { failedBecause } from "../engines/terraform-failure";
import { ToolError } from "../output";
import type { Stack } from "../project/project";
import { type DatabaseAddress, databaseCause, databaseIn } from "./database-causes";

/** How far back a log is read for the cause of a failure. */
const RECENTLY_MS = 60_000;
/** More than a server writes in that time. */
const MOST_LINES = 5000;
/** Lines of the log that a person is shown. */
const SHOWN_LINES = 20;

/** A container or a service. */
interface Waiting extends Logging {
  readonly name: string;
  readonly database?: DatabaseAddress;
}

/**
 * Adds to a failure of Terraform why a server of the stack is not ready, by its log: for a known cause what is wrong, where, and
 * what to do. A server that did not become healthy shows the end of its log too.
 */
export async function withServerLog(error: unknown, stack: Stack, env: Record<string, string>): Promise<unknown> {
  const isUnhealthy = failedBecause(error, "server-unhealthy");
  if (!isUnhealthy && !failedBecause(error, "server-fails")) return error;
  const waiting = isUnhealthy ? await notHealthy(stack, env) : waitedFor(stack);
  const causes = await Promise.all(waiting.map((one) => causeOf(one, stack, env)));
  const known = causes.flatMap((cause) => cause ?? []);
  if (!isUnhealthy && known.length === 0) return error;
  const logs = isUnhealthy ? await Promise.all(waiting.map((one) => endOfLog(one, SHOWN_LINES, env))) : [];
  const text = [(error as Error).message, ...known, ...logs].join("\n\n");
  return new ToolError("not-healthy", text, { cause: error });
}

/** What Terraform waits for until it is healthy: containers, and a cluster's service. */
function waitedFor({ json }: Stack): Waiting[] {
  const containers = Object.values(json.resource?.docker_container ?? {})
    .filter(({ wait }) => wait === true)
    .map(({ name, command }) => waiting("container", name, command));
  const services = Object.values(json.resource?.docker_service ?? {}).map(({ name, task_spec: task }) => {
    const { args } = (task as { container_spec?: { args?: unknown } })?.container_spec ?? {};
    return waiting("service", name, args);
  });
  return [...containers, ...services];
}

function waiting(kind: Waiting["kind"], name: unknown, command: unknown): Waiting {
  return { kind, id: String(name), name: String(name), database: databaseIn((command ?? []) as string[]) };
}

/** Of a service it is not asked: Swarm may have gone back to what was there before. */
async function notHealthy(stack: Stack, env: Record<string, string>): Promise<Waiting[]> {
  const all = waitedFor(stack);
  const isHealthy = async ({ kind, name }: Waiting) => {
    return kind === "container" && ["healthy", "gone"].includes((await healthOf(name, env)).status);
  };
  const healthy = await Promise.all(all.map(isHealthy));
  const found = all.filter((_, index) => !healthy[index]);
  return found.length > 0 ? found : all; // one that got healthy too late for Terraform
}

/** Why a server is not ready, as far as its database is why. */
async function causeOf(one: Waiting, stack: Stack, env: Record<string, string>): Promise<string | undefined> {
  const { kind, name, database } = one;
  if (!database) return undefined;
  const since = new Date(Date.now() - RECENTLY_MS);
  // The database in a container of this stack says more of itself than its server hears.
  const own = databasesIn(stack.json).flatMap((known) =>
    database.at.startsWith(`${known.container}:`) ? container(known.container) : [],
  );
  const logs = [...own, one].map((each) => logSince(each, since, MOST_LINES, env));
  const log = (await Promise.all(logs)).join("\n").split("\n").map(untimed).map(readable).join("\n");
  const cause = databaseCause(log, database, kind === "container" ? name : undefined);
  return cause && `${name} cannot use its database: ${cause.words}. Its log: ${cause.got}. ${cause.remedy}`;
}

/** Docker writes its own time before each line. */
function untimed(line: string): string {
  return line.replace(/^\S+ /, "");
}
