import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Annotations, Aspects } from "cdktf";
import type { Construct, IConstruct } from "constructs";
import { DEFAULT_ADMIN_PASSWORD, DEFAULT_ADMIN_USERNAME, PROVIDER_VARIABLES } from "./admin-provider";
import { ValidationError } from "./errors";
import { stackFolder } from "./project";

/** The user that Keycloak runs as in its image. */
const KEYCLOAK_UID = "1000";

/**
 * Writes `keycloak.conf` with the first administrator beside the synthesized JSON (mode 0600) and gives the `upload`
 * block that copies it into the container for Keycloak's user alone. Only the file's path reaches JSON and state.
 *
 * The values are read where Terraform and the provider read them, in the environment.
 *
 * @see https://www.keycloak.org/server/bootstrap-admin-recovery
 */
export function bootstrapConfiguration(scope: Construct, prefix: string) {
  const username = given(scope, prefix, "username") ?? DEFAULT_ADMIN_USERNAME;
  const password = given(scope, prefix, "password") ?? DEFAULT_ADMIN_PASSWORD;
  return writeConfiguration(scope, `bootstrap-admin-username=${username}\nbootstrap-admin-password=${password}\n`);
}

/**
 * The file without an administrator, for a server whose deployer signs in by a key. Only its path is tracked: a container
 * that is there keeps the file it was made with, and one made later on the same volume needs none.
 */
export function emptyConfiguration(scope: Construct) {
  return writeConfiguration(scope, "");
}

/** Warned of at synthesis, when it is known whether a deployer makes the default password impossible. */
export function warnOfDefaultPassword(scope: Construct, prefix: string, isPossible: () => boolean): void {
  const visit = (node: IConstruct) => {
    if (node !== scope || !isPossible()) return;
    if ((given(scope, prefix, "password") ?? DEFAULT_ADMIN_PASSWORD) !== DEFAULT_ADMIN_PASSWORD) return;
    Annotations.of(scope).addWarning(
      `the administrator has the well-known default password; set KEYCLOAK_PASSWORD before the first deploy`,
    );
  };
  Aspects.of(scope).add({ visit });
}

function writeConfiguration(scope: Construct, content: string) {
  const source = join("bootstrap-admin", scope.node.id, "keycloak.conf");
  const path = join(stackFolder(scope), source);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, content, { mode: 0o600 });
  chmodSync(path, 0o600);
  return { source, file: "/opt/keycloak/conf/keycloak.conf", owner: KEYCLOAK_UID, permissions: "0400" };
}

/**
 * Fails the plan where Terraform was given another administrator than the synthesis: the cdktf CLI keeps `TF_VAR_…` from
 * the app, and Keycloak would get an administrator that nobody can sign in as.
 */
export function sameAdministrator(prefix: string, source: string): Record<string, string>[] {
  return (["username", "password"] as const).map((what) => {
    const variable = `var.${prefix}_admin_${what}`;
    const line = `"bootstrap-admin-${what}=\${coalesce(${variable}, "-")}\\n"`;
    const same = `strcontains(file("${source}"), ${line})`;
    // Terraform before 1.8 refuses `nonsensitive` on what is not sensitive.
    const plain = what === "password" ? `nonsensitive(${same})` : same;
    return {
      condition: `\${${variable} == null ? true : ${plain}}`,
      error_message: `The administrator's ${what} in TF_VAR_${prefix}_admin_${what} did not reach the synthesis, as the cdktf CLI keeps such variables from it. Set ${PROVIDER_VARIABLES[what]} in its place, or run m2m.`,
    };
  });
}

function given(scope: Construct, prefix: string, what: "username" | "password"): string | undefined {
  const terraform = `TF_VAR_${prefix}_admin_${what}`;
  const name = process.env[terraform] === undefined ? PROVIDER_VARIABLES[what] : terraform;
  const value = process.env[name];
  if (value === undefined || (value === "" && name !== terraform)) return undefined; // empty is "not set" to the provider
  checkValue(scope, name, value);
  return value;
}

/** keycloak.conf is a properties file whose values may hold expressions: refuse what it would read differently. */
function checkValue(scope: Construct, variable: string, value: string): void {
  if (value !== "" && /^[\x21-\x7e]+$/.test(value) && !/[\\$]/.test(value)) return;
  throw new ValidationError(
    scope,
    `${variable} must be printable ASCII without spaces, backslash and dollar sign, as keycloak.conf reads those differently, got: ${value.length} characters that are not`,
  );
}
