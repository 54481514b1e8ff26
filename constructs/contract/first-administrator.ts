import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readTextFile } from "../keys/read-file";
import { variableValue } from "./terraform-text";

/** What an administrator signs in with. */
export type Credential = "username" | "password";

export type Administrator = Readonly<Record<Credential, string>>;

/** For a developer's machine. The password is the article's. */
export const DEFAULT_ADMINISTRATOR: Administrator = { username: "admin", password: "change_me" };

/** What Keycloak providers read by themselves. The cdktf CLI passes these to the app, but no `TF_VAR_…`. */
export const PROVIDER_ENVIRONMENT = { username: "KEYCLOAK_USER", password: "KEYCLOAK_PASSWORD" } as const;

/** The prefix of the variables of every server that this package declares: they share one administrator. */
export const DECLARED_SERVER = "keycloak";

/** The Terraform variable that gives a server's administrator. */
export function variableName(prefix: string, what: Credential): string {
  return `${prefix}_admin_${what}`;
}

/** The variable, as the arguments of a provider refer to it. */
export function variableReference(prefix: string, what: Credential): string {
  return variableValue(variableName(prefix, what));
}

/**
 * What the environment gives, and by which of its variables. Terraform's own wins, as it does in Terraform. An empty one of
 * the provider counts as not set, as it does in the provider.
 *
 * @param variable the Terraform variable; without one, only the provider's environment counts
 */
export function givenByEnvironment(
  what: Credential,
  variable: string | undefined,
): { readonly name: string; readonly value: string } | undefined {
  const terraform = variable && environmentName(variable);
  const byTerraform = terraform && process.env[terraform];
  if (terraform && byTerraform !== undefined) return { name: terraform, value: byTerraform };
  const name = PROVIDER_ENVIRONMENT[what];
  const value = process.env[name];
  return value ? { name, value } : undefined;
}

/** Whether the user has given the administrator's password of a server, even an empty one. */
export function isPasswordGiven(prefix: string): boolean {
  return givenByEnvironment("password", variableName(prefix, "password")) !== undefined;
}

/** The environment variable by which Terraform takes the value of a variable. */
export function environmentName(variable: string): string {
  return `TF_VAR_${variable}`;
}

const FOLDER = "bootstrap-admin";

/** The file that a server takes its first administrator from, relative to the folder of its stack. */
export function configurationPath(serverId: string): string {
  return join(FOLDER, serverId, "keycloak.conf");
}

/** A line of that file, without its end. The value may be an expression of Terraform that gives it. */
export function configurationLine(what: Credential, value: string): string {
  return `bootstrap-admin-${what}=${value}`;
}

/** Writes the file so that only its owner reads it. Without an administrator it has the other lines alone. */
export function writeConfiguration(
  stackFolder: string,
  serverId: string,
  administrator: Administrator | undefined,
  otherLines: readonly string[],
): void {
  const path = join(stackFolder, configurationPath(serverId));
  const lines = administrator
    ? (["username", "password"] as const).map((what) => `${configurationLine(what, administrator[what])}\n`)
    : [];
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, [...lines, ...otherLines.map((line) => `${line}\n`)].join(""), { mode: 0o600 });
  chmodSync(path, 0o600); // a file that was there keeps its mode
}

/** The password of the first server in a stack's folder whose file holds one. */
export function configuredPassword(stackFolder: string): string | undefined {
  const folder = join(stackFolder, FOLDER);
  const servers = existsSync(folder) ? readdirSync(folder) : [];
  for (const path of servers.map((serverId) => join(stackFolder, configurationPath(serverId)))) {
    if (!existsSync(path)) continue;
    const password = /^bootstrap-admin-password=(.+)$/m.exec(readTextFile(path))?.[1];
    if (password !== undefined) return password;
  }
  return undefined;
}
