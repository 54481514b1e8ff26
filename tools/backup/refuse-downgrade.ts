import { volumeName } from "../../constructs/contract/docker-names";
import {
  type DatabaseDescription,
  databasesIn,
  type ServerDescription,
  serversIn,
} from "../../constructs/contract/markers";
import { isRunning } from "../engines/docker";
import { ToolError } from "../output";
import type { Stack } from "../project/project";
import { factsOf, isNewer, versionThere } from "./facts";

/**
 * Refuses to start an older Keycloak on the database of a newer one. Keycloak itself does not: it starts on a schema that it
 * does not know, and loses or damages what it does not understand. What used a database last is asked of the database where it
 * is in a container of the app. Elsewhere it is the server that is there.
 *
 * @throws {ToolError} `downgrade`
 */
export async function refuseDowngrades(stacks: readonly Stack[], env: Record<string, string>): Promise<void> {
  const databases = stacks.flatMap(({ json }) => databasesIn(json));
  for (const server of stacks.flatMap(({ json }) => serversIn(json))) {
    const database = databases.find(({ container }) => volumeName(container) === server.dataVolume);
    const used = database && (await versionIn(database, env));
    refuseOlder(server, used ?? (await versionThere(server, env)), database?.container);
  }
}

/** The Keycloak that a database belongs to, as far as it can be asked. */
async function versionIn(database: DatabaseDescription, env: Record<string, string>): Promise<string | undefined> {
  if (!(await isRunning(database.container, env))) return undefined;
  return (await factsOf({ ...database, env }, database.database).catch(unlessStarting))?.keycloak;
}

/** A database that is just starting, as after a reboot, answers nobody yet. Terraform waits for it, and its server too. */
function unlessStarting(error: Error): undefined {
  if ((error as ToolError).code !== "database-failed") throw error;
  return undefined;
}

function refuseOlder(
  { container, image, service }: ServerDescription,
  used: string | undefined,
  database: string | undefined,
): void {
  const declared = versionInTag(image);
  if (used === undefined || declared === undefined) return;
  // A tag may name a line alone: 26.4 is any of 26.4.
  const comparable = used.split(".").slice(0, declared.split(".").length).join(".");
  if (!isNewer(comparable, declared)) return;
  const remove = service ? `docker service rm ${service.name}` : `docker rm --force ${container}`;
  const [data, restore] = database
    ? [`its database (${database})`, `\`docker rm --force ${container}\`, then \`m2m restore FILE\``]
    : ["its data", `bring it back where the data is, then \`${remove}\` and \`m2m up\``];
  throw new ToolError(
    "downgrade",
    `${container} is declared with ${image}, but Keycloak ${used} has used ${data}, which an older one must not; declare ${used} or newer; the way back is a backup of ${declared}: ${restore}`,
  );
}

/** `undefined` for a digest alone, or for a tag that is no version. */
function versionInTag(image: string): string | undefined {
  return /:(\d+(?:\.\d+)*)(?:[-@]|$)/.exec(image)?.[1];
}
