import { volumeName } from "../../constructs/contract/docker-names";
import { databasesIn, type ServerDescription, serversIn } from "../../constructs/contract/markers";
import { isRunning } from "../engines/docker";
import { ToolError } from "../output";
import type { Stack } from "../project/project";
import { factsOf, isNewer } from "./facts";

/**
 * Refuses to start an older Keycloak on the database of a newer one. Keycloak itself does not: it starts on a schema that it
 * does not know, and loses or damages what it does not understand.
 *
 * @throws {ToolError} `downgrade`
 */
export async function refuseDowngrades(stacks: readonly Stack[], env: Record<string, string>): Promise<void> {
  const servers = stacks.flatMap(({ json }) => serversIn(json));
  for (const database of stacks.flatMap(({ json }) => databasesIn(json))) {
    const own = servers.filter(({ dataVolume }) => dataVolume === volumeName(database.container));
    if (own.length === 0 || !(await isRunning(database.container, env))) continue;
    const facts = await factsOf({ ...database, env }, database.database).catch(unlessStarting);
    for (const server of own) refuseOlder(server, database.container, facts?.keycloak);
  }
}

/** A database that is just starting, as after a reboot, answers nobody yet. Terraform waits for it, and its server too. */
function unlessStarting(error: Error): undefined {
  if ((error as ToolError).code !== "database-failed") throw error;
  return undefined;
}

function refuseOlder({ container, image }: ServerDescription, database: string, used: string | undefined): void {
  const declared = versionInTag(image);
  if (used === undefined || declared === undefined) return;
  // A tag may name a line alone: 26.4 is any of 26.4.
  const comparable = used.split(".").slice(0, declared.split(".").length).join(".");
  if (!isNewer(comparable, declared)) return;
  throw new ToolError(
    "downgrade",
    `${container} is declared with ${image}, but Keycloak ${used} has used its database (${database}), which an older one must not; declare ${used} or newer; the way back is a backup of ${declared}: \`docker rm --force ${container}\`, then \`m2m restore FILE\``,
  );
}

/** `undefined` for a digest alone, or for a tag that is no version. */
function versionInTag(image: string): string | undefined {
  return /:(\d+(?:\.\d+)*)(?:[-@]|$)/.exec(image)?.[1];
}
