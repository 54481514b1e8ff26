import {
  type AuthorizationServer,
  allowInsecureRequests,
  customFetch,
  discoveryRequest,
  processDiscoveryResponse,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from "oauth4webapi";
import { shown } from "../../constructs/keys/shown";
import { IssuerError, MachineError, OptionError, UnreachableError } from "../errors";
import { type Log, quietly, toStandardError } from "../log";
import { addHeaders, joinObservers, type Observer } from "../observer";
import { type Fetch, type NetworkOptions, openConnections } from "./connect-to";
import { createSkewedClock, type SkewedClock } from "./skewed-clock";

export interface IssuerOptions extends NetworkOptions {
  /** The issuer, exactly as in the `iss` of its tokens. For Keycloak `https://host/realms/NAME`. */
  readonly issuer: string;
  /**
   * Other addresses to connect to: `host:port=address:port`, separated by commas, see {@link openConnections}.
   *
   * @default - the addresses as they are
   */
  readonly connectTo?: string;
  /**
   * Accept an issuer and endpoints without TLS. Tokens and assertions then travel in plain text. For local development
   * only.
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
   * Takes a line when this machine's clock starts to differ from the issuer's, and when both agree again, and about
   * renewed files of `tls`.
   *
   * @default - standard error
   */
  readonly log?: Log;
  /**
   * Are told of tokens that are requested, verified and found in memory: {@link createMetrics}, {@link createTracing}.
   *
   * @default - none
   */
  readonly observers?: readonly Observer[];
}

/** An issuer, with its connections and its clock. */
export interface Issuer {
  readonly issuer: string;
  readonly allowInsecureHttp: boolean;
  /**
   * Whether requests present a client certificate. Tokens and verdicts are then asked for at the addresses that the
   * issuer has for that, if it names some (`mtls_endpoint_aliases`, RFC 8705 section 5).
   */
  readonly hasClientCertificate: boolean;
  /** This machine's clock. Tokens are judged by it. */
  readonly now: () => Date;
  /** The issuer's clock. Assertions are dated by it. */
  readonly clock: SkewedClock;
  /** Takes lines about the issuer. */
  readonly log: Log;
  /** Is told what happens with this issuer. @default - nobody is */
  readonly observer?: Observer | undefined;
  /** A `fetch` that throws {@link UnreachableError} for 429 and 5xx, and {@link IssuerError} for a redirect. */
  readonly fetch: Fetch;
  /**
   * The options for requests of oauth4webapi.
   *
   * @internal its types are of an ES module, which not every program in CommonJS can import
   */
  readonly requestOptions: { readonly [customFetch]: Fetch; readonly [allowInsecureRequests]: boolean };
  /**
   * The discovery document. It is fetched at the first call and kept for ten minutes, or longer while a fetch fails.
   *
   * @internal as above
   */
  metadata(): Promise<AuthorizationServer>;
  close(): Promise<void>;
}

const metadataMaxAgeMs = 10 * 60 * 1000;
/** After a failed fetch, a document in hand is used for this long before the next attempt. */
const metadataRetryMs = 10 * 1000;

/**
 * Opens an issuer: its address, its connections and its clock. It sends nothing before the first use, so the issuer
 * need not run yet. After a failure the next call tries again. Calls at the same time share one request.
 *
 * The issuer's clock is known from the `Date` header of answers and from the `iat` of granted tokens. Keycloak itself
 * sends no `Date`, but a proxy in front of it may. Assertions follow the issuer's clock if it differs from this
 * machine's by 2 s to 5 min.
 *
 * Does not check: that the endpoints in the discovery document are on the issuer's own host.
 *
 * @example
 * ```ts
 * import { openIssuer } from "cdktf-keycloak-m2m/machine";
 *
 * const issuer = openIssuer({ issuer: "https://sso.example.org/realms/example" });
 * const { token_endpoint } = await issuer.metadata();
 * await issuer.close();
 * ```
 *
 * @throws {OptionError} `ERR_OPTION` if `issuer` is not an http(s) address, is http without `allowInsecureHttp`, has a query or
 *   fragment, or for files of `tls` that cannot be used.
 *   `metadata()` throws `ERR_UNREACHABLE`, or `ERR_ISSUER_RESPONSE` if another issuer answers or there is no such realm
 * @see OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3
 */
export function openIssuer(options: IssuerOptions): Issuer {
  const { issuer, connectTo, allowInsecureHttp = false, now = () => new Date() } = options;
  const log = quietly(options.log ?? toStandardError);
  const url = checkIssuer(issuer, allowInsecureHttp);
  const { tls } = options;
  const observer = joinObservers(options.observers);
  const connections = openConnections(connectTo, { fetch: options.fetch, dispatcher: options.dispatcher, tls, log });
  const clock = createSkewedClock(now, issuer, log);
  const fetch: Fetch = async (address, init) => {
    checkEndpoint(address, issuer, allowInsecureHttp);
    const sentAt = now();
    const headers = new Headers(init?.headers);
    headers.set("accept-encoding", "identity"); // the limit of an answer's size counts the bytes that are sent
    addHeaders(observer, headers);
    const response = await connections.fetch(address, { ...init, headers });
    const date = readDate(response);
    if (date) clock.observe(date, sentAt);
    if (/^(?!identity$)./i.test(response.headers.get("content-encoding") ?? "")) {
      await response.body?.cancel();
      throw new IssuerError(
        "ERR_ISSUER_RESPONSE",
        `${new URL(address).host} compressed an answer that was asked for uncompressed`,
      );
    }
    if (response.type === "opaqueredirect" || (response.status >= 300 && response.status < 400)) {
      await response.body?.cancel();
      throw redirected(address, response);
    }
    if (response.status !== 429 && response.status < 500) return response;
    await response.body?.cancel();
    throw new UnreachableError(
      `${new URL(address).host} cannot answer now, got: HTTP ${response.status}; try again later`,
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
      if (server.issuer !== issuer) throw otherIssuer(issuer, server.issuer);
      kept = { server, fetchedAt: now().getTime() };
    } catch (cause) {
      if (!kept) throw explainDiscovery(cause, issuer);
      kept.fetchedAt = now().getTime() - metadataMaxAgeMs + metadataRetryMs;
    }
    return kept.server;
  };

  return {
    issuer,
    allowInsecureHttp,
    hasClientCertificate: tls?.certificateFile !== undefined,
    now,
    clock,
    log,
    observer,
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

/**
 * Checks an issuer's name. Tokens have it letter by letter in their `iss`.
 *
 * @throws {OptionError} `ERR_OPTION` as {@link checkUrl}, and for a query, a fragment or white space
 * @see RFC 8414 section 2
 */
function checkIssuer(issuer: string, allowInsecureHttp: boolean): URL {
  const url = checkUrl("issuer", issuer, allowInsecureHttp);
  if (/[?#\s\\]/.test(issuer)) {
    throw new OptionError("`issuer` must be an address without query, fragment and white space (RFC 8414 section 2)");
  }
  return url;
}

/** An endpoint comes from the discovery document, so a wrong one is the issuer's fault. */
function checkEndpoint(address: string, issuer: string, allowInsecureHttp: boolean): void {
  try {
    checkUrl("endpoint", address, allowInsecureHttp);
  } catch {
    throw new IssuerError(
      "ERR_ISSUER_RESPONSE",
      `${issuer} names an endpoint that is not an https address, got: ${shown(address)}; correct the host name or proxy settings of the issuer`,
    );
  }
}

function redirected(address: string, { status, headers }: Response): IssuerError {
  const { origin, pathname } = new URL(address);
  const location = headers.get("location");
  const to = location ? `to ${shown(location).slice(0, 200)}` : "to nowhere";
  return new IssuerError(
    "ERR_ISSUER_RESPONSE",
    `${origin}${pathname} redirects (HTTP ${status}) ${to}, and no redirect is followed; give the issuer as its tokens name it, or correct its proxy`,
  );
}

function otherIssuer(issuer: string, found: unknown): IssuerError {
  const got = typeof found === "string" ? shown(found).slice(0, 200) : typeof found;
  return new IssuerError(
    "ERR_ISSUER_RESPONSE",
    `${issuer} calls itself ${got}, and so do its tokens; write \`issuer\` exactly so, or correct the host name of the issuer`,
  );
}

function explainDiscovery(error: unknown, issuer: string): MachineError {
  const { code, cause } = error as { code?: string; cause?: { body?: { issuer?: unknown } } };
  if (code === "OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED") return otherIssuer(issuer, cause?.body?.issuer);
  return explainIssuerError(error, issuer, "its discovery document");
}

/** When an answer was made, by the issuer's clock. `undefined` if it does not say, or comes from a cache. */
export function readDate({ headers }: Response): Date | undefined {
  const date = new Date(headers.has("age") ? "" : (headers.get("date") ?? ""));
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** Reads seconds. RFC 9110 section 10.2.3 also allows a date, which issuers do not send here. */
function readRetryAfter(text: string | null): number | undefined {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/**
 * Checks an address that receives tokens.
 *
 * @throws {OptionError} `ERR_OPTION` if it is not an http(s) address, or is http without `allowInsecureHttp`
 */
export function checkUrl(name: string, address: string, allowInsecureHttp: boolean): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    throw new OptionError(`\`${name}\` must be an https address without user and password`);
  }
  if (url.protocol === "http:" && !allowInsecureHttp) {
    throw new OptionError(
      `\`${name}\` must be an https address, got: ${shown(`${url.origin}${url.pathname}`).slice(0, 200)}; for local development only, set allowInsecureHttp (ALLOW_INSECURE_HTTP=true)`,
    );
  }
  return url;
}

/** Turns an error of oauth4webapi into a {@link MachineError}, without the answers and headers that it holds. */
export function explainIssuerError(error: unknown, issuer: string, what: string): MachineError {
  if (error instanceof MachineError) return error;
  if (error instanceof Error && error.cause instanceof MachineError) return error.cause; // a body that broke off
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
    `${issuer} gave no usable answer when asked for ${what}: ${text}; check the issuer and that the realm exists`,
    error,
  );
}
