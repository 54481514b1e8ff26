import { quoted } from "../../constructs/keys/shown";
import { isPlain } from "../../network/plain-text";
import { OptionError, TokenError } from "../errors";

/** Checks required roles. @throws {OptionError} `ERR_OPTION` for something else than a list of names */
export function checkRoles(roles: readonly string[]): void {
  if (Array.isArray(roles) && roles.every((role) => typeof role === "string" && role !== "" && isPlain(role))) return;
  throw new OptionError(`\`roles\` must list names of roles, got: ${quoted(roles)}`);
}

/**
 * Reads the roles of one client, as Keycloak writes them. Roles of the realm and of other clients do not count, even if
 * they have the same name.
 *
 * @throws {TokenError} `ERR_TOKEN_CLAIM` if the claim has another form
 */
export function readRoles(claims: Readonly<Record<string, unknown>>, client: string): readonly string[] {
  const { resource_access: access } = claims;
  if (access === undefined) return [];
  if (!isObject(access)) throw odd();
  const own = Object.hasOwn(access, client) ? access[client] : undefined;
  if (own === undefined) return [];
  const roles = isObject(own) ? (own.roles ?? []) : undefined;
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === "string" && isPlain(role))) throw odd();
  return roles;
}

/** Checks that a verified token has more roles. @throws {TokenError} `ERR_TOKEN_ROLE` */
export function requireRoles(has: readonly string[], roles: readonly string[]): void {
  const missing = roles.filter((role) => !has.includes(role));
  if (missing.length === 0) return;
  throw new TokenError("ERR_TOKEN_ROLE", `the token lacks the role ${missing.join(", ")}`, { roles });
}

/** Freezes a value of JSON and all that is in it. It does not recurse, since the sender chooses the depth. */
export function freezeAll<T extends object>(root: T): Readonly<T> {
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== "object" || value === null || Object.isFrozen(value)) continue;
    for (const one of Object.values(Object.freeze(value))) open.push(one);
  }
  return root;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function odd(): TokenError {
  const claim = "resource_access";
  return new TokenError("ERR_TOKEN_CLAIM", `the token's "${claim}" claim must list roles by client`, { claim });
}
