import { shown } from "../../constructs/keys/shown";
import { MachineError, OptionError, TokenError } from "../errors";
import { type Log, quietly, toStandardError } from "../log";
import { createProofCheck, PROOF_ALGORITHMS } from "./check-proof";
import { checkRoles, requireRoles } from "./roles";
import {
  checkScopes,
  requireScopes,
  unlessBound,
  type VerifiedToken,
  type VerifyToken,
  wrongClaim,
} from "./verified-token";

export interface GuardOptions {
  /** Verifies tokens: {@link createVerifier}, {@link createIntrospector} or {@link verifyBoth}. */
  readonly verify: VerifyToken;
  /**
   * Names the protected API in challenges (RFC 6750 section 3).
   *
   * @default - challenges have no realm
   */
  readonly realm?: string;
  /**
   * Scopes that a token must have, in addition to those of the verifier.
   *
   * @default - none
   */
  readonly scopes?: readonly string[];
  /**
   * Roles of this API's own client that a token must have, in addition to those of the verifier.
   *
   * @default - none
   */
  readonly roles?: readonly string[];
  /**
   * Refuse bearer tokens, which whoever reads one may use. Only tokens that are bound to a key are accepted.
   *
   * @default false: both are
   */
  readonly requireBinding?: boolean;
  /**
   * Scheme, host and port that callers use, as in `https://api.example.org`. A DPoP proof is for one address, and behind a
   * proxy a request does not show it. With an origin the header `Host` does not count.
   *
   * Without one, another API that the same tokens are for could pass token and proof on.
   *
   * @default - as the request says
   */
  readonly origin?: string;
  /**
   * The clock that DPoP proofs are checked by.
   *
   * @default - the system clock
   */
  readonly now?: () => Date;
  /**
   * Takes a line for each request that could not be judged.
   *
   * @default - standard error
   */
  readonly log?: Log;
}

/** The verified token of a request, or the answer that refuses the request. */
export type Verdict = { readonly token: VerifiedToken } | { readonly refusal: Refusal };

/** The answer to a request that is refused. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 503;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, string>>;
}

/** What a bound token needs beside the `Authorization` header. */
export interface GuardedRequest {
  readonly method: string;
  /** The whole address, as the request says it. */
  readonly url: string;
  /** The header `DPoP`. */
  readonly dpop: string | null | undefined;
}

/** Judges requests by their `Authorization` header. Without the `request`, bound tokens are refused. */
export type Guard = (authorization: string | null | undefined, request?: GuardedRequest) => Promise<Verdict>;

/** Seconds after which a caller may try again if the issuer could not be asked. */
const retryAfterSeconds = 2;
/** The characters of RFC 6750 section 2.1. */
const tokenCharacters = /^[\w.~+/-]+=*$/;

/**
 * Makes a guard. It takes the access token from a request's `Authorization` header and verifies it: a bearer token, or
 * one that is bound to a key (scheme `DPoP`), with the proof in the header `DPoP`. It ignores tokens
 * in the query or the body. Whatever a caller sends, a refusal is one of these:
 *
 * - 401 without an error: there is no token
 * - 400 `invalid_request`: a header without a token, or more than one token
 * - 401 `invalid_token`: the token is not accepted; `code` in the body says why
 * - 401 `invalid_dpop_proof`: the token is bound, and the proof is missing or not accepted. This guard accepts each proof
 *   once, within a minute
 * - 403 `insufficient_scope`: the token is valid but lacks a scope or a role
 * - 503 with `Retry-After`: the issuer could not be asked, or refuses this API's own client
 *
 * Does not check: who sends the request, beyond the token. What the caller may do, beyond the scopes and roles.
 *
 * @example
 * ```ts
 * import { createGuard, createVerifier, type Issuer } from "cdktf-keycloak-m2m/machine";
 *
 * declare const issuer: Issuer;
 * declare const request: Request;
 * const guard = createGuard({ verify: createVerifier(issuer, { audience: "machine-b" }), scopes: ["orders.read"] });
 * const verdict = await guard(request.headers.get("authorization"));
 * if ("refusal" in verdict) console.log(verdict.refusal.status);
 * else console.log(verdict.token.caller);
 * ```
 *
 * @throws {OptionError} `ERR_OPTION` at once for a realm or scope that a challenge cannot hold. The guard throws only
 *   if `verify` throws something else than a `MachineError`
 * @see RFC 6750 sections 2.1 and 3, RFC 9449 sections 4.3 and 7, RFC 9110 section 11.6.1
 */
