import { shown } from "../../constructs/keys/shown";
import { type ErrorCode, MachineError, OptionError, TokenError } from "../errors";
import { type Log, quietly, toStandardError } from "../log";
import { joinObservers, note, type ObservedOutcome, type Observer, observe } from "../observer";
import { type CallerCertificates, createCertificateCheck } from "./check-certificate";
import { createProofCheck } from "./check-proof";
import { createRefusals, type Refusal, type Scheme, unanswered } from "./refusal";
import { checkRoles, requireRoles } from "./roles";
import { type RouteNeeds, readNeeds } from "./route-needs";
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
   * Refuse bearer tokens, which whoever reads one may use. Only tokens that are bound to a key (DPoP) or to a client
   * certificate (mutual TLS) are accepted.
   *
   * @default false: both are
   */
  readonly requireBinding?: boolean;
  /**
   * The common name (CN) that the certificate of each caller has, by client id: `{ "machine-a": "machine-a.example.org" }`.
   * A token that is bound to a certificate is then accepted only of these callers, and of these callers nothing else is.
   *
   * Keycloak binds a token to whatever trusted certificate it is asked with. Without the names, who steals a caller's
   * signing key can use it with a certificate of his own.
   *
   * @default - the certificate of a token may have any name
   */
  readonly callerCertificates?: CallerCertificates;
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
  /**
   * Are told of each verdict: {@link createMetrics}, {@link createTracing}. The verifier tells those of its issuer.
   *
   * @default - none
   */
  readonly observers?: readonly Observer[];
}

/** The verified token of a request, or the answer that refuses the request. */
export type Verdict = { readonly token: VerifiedToken } | { readonly refusal: Refusal };

/** What a bound token needs beside the `Authorization` header. */
export interface GuardedRequest {
  readonly method: string;
  /** The whole address, as the request says it. */
  readonly url: string;
  /** The header `DPoP`. */
  readonly dpop: string | null | undefined;
  /**
   * The request itself, as the framework has it: any object that is of this request alone. Its proof is then good for all
   * calls of the guard for this request, such as one for the whole API and one for the route.
   *
   * @default - each call takes a proof of its own
   */
  readonly incoming?: object | undefined;
  /**
   * The client certificate of the connection in DER. Absent if there is none, or if the TLS layer has not verified it: no
   * other check follows. Behind a proxy it comes from there, such as in the header `Client-Cert` (RFC 9440), which the
   * proxy must take out of what callers send.
   *
   * @default - none
   */
  readonly certificate?: Buffer | undefined;
  /**
   * Reads another header. Only the trace of the caller is looked for, and only if there is an observer for traces.
   *
   * @default - the trace of a caller is not seen
   */
  readonly header?: (name: string) => string | undefined;
}

/**
 * Judges requests by their `Authorization` header. Without the `request`, bound tokens are refused. `needs` are those of
 * the route, in addition to the guard's own. It throws an {@link OptionError} for needs of another form.
 */
export type Guard = (
  authorization: string | null | undefined,
  request?: GuardedRequest,
  needs?: RouteNeeds,
) => Promise<Verdict>;

/** The characters of RFC 6750 section 2.1. */
const tokenCharacters = /^[\w.~+/-]+=*$/;

