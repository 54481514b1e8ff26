import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CLIENT } from "../../constructs/contract/client-keys";
import { configuredPassword, DECLARED_SERVER, isPasswordGiven } from "../../constructs/contract/first-administrator";
import { isDeployer, serversIn } from "../../constructs/contract/markers";
import { m2mFolder } from "../../constructs/contract/project-files";
import { readRegularFile, replaceFile } from "../../constructs/keys/key-files";
import type { DockerThing } from "../engines/docker";
import { publishedKids } from "../project/known-keys";
import { type Project, readStacks, type Stack } from "../project/project";
import { localState, localStateFile } from "../project/state";
import { localPort } from "./servers";

/**
 * The password for the deploy that makes a server and the client as which Terraform signs in by a key from then on: nobody
 * has to know it. `undefined` where none is needed or one is given, and where the server is there already, whose password
 * only its administrator knows.
 *
 * @param kept see {@link keptPassword}
 * @param there what is in Docker under the stacks' names: a server whose volume was lost has forgotten the client
 * @param isUnfinished whether a first deploy before this one did not come to its end: its password is wanted, whatever a
 *   state says that may be kept elsewhere
 */
export function passwordForFirstDeploy(
  stacks: readonly Stack[],
  kept: string | undefined,
  there: readonly DockerThing[],
  isUnfinished = false,
): string | undefined {
  if (isPasswordGiven(DECLARED_SERVER)) return undefined;
  const volumes = stacks.filter(declaresDeployer).map((stack) => ({ stack, volume: volumeOfServer(stack, stacks) }));
  const exists = (volume: string | undefined) => there.some(({ kind, name }) => kind === "volume" && name === volume);
  const isMadeAnew = volumes.map(({ volume }) => volume !== undefined && !exists(volume));
  const first = volumes.filter(({ stack }, index) => isMadeAnew[index] || !hasItsRights(stack));
  if (first.length === 0) return isUnfinished && volumes.length > 0 ? kept : undefined;
  if (isMadeAnew.every(Boolean)) return randomBytes(24).toString("base64url");
  return kept;
}

/** Keeps a password until the first deploy has come to its end, whatever is synthesized meanwhile. */
export function keepPassword(project: Project, password: string): void {
  mkdirSync(m2mFolder(project.folder), { recursive: true });
  replaceFile(passwordFile(project), password, 0o600);
}

/** Whether a password was made for a first deploy that did not come to its end. */
export function isUnfinished(project: Project): boolean {
  return existsSync(passwordFile(project));
}

export function forgetPassword(project: Project): void {
  rmSync(passwordFile(project), { force: true });
}

function passwordFile({ folder }: Project): string {
  return join(m2mFolder(folder), "first-password");
}

/**
 * The password that an earlier first deploy was made with and did not come to its end: its server has it. One that was
 * given lies in the file for Keycloak's container, which a synthesis without a password empties: to be asked for before.
 */
export function keptPassword(project: Project): string | undefined {
  const made = readRegularFile(passwordFile(project));
  if (made !== undefined) return made;
  for (const { folder } of readStacks(project)) {
    const given = configuredPassword(folder);
    if (given !== undefined) return given;
  }
  return undefined;
}

export function declaresDeployer(stack: Stack): boolean {
  return deployers(stack).length > 0;
}

/**
 * Whether the deployer's client, its rights and the realms that it manages are all made: then its key is enough. Of a state
 * that is kept elsewhere nothing is known here, and the key is tried.
 */
function hasItsRights(stack: Stack): boolean {
  if (localStateFile(stack) === undefined) return true;
  const { resources } = localState(stack);
  const isMade = (type: string, name: string) =>
    resources.some(
      (one) => one.mode === "managed" && one.type === type && one.name === name && one.instances.length > 0,
    );
  const needed = ["keycloak_openid_client_service_account_role", "keycloak_realm"].flatMap((type) =>
    Object.keys(stack.json.resource?.[type] ?? {}).map((name) => isMade(type, name)),
  );
  return (
    deployers(stack).every((address) => publishedKids(localState(stack), address).length > 0) && needed.every(Boolean)
  );
}

function deployers(stack: Stack): string[] {
  return Object.entries(stack.json.resource?.[CLIENT] ?? {})
    .filter(([, config]) => isDeployer(config))
    .map(([name]) => `${CLIENT}.${name}`);
}

/** The volume of the server that a stack's deployer is on, where one of the stacks makes it. */
function volumeOfServer(stack: Stack, all: readonly Stack[]): string | undefined {
  const ports = [stack.json.provider?.keycloak ?? []].flat().map(({ url = "" }) => localPort(url));
  const servers = all.flatMap(({ json }) => serversIn(json));
  return servers.find(({ port }) => ports.includes(port))?.dataVolume;
}
