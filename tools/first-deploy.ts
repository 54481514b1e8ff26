import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Project, readStacks, type Stack } from "./project";
import { localState, publishedKids } from "./state";

/** Who may give a password, as the constructs and the providers read it. */
const GIVEN = ["KEYCLOAK_PASSWORD", "TF_VAR_keycloak_admin_password"];

/**
 * The password for the deploy that makes a server and the client as which Terraform signs in by a key from then on: nobody
 * has to know it. `undefined` where none is needed or one is given, and where the server is there already, whose password
 * only its administrator knows.
 *
 * @param kept see {@link keptPassword}
 */
export function passwordForFirstDeploy(stacks: readonly Stack[], kept: string | undefined): string | undefined {
  if (GIVEN.some((name) => process.env[name] !== undefined)) return undefined;
  const first = stacks.filter(isFirstDeploy);
  if (first.length === 0) return undefined;
  if (kept !== undefined) return kept;
  return first.every(hasNoServerYet) ? randomBytes(24).toString("base64url") : undefined;
}

/**
 * The password that an earlier first deploy was made with and did not come to its end: its server has it. It lies in the
 * file for Keycloak's container, which a synthesis without a password empties: to be asked for before.
 */
export function keptPassword(project: Project): string | undefined {
  const folders = readStacks(project).map(({ folder }) => join(folder, "bootstrap-admin"));
  const files = folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name, "keycloak.conf")));
  for (const file of files.filter((path) => existsSync(path))) {
    const password = /^bootstrap-admin-password=(.+)$/m.exec(readFileSync(file, "utf8"))?.[1];
    if (password !== undefined) return password;
  }
  return undefined;
}

/** A stack that declares a deployer whose client the state does not know. */
function isFirstDeploy(stack: Stack): boolean {
  const clients = Object.entries(stack.json.resource?.keycloak_openid_client ?? {});
  return clients.some(([name, config]) => {
    const isDeployer = (config["//"] as { deployer?: boolean } | undefined)?.deployer === true;
    return isDeployer && publishedKids(localState(stack), `keycloak_openid_client.${name}`).length === 0;
  });
}

/** A stack that makes a server, and has not made it. */
function hasNoServerYet(stack: Stack): boolean {
  const declares = Object.values(stack.json.resource?.docker_container ?? {}).some(({ upload }) => {
    return JSON.stringify(upload ?? "").includes("bootstrap-admin");
  });
  return declares && !localState(stack).resources.some(({ type }) => type === "docker_volume");
}