export function createGuard(options: GuardOptions): Guard {
  const { verify, realm, scopes = [], roles = [], requireBinding = false } = options;
  const log = quietly(options.log ?? toStandardError);
  if (typeof verify !== "function")
    throw new OptionError("`verify` must be a function, such as createVerifier returns");
  if (realm !== undefined && !/^[\x20-\x7e]+$/.test(realm)) throw new OptionError("`realm` must be printable ASCII");
  checkScopes(scopes);
  checkRoles(roles);
  const origin = readOrigin(options.origin);
  let isTold = false;
  const checkProof = createProofCheck(options.now ?? (() => new Date()));

  const refuseAs =
    (scheme: Scheme) =>
    (status: Refusal["status"], error?: string, text = "", more: Record<string, string> = {}) => {
      const { code, ...others } = more;
      // Only characters that an error description and a header may hold.
      const words = text.replaceAll('"', "'").replace(/[^\x20-\x5b\x5d-\x7e]/g, "?");
      const algs = scheme === "DPoP" && { algs: PROOF_ALGORITHMS.join(" ") };
      const parameters = {
        ...(realm && { realm }),
        ...algs,
        ...(error && { error, error_description: words }),
        ...others,
      };
      const challenge = Object.entries(parameters).map(([name, value]) => `${name}=${quote(value)}`);
      const headers = { "www-authenticate": [scheme, challenge.join(", ")].filter(Boolean).join(" ") };
      const body = { error: error ?? "unauthorized", error_description: words, ...(code && { code }) };
      return { refusal: { status, headers, body } };
    };

  const bound = async (token: string, request: GuardedRequest): Promise<VerifiedToken> => {
    const verified = await verify(token, { checksBinding: true });
    const thumbprint = verified.confirmation?.jkt;
    if (thumbprint === undefined) throw wrongClaim("cnf", "does not bind it to a key; send it as bearer token");
    if (origin === undefined && !isTold) {
      isTold = true;
      log(
        "machine: a bound token is judged by the `Host` of its request; set `origin`, or an API that callers use too can pass it on",
      );
    }
    await checkProof({ ...request, url: atOrigin(request.url, origin), accessToken: token, thumbprint });
    return verified;
  };

  return async (authorization, request) => {
    const [given = "", ...rest] = (authorization ?? "").trim().split(" ");
    const scheme = schemeOf(given, request);
    const refuse = refuseAs(requireBinding ? "DPoP" : (scheme ?? "Bearer"));
    if (!scheme)
      return refuse(
        401,
        undefined,
        `send an access token${requireBinding ? " with a DPoP proof" : " as bearer token"}`,
      );
    const token = rest.join(" ").trim();
    if (token === "" || token.includes(",")) {
      return refuse(400, "invalid_request", scheme === "DPoP" ? "send one token" : "send one bearer token");
    }
    try {
      if (!tokenCharacters.test(token)) {
        throw new TokenError("ERR_TOKEN_MALFORMED", "the token has characters that no token may have");
      }
      if (requireBinding && scheme !== "DPoP") {
        throw new TokenError(
          "ERR_TOKEN_PROOF",
          "a bearer token is not accepted here; send a bound one, with a DPoP proof",
        );
      }
      const verified = scheme === "DPoP" ? await bound(token, request!) : unlessBound(await verify(token));
      requireScopes(verified, scopes);
      if (roles.length > 0) requireRoles(verified.roles ?? [], roles);
      return { token: verified };
    } catch (error) {
      if (!(error instanceof MachineError)) throw error;
      const { code, message } = error;
      if (!(error instanceof TokenError)) return unanswered(error, log);
      if (code === "ERR_TOKEN_ROLE") return refuse(403, "insufficient_scope", message, { code });
      if (code === "ERR_TOKEN_PROOF" && scheme === "DPoP") return refuse(401, "invalid_dpop_proof", message, { code });
      if (code !== "ERR_TOKEN_SCOPE") return refuse(401, "invalid_token", message, { code });
      return refuse(403, "insufficient_scope", message, { code, scope: (error.scopes ?? scopes).join(" ") });
    }
  };
}

type Scheme = "Bearer" | "DPoP";

/** The scheme of RFC 6750 section 2.1, or of RFC 9449 section 7.1 if the request is known. */
function schemeOf(given: string, request: GuardedRequest | undefined): Scheme | undefined {
  if (given.toLowerCase() === "bearer") return "Bearer";
  return given.toLowerCase() === "dpop" && request ? "DPoP" : undefined;
}

/** The origin in its one spelling. @throws {OptionError} `ERR_OPTION` for a path, or something else than http(s) */
function readOrigin(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const { origin, href, protocol } = URL.canParse(given) ? new URL(given) : { origin: "", href: "", protocol: "" };
  if (/^https?:$/.test(protocol) && href === `${origin}/`) return origin;
  throw new OptionError(
    `\`origin\` must be scheme, host and port, as in https://api.example.org, got: ${shown(given)}`,
  );
}

/** The address as callers use it. */
function atOrigin(url: string, origin: string | undefined): string {
  if (origin === undefined || !URL.canParse(url)) return url;
  return `${origin}${new URL(url).pathname}`;
}

function unanswered({ code, message }: MachineError, log: Log): Verdict {
  log(`machine: a request is answered with 503: ${message} [${code}]`);
  const headers = { "retry-after": String(retryAfterSeconds) };
  return { refusal: { status: 503, headers, body: { error: "temporarily_unavailable", code } } };
}

function quote(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, "?").replace(/["\\]/g, "\\$&")}"`;
}
