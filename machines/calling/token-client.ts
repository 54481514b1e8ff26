import { shown } from "../../constructs/keys/shown";
import { OptionError } from "../errors";
import { type Log, quietly, toStandardError } from "../log";
import { addHeaders, note, type Observer } from "../observer";
import { readScopes } from "../scopes";
import { createDpopKey, type DpopKey } from "../signing/dpop-key";
import { checkKeySource, type KeySource } from "../signing/key-source";
import { checkClientId } from "../signing/sign-assertion";
import { CachedToken } from "./cached-token";
import { type Fetch, fetchByEnvironment } from "./connect-to";
import { checkUrl, type Issuer } from "./open-issuer";
import { isStream, methodOf, orAborted, plainRequest, withHeaders } from "./plain-request";
import { checkAudience, requestAgain } from "./request-token";

export interface TokenClientOptions {
  readonly clientId: string;
  /** A key, a signer, or a function such as {@link watchSigningKey} makes, which follows changes without a restart. */
  readonly signingKey: KeySource;
  /**
   * Scopes to ask for if a call names none, separated by spaces.
   *
   * @default - the client's default scopes
   */
  readonly scope?: string;
  /**
   * The API that tokens are for, sent as the parameter `audience`. Keycloak does not read it and uses `grantCall`
   * instead.
   *
   * @default - the parameter is not sent
   */
  readonly audience?: string;
  /**
   * Share of a token's life, 0.1 to 0.9. From this age on, the next call refreshes the token in the background. By
   * chance that is up to a tenth of the life earlier. A higher value means fewer grants. A lower value bridges longer
   * outages, since `1 - refreshAfter` of a life is left when the refresh is due.
   *
   * @default 0.75
   */
  readonly refreshAfter?: number;
  /**
   * Binds tokens to a key, so that nobody else can use them (DPoP). `true` makes a key in memory; {@link createDpopKey}
   * takes one of your own.
   *
   * @default false: bearer tokens
   * @see RFC 9449
   */
  readonly dpop?: boolean | DpopKey;
  /**
   * Milliseconds that a call without a token waits while attempts fail: 0 to 600000.
   *
   * @default 10000
   */
  readonly patienceMs?: number;
  /**
   * The `fetch` that {@link TokenClient.fetch} calls APIs with.
   *
   * @default - the `fetch` of Node.js, by the proxies and CAs of the environment
   */
  readonly fetch?: Fetch;
  /**
   * Takes a line when a refresh fails.
   *
   * @default - standard error
   */
  readonly log?: Log;
}

/** Sets of scopes whose difference was told. A program may make up scopes at run time. */
const mostTold = 100;

/** A machine that calls others. */
export interface TokenClient {
  /**
   * Gives an access token for a scope. It comes from memory until it expires, and then from a new grant. All calls that
   * wait for the same scope share one grant.
   *
   * @param scope scopes separated by spaces, in any order @default - the client's `scope`
   * @throws {MachineError} `ERR_OPTION` for something else than scopes. `ERR_UNREACHABLE`, `ERR_ISSUER_RESPONSE` or `ERR_SIGNER` after `patienceMs`.
   *   `ERR_CLIENT_REFUSED` at once
   */
  getToken(scope?: string): Promise<string>;
  /**
   * Calls `fetch` with the access token in the `Authorization` header. After a 401 it replaces the token and sends the
   * request once more, unless the body is a stream. The body of a `Request` always is one. Every other status is a
   * result, and so is a second 401.
   *
   * Takes the arguments of the standard `fetch`, and undici's `dispatcher` in `init`. A `signal` also ends the wait for
   * a token.
   *
   * @throws {OptionError} `ERR_OPTION` for an address without TLS, unless the issuer allows it. Otherwise as
   *   {@link getToken}, the reason of a `signal`, and what the underlying `fetch` throws
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /**
   * Gives the headers for one request of another HTTP client: `authorization`, and with `dpop` the proof too.
   *
   * @throws {MachineError} as {@link getToken}, and `ERR_OPTION` for something else than a method and an address
   */
  headersFor(request: { readonly method: string; readonly url: string; readonly scope?: string }): Promise<AuthHeaders>;
}

/** Headers that authorize one request. */
export type AuthHeaders = { readonly authorization: string; readonly dpop?: string };

/**
 * Makes the calling side of a machine. It gets access tokens by the client_credentials grant and signed assertions, and
 * caches them.
 *
 * - A call refreshes a token in the background before it expires. No call waits while there is a valid token.
 * - In an outage of the issuer or the signer, the token in hand is used until it expires. The delay between attempts
 *   grows from 0.2 s to 30 s, with jitter, and keeps to a `Retry-After` of up to 30 s. Each attempt signs a new
 *   assertion, since a `jti` is accepted once.
 * - After a refusal of the client, there is no further grant for the same scope within a second, however many calls
 *   there are.
 *
 * Does not check: the tokens themselves. The called API judges them.
 *
 * @example
 * ```ts
 * import { createTokenClient, openIssuer, watchSigningKey } from "cdktf-keycloak-m2m/machine";
 *
 * const client = createTokenClient(openIssuer({ issuer: "https://sso.example.org/realms/example" }), {
 *   clientId: "machine-a",
 *   signingKey: watchSigningKey("certs/machine-a-signing.key"),
 * });
 * const token = await client.getToken("orders.read");
 * const response = await client.fetch("https://api.example.org/orders");
 * ```
 *
 * @throws {OptionError} `ERR_OPTION` at once for an option out of its bounds, or a key without a usable `kid`,
 *   algorithm and way to sign
 * @see RFC 6749 section 4.4, RFC 7523 section 2.2, RFC 6750 section 2.1
 */
