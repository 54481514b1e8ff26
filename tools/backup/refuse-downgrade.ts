import { isLocalImage, volumeName } from "../../constructs/contract/docker-names";
import {
  type DatabaseDescription,
  databasesIn,
  type ServerDescription,
  serversIn,
} from "../../constructs/contract/markers";
import { isRunning } from "../engines/docker";
import { ToolError } from "../output";
import type { Stack } from "../project/project";
import { factsOf, imageVersion, isNewer, versionThere } from "./facts";

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
    const version = used ?? (await versionThere(server, env));
    if (version !== undefined && (await isOlder(server.image, version, env))) {
      throw new ToolError("downgrade", refusal(server, version, database?.container));
    }
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

/** Whether an image has an older Keycloak than this. Of somebody's own image the tag may count something else. */
async function isOlder(image: string, used: string, env: Record<string, string>): Promise<boolean> {
  const declared = versionInTag(image);
  if (declared === undefined) return false;
  // A tag may name a line alone: 26.4 is any of 26.4.
  const comparable = used.split(".").slice(0, declared.split(".").length).join(".");
  if (!isNewer(comparable, declared)) return false;
  const inside = await imageVersion(image, env);
  return inside === undefined ? isOfKeycloak(image) : isNewer(used, inside);
}

/** Whether the tag of an image is a version of Keycloak: of the project's own image, a mirror of it, or one made here. */
function isOfKeycloak(image: string): boolean {
  return /(^|\/)keycloak\/keycloak[:@]/.test(image) || isLocalImage("keycloak", image);
}

function refusal(server: ServerDescription, used: string, database: string | undefined): string {
  const { container, image, service } = server;
  const who = database ? `has used its database (${database})` : "is there and may have used its data";
  const remove = `\`docker rm --force ${container}${service ? ` && docker service rm ${service.name}` : ""}\``;
  return `${container} is declared with ${image}, but Keycloak ${used} ${who}, which an older one must not; declare ${used} or newer; ${wayBack(server, database, remove)}`;
}

function wayBack({ dataVolume }: ServerDescription, database: string | undefined, remove: string): string {
  if (database) return `the way back is a backup of the older one: ${remove}, then \`m2m restore FILE\``;
  if (!dataVolume) {
    return `the way back is a backup of the older one: ${remove}, then bring the data back where it is, then \`m2m up\``;
  }
  return `the way back without its data is \`m2m down\`, then \`m2m up\`; with it ${remove}, then an earlier copy of the volume ${dataVolume} in its place, then \`m2m up\``;
}

/** `undefined` for a digest alone, or for a tag that is no version. */
function versionInTag(image: string): string | undefined {
  return /:(\d+(?:\.\d+)*)(?:[-@]|$)/.exec(image)?.[1];
}
