import { OptionError } from "../errors";
import { type Log, quietly, toStandardError } from "../log";
import { checkKeySource, type KeySource } from "../signing/key-source";
import { checkClientId } from "../signing/sign-assertion";
import { CachedToken } from "./cached-token";
import { checkUrl, type Issuer } from "./open-issuer";
import { requestToken } from "./request-token";

export interface TokenClientOptions {
  readonly clientId: string;
  /** The key, a signer, or a function such as `watchSigningKey`'s, which takes up a new key without a restart. */
  readonly signingKey: KeySource;
  /**
   * Scopes to ask for where a call names none, parted by spaces.
   *
   * @default - the client's default scopes
   */
  readonly scope?: string;
  /**
   * The API that tokens are for, as the parameter `audience`, which Keycloak does not read (`grantCall` is its way).
   *
   * @default - the parameter is not sent
   */
  readonly audience?: string;
  /**
   * Share of a token's life, from 0.1 to 0.9, after which at the latest the next call has it refreshed in the background;
   * up to a tenth of the life earlier, by chance. Later means fewer grants; earlier rides out longer outages: `1 -
   * refreshAfter` of a life is left then.
   *
   * @default 0.75
   */
  readonly refreshAfter?: number;
  /**
   * Milliseconds that a call without a token in hand waits for one while attempts fail.
   *
   * @default 10000
   */
  readonly patienceMs?: number;
  /**
   * What {@link TokenClient.fetch} calls APIs with.
   *
   * @default - the `fetch` of Node.js
   */
  readonly fetch?: (url: string, init?: RequestInit) => Promise<Response>;
  /**
   * Takes a line when a refresh has failed.
   *
   * @default - standard error
   */
  readonly log?: Log;
}

/** A machine that calls others. */
export interface TokenClient {
  /**
   * An access token for a scope. From memory as long as it has not expired; else by a grant, one at a time for each scope
   * however many calls wait for it.
   *
   * @param scope scopes parted by spaces, in any order @default - the client's `scope`
   * @throws {MachineError} `ERR_UNREACHABLE`, `ERR_ISSUER_RESPONSE` or `ERR_SIGNER` after `patienceMs`, `ERR_CLIENT_REFUSED`
   *   at once
   */
  getToken(scope?: string): Promise<string>;
  /**
   * `fetch` with the access token in the `Authorization` header. A 401 has the token replaced and the request sent once
   * more, if its body is not a stream, as every body of a `Request` is; a second 401, as every other status, is a result.
   *
   * Takes what the standard `fetch` takes, undici's `dispatcher` in `init` too. A `signal` also ends the wait for a token.
   *
   * @throws {OptionError} `ERR_OPTION` for an address without TLS, unless the issuer allows it. Otherwise as
   *   {@link getToken}, the reason of a `signal`, and what the `fetch` below throws
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
}

/**
 * Makes the calling side of a machine: access tokens by the client_credentials grant and signed assertions, cached.
 *
 * - A token that is due is refreshed ahead of its expiry, by a call and behind its back: no call waits while there is a
 *   valid token in hand.
 * - While the issuer or a signer cannot be had, the token in hand serves until it expires. Attempts back off, from 0.2 s
 *   to 30 s with jitter, keep to `Retry-After` as far as 30 s, and sign anew each time, since a `jti` is accepted once.
 * - A refusal of the client is not repeated within a second for the same scope, whatever the number of calls.
 *
 * Does not check: the tokens themselves, which the called API judges.
 *
 * @throws {OptionError} `ERR_OPTION` at once for an option out of its bounds, or a key without a usable `kid`, algorithm
 *   and way to sign
 * @see RFC 6749 section 4.4, RFC 7523 section 2.2, RFC 6750 section 2.1
 */
export function createTokenClient(issuer: Issuer, options: TokenClientOptions): TokenClient {
  const { clientId, signingKey, audience, refreshAfter = 0.75, patienceMs = 10_000 } = options;
  const log = quietly(options.log ?? toStandardError);
  const callWith = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
  checkClientId(clientId);
  checkKeySource(signingKey);
  checkRange("refreshAfter", refreshAfter, 0.1, 0.9);
  checkRange("patienceMs", patienceMs, 0, 600_000);
  const tokens = new Map<string, CachedToken>();

  const tokenFor = (scope = options.scope) => {
    const key = scope === undefined ? "" : [...new Set(scope.split(" "))].filter(Boolean).sort().join(" ");
    const known = tokens.get(key);
    if (known) return known;
    // Scopes may be made up at run time: what is no longer in use goes.
    for (const [other, token] of tokens) if (token.isIdle) tokens.delete(other);
    const token = new CachedToken({
      grant: () => requestToken(issuer, { clientId, signingKey, audience, scope: key }),
      refreshAfter,
      patienceMs,
      now: () => issuer.now().getTime(),
      log,
      what: `the token of ${clientId}${key && ` for ${key}`}`,
    });
    tokens.set(key, token);
    return token;
  };

  return {
    getToken: (scope) => tokenFor(scope).get(),
    async fetch(input, init) {
      const [url, request] = plainRequest(input, init);
      checkUrl("address", url, issuer.allowInsecureHttp);
      const cached = tokenFor();
      const token = await orAborted(cached.get(), request.signal);
      const response = await callWith(url, withToken(request, token));
      if (response.status !== 401) return response;
      const other = await orAborted(cached.replace(token), request.signal);
      if (other === undefined || isStream(request.body)) return response;
      await response.body?.cancel();
      return callWith(url, withToken(request, other));
    },
  };
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new OptionError(`\`${name}\` must be a number from ${least} to ${most}, got: ${value}`);
}

/** A `Request` taken apart, as another `fetch` than the one it comes from may not know it. */
function plainRequest(input: string | URL | Request, init: RequestInit = {}): [string, RequestInit] {
  if (!(input instanceof Request)) return [String(input), init];
  const { url, method, headers, body, signal, integrity } = input;
  // A `Request` says "follow" also where nobody asked for it: what the `fetch` below does by itself counts then.
  const redirect = input.redirect !== "follow" && { redirect: input.redirect };
  const sent = body && { body, duplex: "half" };
  return [url, { method, headers, signal, integrity, ...redirect, ...sent, ...init } as RequestInit];
}

/** What is waited for, or the signal's reason, whichever is first. */
async function orAborted<T>(waited: Promise<T>, signal?: AbortSignal | null): Promise<T> {
  if (!signal) return waited;
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([aborted, waited]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function withToken(init: RequestInit, token: string): RequestInit {
  const headers = new Headers(init.headers);
  headers.set("authorization", `Bearer ${token}`);
  return { ...init, headers };
}

/** What can be sent only once. */
function isStream(body: unknown): boolean {
  return typeof body === "object" && body !== null && (body instanceof ReadableStream || Symbol.asyncIterator in body);
}
