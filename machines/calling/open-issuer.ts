import {
  type AuthorizationServer,
  allowInsecureRequests,
  customFetch,
  discoveryRequest,
  processDiscoveryResponse,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from "oauth4webapi";
import { IssuerError, MachineError, OptionError, UnreachableError } from "../errors";
import { type Log, quietly, toStandardError } from "../log";
import { type Fetch, openConnections } from "./connect-to";
import { createSkewedClock, type SkewedClock } from "./skewed-clock";

export interface IssuerOptions {
  /** The issuer, for Keycloak `https://host/realms/NAME`: exactly the string in its tokens' `iss`. */
  readonly issuer: string;
  /**
   * Where to connect instead, see `parseConnectTo`.
   *
   * @default - the addresses as they are
   */
  readonly connectTo?: string;
  /**
   * Accept an issuer and endpoints without TLS. Tokens and assertions then travel in plain text: local
   * development only.
   *
   * @default false
   */
  readonly allowInsecureHttp?: boolean;
  /**
   * The clock.
   *
   * @default - the system clock
   */
  readonly now?: () => Date;
  /**
   * Takes a line when this machine's clock and the issuer's part or agree again.
   *
   * @default - standard error
   */
  readonly log?: Log;
}

/** An issuer to talk to. */
export interface Issuer {
  readonly issuer: string;
  readonly allowInsecureHttp: boolean;
  /** This machine's clock, by which tokens are judged. */
  readonly now: () => Date;
  /** The issuer's clock, by which assertions are dated. */
  readonly clock: SkewedClock;
  /** `fetch` that counts 429 and 5xx as no answer: throws {@link UnreachableError}. */
  readonly fetch: Fetch;
  /** The options oauth4webapi's requests want. */
  readonly requestOptions: { readonly [customFetch]: Fetch; readonly [allowInsecureRequests]: boolean };
  /** The discovery document: fetched at the first call, kept ten minutes, and beyond while it cannot be fetched. */
  metadata(): Promise<AuthorizationServer>;
  close(): Promise<void>;
}

const metadataMaxAgeMs = 10 * 60 * 1000;
/** How long an outage is not looked at again while there is a document to go on with. */
const metadataRetryMs = 10 * 1000;

/**
 * Opens an issuer: its address, its connections, its clock. Nothing is sent before the first use, so the issuer need not run yet; a failure is not
 * remembered, the next call tries again. Calls at the same time share one request.
 *
 * The `Date` header of answers, which Keycloak leaves to a proxy in front of it, and the `iat` of granted tokens tell the
 * issuer's clock: assertions follow it where it differs from this machine's by 2 s to 5 min.
 *
 * Does not check: that the endpoints the issuer names are on the issuer's own host.
 *
 * @throws {OptionError} `ERR_OPTION` if `issuer` is no http(s) address, or http without `allowInsecureHttp`.
 *   `metadata()` throws `ERR_UNREACHABLE` or `ERR_ISSUER_RESPONSE` (another issuer answers, no such realm)
 * @see OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3
 */
export function openIssuer(options: IssuerOptions): Issuer {
  const { issuer, connectTo, allowInsecureHttp = false, now = () => new Date(), log = toStandardError } = options;
  const url = checkUrl("issuer", issuer, allowInsecureHttp);
  const connections = openConnections(connectTo);
  const clock = createSkewedClock(now, issuer, quietly(log));
  const fetch: Fetch = async (address, init) => {
    checkUrl("endpoint of the issuer", address, allowInsecureHttp);
    const sentAt = now();
    const headers = new Headers(init?.headers);
    headers.set("accept-encoding", "identity"); // the limit of an answer's size is of what is sent, not of what it unpacks to
    const response = await connections.fetch(address, { ...init, headers });
    const date = readDate(response);
    if (date) clock.observe(date, sentAt);
    if (/^(?!identity$)./i.test(response.headers.get("content-encoding") ?? "")) {
      await response.body?.cancel();
      throw new IssuerError(
        "ERR_ISSUER_RESPONSE",
        `${new URL(address).host} packed an answer that was asked for plain`,
      );
    }
    if (response.status !== 429 && response.status < 500) return response;
    await response.body?.cancel();
    throw new UnreachableError(
      `${new URL(address).host} cannot answer now: it said ${response.status}; try again later`,
      undefined,
      readRetryAfter(response.headers.get("retry-after")),
    );
  };
  const requestOptions = { [customFetch]: fetch, [allowInsecureRequests]: allowInsecureHttp };

  let kept: { server: AuthorizationServer; fetchedAt: number } | undefined;
  let pending: Promise<AuthorizationServer> | undefined;
  const discover = async () => {
    try {
      const response = await discoveryRequest(url, requestOptions);
      const server = await processDiscoveryResponse(url, response);
      kept = { server: { ...server, issuer }, fetchedAt: now().getTime() };
    } catch (cause) {
      if (!kept) throw explainIssuerError(cause, issuer, "its discovery document");
      kept.fetchedAt = now().getTime() - metadataMaxAgeMs + metadataRetryMs;
    }
    return kept.server;
  };

  return {
    issuer,
    allowInsecureHttp,
    now,
    clock,
    fetch,
    requestOptions,
    metadata: async () => {
      if (kept && now().getTime() - kept.fetchedAt < metadataMaxAgeMs) return kept.server;
      pending ??= discover().finally(() => {
        pending = undefined;
      });
      return pending;
    },
    close: connections.close,
  };
}

/** When an answer was made by the issuer's clock, where it says so and comes from no cache. */
export function readDate({ headers }: Response): Date | undefined {
  const date = new Date(headers.has("age") ? "" : (headers.get("date") ?? ""));
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** Seconds, as RFC 9110 section 10.2.3 allows besides a date, which nobody sends here. */
function readRetryAfter(text: string | null): number | undefined {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/**
 * Checks an address that tokens are sent to.
 *
 * @throws {OptionError} `ERR_OPTION` if it is no http(s) address, or http without `allowInsecureHttp`
 */
export function checkUrl(name: string, address: string, allowInsecureHttp: boolean): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    throw new OptionError(`\`${name}\` must be an https address without user and password`);
  }
  if (url.protocol === "http:" && !allowInsecureHttp) {
    throw new OptionError(
      `\`${name}\` must be an https address, got: ${`${url.origin}${url.pathname}`.slice(0, 200)}; for local development only, set allowInsecureHttp (ALLOW_INSECURE_HTTP=true)`,
    );
  }
  return url;
}

/** Turns what oauth4webapi throws into an error of ours, without the answers and headers it attaches. */
export function explainIssuerError(error: unknown, issuer: string, what: string): MachineError {
  if (error instanceof MachineError) return error;
  if (error instanceof ResponseBodyError) {
    const text = [error.error, error.error_description].filter(Boolean).join(": ").slice(0, 200);
    return new IssuerError("ERR_CLIENT_REFUSED", `${issuer} refused (${error.status}) ${what}: ${text}`, error);
  }
  if (error instanceof WWWAuthenticateChallengeError) {
    return new IssuerError("ERR_CLIENT_REFUSED", `${issuer} refused (${error.status}) ${what}`, error);
  }
  const text = error instanceof Error ? error.message : "unknown";
  return new IssuerError(
    "ERR_ISSUER_RESPONSE",
    `${issuer} did not answer as an issuer when asked for ${what}: ${text}; check the issuer and that the realm exists`,
    error,
  );
}