/**
 * Makes a guard. It takes the access token from a request's `Authorization` header and verifies it: a bearer token, or
 * one that is bound to a key (scheme `DPoP`), with the proof in the header `DPoP`. A token that is bound to a client
 * certificate is sent as a bearer token, and the connection must have that certificate. It ignores tokens in the query or
 * the body. Whatever a caller sends, a refusal is one of these:
 *
 * - 401 without an error: there is no token
 * - 400 `invalid_request`: a header without a token, or more than one token
 * - 401 `invalid_token`: the token is not accepted; `code` in the body says why. `ERR_TOKEN_PROOF`: it is bound to another
 *   certificate than that of the connection
 * - 401 `invalid_dpop_proof`: the token is bound, and the proof is missing or not accepted. This guard accepts each proof
 *   once, within a minute
 * - 403 `insufficient_scope`: the token is valid but lacks a scope or a role
 * - 503 with `Retry-After`: the issuer could not be asked, or refuses this API's own client
 *
 * Does not check: who sends the request, beyond the token. That a certificate is trusted, which the TLS layer does. What the caller may do, beyond the scopes and roles.
 *
 * @example
 * ```ts
 * import { createGuard, createVerifier, type Issuer } from "cdktf-keycloak-m2m/machine";
 *
 * declare const issuer: Issuer;
 * declare const request: Request;
 * const guard = createGuard({ verify: createVerifier(issuer, { audience: "machine-b" }), scopes: ["orders:read"] });
 * const verdict = await guard(request.headers.get("authorization"), undefined, { roles: ["clerk"] });
 * if ("refusal" in verdict) console.log(verdict.refusal.status);
 * else console.log(verdict.token.caller);
 * ```
 *
 * @throws {OptionError} `ERR_OPTION` at once for a realm or scope that a challenge cannot hold, or for
 *   `callerCertificates` without names. The guard throws only if `verify` throws something else than a `MachineError`
 * @see RFC 6750 sections 2.1 and 3, RFC 8705 section 3, RFC 9449 sections 4.3 and 7, RFC 9110 section 11.6.1
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
  const observer = joinObservers(options.observers);
  const onReplay = observer && (() => note(observer, { name: "replayed_proof" }));
  const checkProof = createProofCheck(options.now ?? (() => new Date()), onReplay);

  /** What was asked in requests whose proof was accepted: something between two guards may change the request. */
  const proven = new WeakMap<object, string>();
  const checkCertificate = createCertificateCheck(options.callerCertificates);
  const refuseAs = createRefusals(realm, requireBinding);

  /** Checks a proof for a token that is bound to a key. */
  const checkKey = async (thumbprint: string, accessToken: string, request: GuardedRequest): Promise<void> => {
    if (origin === undefined && !isTold) {
      isTold = true;
      log(
        "machine: a bound token is judged by the `Host` of its request; set `origin`, or an API that callers use too can pass it on",
      );
    }
    const { incoming, method, dpop } = request;
    const url = atOrigin(request.url, origin);
    const asked = JSON.stringify([method, url, dpop, accessToken]);
    if (incoming && proven.get(incoming) === asked) return;
    await checkProof({ ...request, url, accessToken, thumbprint });
    if (incoming) proven.set(incoming, asked);
  };

  const judge = async (
    token: string,
    scheme: Scheme,
    request: GuardedRequest | undefined,
    seen: Seen | undefined,
  ): Promise<VerifiedToken> => {
    const verified = await verify(token, { checksBinding: true });
    if (seen) seen.caller = verified.caller;
    const thumbprint = verified.confirmation?.jkt;
    if (scheme === "Bearer" && thumbprint !== undefined) unlessBound(verified);
    if (scheme === "DPoP" && thumbprint === undefined) {
      throw wrongClaim("cnf", "does not bind it to a key; send it as bearer token");
    }
    if (requireBinding && !verified.confirmation) {
      throw new TokenError("ERR_TOKEN_PROOF", `a bearer token is not accepted here; send a bound one, ${bound}`);
    }
    checkCertificate(verified, request?.certificate);
    if (thumbprint !== undefined) await checkKey(thumbprint, token, request!);
    return verified;
  };

  const decide = async (
    authorization: string | null | undefined,
    request: GuardedRequest | undefined,
    needs: RouteNeeds | undefined,
    seen?: Seen,
  ): Promise<Verdict> => {
    const ofRoute = readNeeds(needs);
    const [given = "", ...rest] = (authorization ?? "").trim().split(" ");
    const scheme = schemeOf(given, request);
    const refuse = refuseAs(scheme ?? "Bearer");
    if (!scheme) {
      return refuse(401, undefined, `send an access token${requireBinding ? `, ${bound}` : " as bearer token"}`);
    }
    const token = rest.join(" ").replace(/^ +/, ""); // RFC 9110 section 11.4: spaces, and no other white space
    if (token === "" || token.includes(",")) {
      return refuse(400, "invalid_request", scheme === "DPoP" ? "send one token" : "send one bearer token");
    }
    try {
      if (!tokenCharacters.test(token)) {
        throw new TokenError("ERR_TOKEN_MALFORMED", "the token has characters that no token may have");
      }
      const verified = await judge(token, scheme, request, seen);
      requireScopes(verified, needs ? [...scopes, ...ofRoute.scopes] : scopes);
      const allRoles = needs ? [...roles, ...ofRoute.roles] : roles;
      if (allRoles.length > 0) requireRoles(verified.roles ?? [], allRoles);
      return { token: verified };
    } catch (error) {
      if (!(error instanceof MachineError)) throw error;
      const { code, message } = error;
      if (!(error instanceof TokenError)) return unanswered(error, log);
      if (code === "ERR_TOKEN_ROLE") return refuse(403, "insufficient_scope", message, { code });
      // Of a certificate it says the claim.
      const isOfProof = code === "ERR_TOKEN_PROOF" && scheme === "DPoP" && error.claim === undefined;
      if (isOfProof) return refuse(401, "invalid_dpop_proof", message, { code });
      if (code !== "ERR_TOKEN_SCOPE") return refuse(401, "invalid_token", message, { code });
      return refuse(403, "insufficient_scope", message, { code, scope: (error.scopes ?? scopes).join(" ") });
    }
  };
  if (!observer) return (authorization, request, needs) => decide(authorization, request, needs);
  return (authorization, request, needs) => {
    const seen: Seen = {};
    const header = request?.header;
    return observe(
      observer,
      { name: "guarded_request", ...(header && { header }) },
      () => decide(authorization, request, needs, seen),
      (verdict) => outcomeOf(verdict, seen),
    );
  };
}

/** What was learnt of a request before it was refused. */
interface Seen {
  caller?: string;
}

function outcomeOf(verdict: Verdict, { caller }: Seen): ObservedOutcome {
  const known = caller === undefined ? {} : { caller };
  if ("token" in verdict) return { code: "OK", ...known };
  const { status, body } = verdict.refusal;
  const without = status === 400 ? "INVALID_REQUEST" : "NO_TOKEN";
  return { code: (body.code as ErrorCode | undefined) ?? without, status, ...known };
}

/** How a bound token is sent. */
const bound = "with a DPoP proof or over a connection with its client certificate";

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
