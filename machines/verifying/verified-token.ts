import { shown } from "../../constructs/keys/shown";
import { isPlain } from "../../network/plain-text";
import { OptionError, TokenError } from "../errors";
import { oddScope } from "../scopes";
import { checkRoles, freezeAll, readRoles, requireRoles } from "./roles";

/** The facts of a verified access token. The object is frozen with all in it, since many calls may share it. */
export interface VerifiedToken {
  /** The client that got the token: `azp`, or `client_id` if there is no `azp`. */
  readonly caller: string;
  /** `sub`. For a machine, the id of its service account. */
  readonly subject: string;
  readonly audience: readonly string[];
  readonly scopes: readonly string[];
  /** Its roles of this API's own client: `resource_access`, under the name of the `audience`. */
  readonly roles: readonly string[];
  /** `exp`, in seconds since 1970. */
  readonly expiresAt: number;
  /** What the token is bound to (`cnf`). Absent for a bearer token. */
  readonly confirmation?: Confirmation;
  /** All claims, as the issuer signed or told them: `realm_access` and claims of your own are here. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** What a token is bound to. Only who holds it may use the token. */
export type Confirmation =
  /** The thumbprint of a DPoP key. RFC 9449 section 6.1 */
  | { readonly jkt: string; readonly x5tS256?: undefined }
  /** The thumbprint of a client certificate. RFC 8705 section 3.1 */
  | { readonly x5tS256: string; readonly jkt?: undefined };

/** Verifies one access token. */
export type VerifyToken = (token: string, options?: VerifyOptions) => Promise<VerifiedToken>;

export interface VerifyOptions {
  /**
   * Whether the caller of the verifier checks who holds what the token is bound to, as a guard does. Without that a bound
   * token is refused: a thief could use it.
   *
   * @default false
   */
  readonly checksBinding?: boolean;
}

/** The rules of an API for its tokens, offline and online. */
export interface TokenRules {
  /** This API's name in a token's `aud`. It is required: without it, a token for any other API would be accepted. */
  readonly audience: string;
  /**
   * The clients whose tokens are accepted (`azp`).
   *
   * @default - every client whose token has the audience
   */
  readonly authorizedParties?: readonly string[];
  /**
   * Scopes that a token must have, all of them.
   *
   * @default - none
   */
  readonly scopes?: readonly string[];
  /**
   * Roles of this API's own client that a token must have, all of them. A role of the realm or of another client does not
   * count.
   *
   * @default - none
   */
  readonly roles?: readonly string[];
  /**
   * Whole seconds of tolerance for `exp`, and offline for `nbf` too: 0 to 60.
   *
   * @default 0
   */
  readonly clockToleranceSeconds?: number;
}

/** The last moment that a `Date` can hold, in seconds. */
const lastSecond = 8.64e12;

/**
 * Checks the rules.
 *
 * @throws {OptionError} `ERR_OPTION` for an audience that is missing, empty or not printable ASCII; for parties,
 *   scopes or roles that are not a list; for an empty list of parties; for an invalid scope; or for a tolerance out of its
 *   bounds
 */
export function checkRules(rules: TokenRules): void {
  const { audience, authorizedParties, scopes = [], roles = [], clockToleranceSeconds = 0 } = rules;
  if (typeof audience !== "string" || !/^[\x20-\x7e]*[\x21-\x7e][\x20-\x7e]*$/.test(audience)) {
    throw new OptionError(
      "`audience` must name this API in printable ASCII; without an audience, a token for any other API would be accepted",
    );
  }
  checkList("authorizedParties", authorizedParties ?? []);
  if (authorizedParties?.length === 0) {
    throw new OptionError("`authorizedParties` must name at least one client; leave it out to accept every client");
  }
  checkScopes(scopes);
  checkRoles(roles);
  checkWhole("clockToleranceSeconds", clockToleranceSeconds, 60);
}

/**
 * Checks a list. A string has an `includes` too, which would match parts of names.
 *
 * @throws {OptionError} `ERR_OPTION`
 */
export function checkList(name: string, value: readonly string[]): void {
  if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) return;
  throw new OptionError(`\`${name}\` must be a list of strings, got: ${typeof value}`);
}

/** Checks a whole number from 0 to `most`. @throws {OptionError} `ERR_OPTION` */
export function checkWhole(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= most) return;
  throw new OptionError(`\`${name}\` must be a whole number from 0 to ${most}, got: ${shown(value)}`);
}

/** Checks required scopes. @throws {OptionError} `ERR_OPTION` for one with characters that no scope may have */
export function checkScopes(scopes: readonly string[]): void {
  checkList("scopes", scopes);
  const odd = oddScope(scopes);
  if (odd === undefined) return;
  throw new OptionError(`\`scopes\` must list single scopes (RFC 6749 section 3.3), got: ${shown(odd)}`);
}

/**
 * Reads the claims of an access token and checks them against the rules.
 *
 * Does not check: signature, issuer, or expiry.
 *
 * @throws {TokenError} `ERR_TOKEN_TYPE` for an ID, refresh or other token, `ERR_TOKEN_CLAIM` for a missing or wrong
 *   claim, `ERR_TOKEN_SCOPE` for a missing scope, `ERR_TOKEN_ROLE` for a missing role
 */
