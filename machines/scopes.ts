import { quoted } from "../constructs/keys/shown";
import { OptionError } from "./errors";

/** The characters of one scope, RFC 6749 section 3.3. */
const oneScope = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Finds what cannot be a scope. */
export function oddScope(scopes: readonly string[]): string | undefined {
  return scopes.find((scope) => !oneScope.test(scope));
}

/**
 * Reads scopes, separated by spaces: each once, in alphabetical order.
 *
 * @param name of the option or setting, for the error
 * @throws {OptionError} `ERR_OPTION` for something else than text, or a character that no scope may have
 */
export function readScopes(text: string | undefined, name = "`scope`"): string[] {
  if (text === undefined) return [];
  const scopes = typeof text === "string" ? [...new Set(text.split(" "))].filter(Boolean).sort() : undefined;
  if (scopes && oddScope(scopes) === undefined) return scopes;
  const got = scopes ? quoted(oddScope(scopes)) : text === null ? "null" : typeof text;
  throw new OptionError(`${name} must be scopes separated by spaces (RFC 6749 section 3.3), got: ${got}`);
}
