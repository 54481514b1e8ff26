import { planAndApply } from "../deploy/apply-plan";
import { containerStatus } from "../engines/docker";
import type { Stack } from "../project/project";
import type { Session } from "../session";
import type { DeclaredDatabase } from "./declared-database";

/** The containers of the database and of those that use it. */
function containersOf({ container, servers }: DeclaredDatabase): string[] {
  return [container, ...servers.map((server) => server.container)];
}

/** The addresses of containers in a stack, by the containers' names. */
function addressesOf({ json }: Stack, names: readonly string[]): string[] {
  return Object.entries(json.resource?.docker_container ?? {})
    .filter(([, { name }]) => names.includes(String(name)))
    .map(([id]) => `docker_container.${id}`);
}

/** The stacks that make the database and its servers. */
export function stacksOf(stacks: readonly Stack[], database: DeclaredDatabase): Stack[] {
  return stacks.filter((stack) => addressesOf(stack, containersOf(database)).length > 0);
}

/** After a loss, what the restore needs: the database, and servers to start. Nothing of Keycloak itself is asked for. */
export async function bringBack(
  session: Session,
  work: readonly Stack[],
  database: DeclaredDatabase,
  yes: boolean,
): Promise<void> {
  const { env, out } = session;
  const missing: string[] = [];
  for (const name of containersOf(database)) {
    const status = await containerStatus(name, env);
    if (status === "gone" || (status === "stopped" && name === database.container)) missing.push(name);
  }
  if (missing.length === 0) return;
  out.warn(
    `not there, or stopped: ${missing.join(", ")}; bringing that back first, with an empty volume if that was lost`,
  );
  for (const stack of work) {
    const targets = addressesOf(stack, missing);
    if (targets.length > 0) await planAndApply(session, stack, { yes, targets });
  }
}