export function readClaims(claims: Readonly<Record<string, unknown>>, rules: TokenRules): VerifiedToken {
  const { exp, scope, cnf, typ } = claims;
  const confirmation = cnf === undefined ? undefined : readConfirmation(cnf);
  // The payload's `typ` tells which kind of Keycloak's tokens it is: `DPoP` is an access token that is bound to a key.
  if (typ !== "Bearer" && !(typ === "DPoP" && confirmation?.jkt)) {
    throw new TokenError("ERR_TOKEN_TYPE", 'the token\'s "typ" claim must be "Bearer": an access token is needed');
  }
  if (!isTime(exp)) throw wrongClaim("exp", "must be a time in seconds");
  for (const name of ["nbf", "iat"]) {
    if (claims[name] !== undefined && !isTime(claims[name])) throw wrongClaim(name, "must be a time in seconds");
  }
  if (scope !== undefined && !(typeof scope === "string" && isPlain(scope)))
    throw wrongClaim("scope", "must be plain text");
  const audience = [claims.aud].flat().filter((entry) => typeof entry === "string");
  if (!audience.every(isPlain)) throw wrongClaim("aud", "must be plain text");
  if (!audience.includes(rules.audience)) throw wrongClaim("aud", "is missing or wrong");
  const token: VerifiedToken = {
    caller: claims.azp === undefined ? text(claims, "client_id") : text(claims, "azp"),
    subject: text(claims, "sub"),
    audience,
    scopes: scope?.split(" ").filter(Boolean) ?? [],
    roles: readRoles(claims, rules.audience),
    expiresAt: exp,
    ...(confirmation && { confirmation }),
    claims,
  };
  if (rules.authorizedParties && !rules.authorizedParties.includes(token.caller)) {
    throw wrongClaim("azp", "names a client whose tokens are not accepted here");
  }
  requireScopes(token, rules.scopes ?? []);
  requireRoles(token.roles, rules.roles ?? []);
  return freezeAll(token);
}

/** Ways to bind a token, RFC 7800 section 3, RFC 8705 section 3.1 and RFC 9449 section 6. */
const bindings = ["jkt", "x5t#S256", "jwk", "jwe", "jku", "kid"];

/**
 * One of the two bindings that are checked here. A token with both, or with another one, is refused: a part of it would not
 * be checked. What binds nothing is ignored, such as Keycloak's `kc-jkt-type` from 26.7 on.
 */
function readConfirmation(cnf: unknown): Confirmation {
  const all = typeof cnf === "object" && cnf !== null ? Object.entries(cnf) : [];
  const [[name, thumbprint] = [], ...more] = all.filter(([member]) => bindings.includes(member));
  const isHash = typeof thumbprint === "string" && /^[\w-]{43}$/.test(thumbprint);
  if (isHash && more.length === 0 && name === "jkt") return { jkt: thumbprint };
  if (isHash && more.length === 0 && name === "x5t#S256") return { x5tS256: thumbprint };
  throw wrongClaim("cnf", "binds it in a way that is not known here");
}

/** Refuses a bound token, unless its binding is checked. @throws {TokenError} `ERR_TOKEN_CLAIM` */
export function unlessBound(token: VerifiedToken, { checksBinding = false }: VerifyOptions = {}): VerifiedToken {
  if (token.confirmation === undefined || checksBinding) return token;
  throw wrongClaim("cnf", "binds it to a key or certificate, so it is no bearer token: send it with a proof (DPoP)");
}

/** Checks that a verified token has not expired. @throws {TokenError} `ERR_TOKEN_EXPIRED` */
export function checkNotExpired(token: VerifiedToken, { clockToleranceSeconds = 0 }: TokenRules, now: Date): void {
  if (token.expiresAt + clockToleranceSeconds > Math.floor(now.getTime() / 1000)) return; // in whole seconds, as jose
  throw new TokenError("ERR_TOKEN_EXPIRED", "the token has expired", { claim: "exp" });
}

/** Checks that a verified token has more scopes. @throws {TokenError} `ERR_TOKEN_SCOPE` */
export function requireScopes(token: VerifiedToken, scopes: readonly string[]): void {
  const missing = scopes.filter((scope) => !token.scopes.includes(scope));
  if (missing.length === 0) return;
  throw new TokenError("ERR_TOKEN_SCOPE", `the token lacks the scope ${missing.join(" ")}`, { scopes });
}

/** JSON knows numbers beyond all times, such as 1e999. */
function isTime(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) < lastSecond;
}

/** The refusal of a token because of one claim. */
export function wrongClaim(claim: string, rule: string, cause?: unknown): TokenError {
  return new TokenError("ERR_TOKEN_CLAIM", `the token's "${claim}" claim ${rule}`, { claim, cause });
}

function text(claims: Readonly<Record<string, unknown>>, claim: string): string {
  const value = claims[claim];
  // An API that logs its callers would write what a text with line ends says.
  if (typeof value !== "string" || value === "" || !isPlain(value))
    throw wrongClaim(claim, "must be plain text and not empty");
  return value;
}
