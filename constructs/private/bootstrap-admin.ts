import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Annotations } from "cdktf";
import type { Construct } from "constructs";
import { DEFAULT_ADMIN_PASSWORD, DEFAULT_ADMIN_USERNAME } from "./admin-provider";
import { ValidationError } from "./errors";
import { stackFolder } from "./project";

/** The user that Keycloak runs as in its image. */
const KEYCLOAK_UID = "1000";

/**
 * Writes `keycloak.conf` with the first administrator beside the synthesized JSON (mode 0600) and gives the `upload`
 * block that copies it into the container for Keycloak's user alone. Only the file's path reaches JSON and state.
 *
 * The values are read where Terraform reads the variables of the same name, in the environment.
 *
 * @see https://www.keycloak.org/server/bootstrap-admin-recovery
 */
export function bootstrapConfiguration(scope: Construct, prefix: string): Record<string, string> {
  const username = process.env[`TF_VAR_${prefix}_admin_username`] ?? DEFAULT_ADMIN_USERNAME;
  const password = process.env[`TF_VAR_${prefix}_admin_password`] ?? DEFAULT_ADMIN_PASSWORD;
  for (const [what, value] of Object.entries({ username, password }))
    checkValue(scope, `TF_VAR_${prefix}_admin_${what}`, value);
  if (password === DEFAULT_ADMIN_PASSWORD) {
    Annotations.of(scope).addWarning(
      `the administrator has the well-known default password; set TF_VAR_${prefix}_admin_password before the first deploy`,
    );
  }
  const source = join("bootstrap-admin", scope.node.id, "keycloak.conf");
  const path = join(stackFolder(scope), source);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, `bootstrap-admin-username=${username}\nbootstrap-admin-password=${password}\n`, { mode: 0o600 });
  chmodSync(path, 0o600);
  return { source, file: "/opt/keycloak/conf/keycloak.conf", owner: KEYCLOAK_UID, permissions: "0400" };
}

/** keycloak.conf is a properties file whose values may hold expressions: refuse what it would read differently. */
function checkValue(scope: Construct, variable: string, value: string): void {
  if (value !== "" && /^[\x21-\x7e]+$/.test(value) && !/[\\$]/.test(value)) return;
  throw new ValidationError(
    scope,
    `${variable} must be printable ASCII without spaces, backslash and dollar sign, as keycloak.conf reads those differently, got: ${value.length} characters that are not`,
  );
}