export function createTokenClient(issuer: Issuer, options: TokenClientOptions): TokenClient {
  const { clientId, signingKey, audience, refreshAfter = 0.75, patienceMs = 10_000 } = options;
  const dpop = dpopKeyOf(options, issuer);
  const log = quietly(options.log ?? toStandardError);
  const callWith = options.fetch ?? fetchByEnvironment;
  checkClientId(clientId);
  checkKeySource(signingKey);
  checkRange("refreshAfter", refreshAfter, 0.1, 0.9);
  checkRange("patienceMs", patienceMs, 0, 600_000);
  readScopes(options.scope);
  checkAudience(audience);
  const tokens = new Map<string, CachedToken>();
  const told = new Set<string>();

  const { observer } = issuer;
  const onHit = observer?.note && (() => note(observer, { name: "token_cache_hit", clientId }));

  const grant = async (scope: string, isRetry: boolean) => {
    const token = await requestAgain(issuer, { clientId, signingKey, audience, scope, dpop }, isRetry);
    const granted = new Set(token.scope?.split(" "));
    const missing = scope.split(" ").filter((one) => one !== "" && !granted.has(one));
    // The issuer may leave out scopes that it does not name in tokens. So this is no error, but it is told once.
    if (token.scope !== undefined && missing.length > 0 && !told.has(scope)) {
      if (told.size < mostTold) told.add(scope);
      log(
        `machine: ${issuer.issuer} granted ${clientId} a token that does not name the scope ${missing.join(" ")}, which was asked for; it names: ${token.scope}`,
      );
    }
    return token;
  };
  const tokenFor = (scope = options.scope) => {
    const key = readScopes(scope).join(" ");
    const known = tokens.get(key);
    if (known) return known;
    // A program may make up scopes at run time. Drop the tokens that are no longer in use.
    for (const [other, token] of tokens) if (token.isIdle) tokens.delete(other);
    const token = new CachedToken({
      grant: (isRetry) => grant(key, isRetry),
      onHit,
      refreshAfter,
      patienceMs,
      now: () => issuer.now().getTime(),
      log,
      what: `the token of ${shown(clientId)}${key && ` for ${key}`}`,
    });
    tokens.set(key, token);
    return token;
  };

  const headersOf = (token: string, method: string, url: string): AuthHeaders =>
    dpop
      ? { authorization: `DPoP ${token}`, dpop: dpop.proof({ method, url, accessToken: token }) }
      : { authorization: `Bearer ${token}` };
  const send = async (url: string, request: RequestInit, token: string): Promise<Response> => {
    const once = () => callWith(url, traced(withHeaders(request, headersOf(token, methodOf(request), url)), observer));
    const response = await once();
    const hasNonce = dpop?.remember(url, response);
    if (response.status !== 401 || !hasNonce || !wantsNonce(response) || isStream(request.body)) return response;
    await response.body?.cancel();
    return await once();
  };

  return {
    getToken: async (scope) => tokenFor(scope).get(),
    async headersFor({ method, url, scope }) {
      checkUrl("url", url, issuer.allowInsecureHttp);
      return headersOf(await tokenFor(scope).get(), method, url);
    },
    async fetch(input, init) {
      const [url, request] = plainRequest(input, init);
      checkUrl("address", url, issuer.allowInsecureHttp);
      const cached = tokenFor();
      const token = await orAborted(cached.get(), request.signal);
      const response = await send(url, request, token);
      if (response.status !== 401) return response;
      const other = await orAborted(cached.replace(token), request.signal);
      if (other === undefined || isStream(request.body)) return response;
      await response.body?.cancel();
      return await send(url, request, other);
    },
  };
}

/** The same request as part of the trace that is under way. */
function traced(request: RequestInit, observer: Observer | undefined): RequestInit {
  if (observer?.headers) addHeaders(observer, request.headers as Headers); // as `withHeaders` has made them
  return request;
}

function dpopKeyOf({ dpop = false }: TokenClientOptions, issuer: Issuer): DpopKey | undefined {
  if (dpop === false) return undefined;
  if (dpop === true) return createDpopKey(undefined, issuer.clock.issuerNow);
  if (typeof dpop === "object" && typeof dpop?.proof === "function") return dpop;
  throw new OptionError("`dpop` must be true or a key by createDpopKey");
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new OptionError(`\`${name}\` must be a number from ${least} to ${most}, got: ${shown(value)}`);
}

/** RFC 9449 section 9 */
function wantsNonce({ headers }: Response): boolean {
  return /\bdpop\b.*\berror="?use_dpop_nonce\b/i.test(headers.get("www-authenticate") ?? "");
}
