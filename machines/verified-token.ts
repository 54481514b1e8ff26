import { TokenError } from "./errors";

/** What an API may rely on about an access token that was verified. */
export interface VerifiedToken {
  /** The client that asked for the token: `azp`, or `client_id` where there is none. */
  readonly caller: string;
  /** `sub`: for a machine the id of its service account. */
  readonly subject: string;
  readonly audience: readonly string[];
  readonly scopes: readonly string[];
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

/**
 * Reads the claims of an access token.
 *
 * Does not check: signature, issuer, expiry, or that the audience is the right one.
 *
 * @throws {TokenError} `ERR_TOKEN_TYPE` for an ID, refresh or other token, `ERR_TOKEN_CLAIM` for a missing or odd claim
 */
export function readClaims(claims: Readonly<Record<string, unknown>>): VerifiedToken {
  // Keycloak says in the payload's `typ` which of its tokens it is; `Bearer` is an access token without sender binding.
  if (claims.typ !== "Bearer") {
    throw new TokenError("ERR_TOKEN_TYPE", 'the token\'s "typ" claim must be "Bearer": an access token is needed');
  }
  const { exp, scope } = claims;
  if (typeof exp !== "number" || !Number.isFinite(exp)) throw wrongClaim("exp", "must be a number");
  if (scope !== undefined && typeof scope !== "string") throw wrongClaim("scope", "must be text");
  return {
    caller: claims.azp === undefined ? text(claims, "client_id") : text(claims, "azp"),
    subject: text(claims, "sub"),
    audience: audienceOf(claims),
    scopes: scope?.split(" ").filter(Boolean) ?? [],
    expiresAt: exp,
  };
}

/** The audience as a list: empty if there is none. */
export function audienceOf(claims: Readonly<Record<string, unknown>>): readonly string[] {
  const list = Array.isArray(claims.aud) ? claims.aud : [claims.aud];
  return list.filter((entry) => typeof entry === "string");
}

/** A refusal because of one claim. */
export function wrongClaim(claim: string, rule: string, cause?: unknown): TokenError {
  return new TokenError("ERR_TOKEN_CLAIM", `the token's "${claim}" claim ${rule}`, { claim, cause });
}

function text(claims: Readonly<Record<string, unknown>>, claim: string): string {
  const value = claims[claim];
  if (typeof value !== "string" || value === "") throw wrongClaim(claim, "must be text and not empty");
  return value;
}
