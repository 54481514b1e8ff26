import { fetch as undiciFetch } from "undici";
import { shown, shownPart } from "../../constructs/keys/shown";
import { Dispatchers, type Target } from "../../network/dispatchers";
import { NetworkSettingError } from "../../network/environment";
import { explainFailure, type TlsOfCaller, USUAL_ADVICE } from "../../network/failure";
import { OptionError, UnreachableError } from "../errors";
import { type Log, toStandardError } from "../log";
import { limitResponse } from "./limit-response";
import { followTls, type TlsOptions } from "./tls-options";

/** A `fetch` that takes its address as text. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** A {@link Fetch} and its connections. */
export interface Connections {
  readonly fetch: Fetch;
  /** Closes idle connections, so the program can end. Later calls of `fetch` fail. A second `close` does nothing. */
  close(): Promise<void>;
}

/** A dispatcher of undici 7, such as `ProxyAgent`, `Agent` or `MockAgent`. */
export interface Dispatching {
  dispatch(...request: never[]): boolean;
}

/** How requests go out. Without either, the [environment decides](../../docs/network.md). */
export interface NetworkOptions {
  /**
   * Sends every request, in place of this library. It gets a time limit as `signal`. Not beside `connectTo`.
   *
   * @default - the `fetch` of Node.js or undici, by proxies and CAs of the environment
   */
  readonly fetch?: Fetch;
  /**
   * Sends every request by this dispatcher of undici 7. Not beside `connectTo` or `fetch`.
   *
   * @default - the environment decides: proxies and CAs in its variables, or the global dispatcher of the program
   */
  readonly dispatcher?: Dispatching;
  /**
   * CAs to trust, and a client certificate (mutual TLS). Not beside `fetch` or `dispatcher`, which bring their own.
   *
   * @default - CAs of the environment, and no client certificate
   */
  readonly tls?: TlsOptions;
}

export interface ConnectionOptions extends NetworkOptions {
  /**
   * Milliseconds that a request may take, including the body of its answer: 1 to 2147483647.
   *
   * @default 5000
   */
  readonly timeoutMs?: number;
  /**
   * Bytes that the body of an answer may have; -1 for no limit.
   *
   * @default 1048576
   */
  readonly maxResponseBytes?: number;
  /**
   * Takes a line when renewed files of `tls` are used, and when they cannot be.
   *
   * @default - standard error
   */
  readonly log?: Log;
}

/** How an error begins if nothing came. Only then TLS may be at fault. */
const noAnswer = "no answer from";
const hostAndPort = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+):(\d{1,5})$/i;

/**
 * Reads a map of addresses, such as `keycloak:8080=127.0.0.1:18080,machine-b:3000=127.0.0.1:13000`. An empty text is an
 * empty map. IPv6 addresses stand in brackets.
 *
 * @throws {OptionError} `ERR_OPTION` for an entry of another form, a port outside 1 to 65535, or the same name twice
 */
export function parseConnectTo(text: string): ReadonlyMap<string, Target> {
  const map = new Map<string, Target>();
  for (const entry of text.split(",").map((part) => part.trim())) {
    if (entry === "") continue;
    const [from, to, ...rest] = entry.split("=").map(parseAddress);
    if (!from || !to || rest.length > 0) {
      throw new OptionError(
        `\`connectTo\` must be a list of host:port=address:port, separated by commas, got: ${shownPart(entry, text)}`,
      );
    }
    const name = `${from.host}:${from.port}`;
    if (map.has(name))
      throw new OptionError(`\`connectTo\` must name each host:port once, got ${shownPart(name, text)} twice`);
    map.set(name, to);
  }
  return map;
}

function parseAddress(text: string): Target | undefined {
  const [, host, port] = hostAndPort.exec(text.trim()) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65535) return undefined;
  return { host: host.toLowerCase().replace(/^\[|\]$/g, ""), port: String(Number(port)) };
}

/**
 * Makes a `fetch` that connects to other addresses than the URL says, like `curl --connect-to`. The `Host` header, the
 * TLS server name and the certificate check still use the name in the URL. Names that are not in the map resolve as
 * usual.
 *
 * The `fetch` follows no redirect unless a request asks for it. Names in the map are connected to directly. Others go
 * by the proxies and CAs of the environment.
 *
 * Does not check: the URL, for example whether it uses TLS.
 *
 * @example
 * ```ts
 * import { openConnections } from "cdktf-keycloak-m2m/machine";
 *
 * const { fetch, close } = openConnections("machine-b:3000=127.0.0.1:13000", { timeoutMs: 2000 });
 * const response = await fetch("http://machine-b:3000/healthz");
 * await close();
 * ```
 *
 * @param connectTo `host:port=address:port`, separated by commas; IPv6 addresses stand in brackets @default - an empty
 *   map
 * @throws {OptionError} `ERR_OPTION` for a map of another form, a time out of its bounds, or files of `tls` that cannot
 *   be used. The `fetch` resolves for every HTTP status. It throws {@link UnreachableError} (`ERR_UNREACHABLE`) if there is no answer in time, the reason
 *   of a request's own `signal`, or the `TypeError` of a request that cannot be sent, such as a GET with a body
 */
export function openConnections(connectTo = "", options: ConnectionOptions = {}): Connections {
  const { timeoutMs = 5000, maxResponseBytes = 1024 * 1024 } = options;
  // The longest time that a timer of Node.js can hold.
  if (!(Number.isInteger(timeoutMs) && timeoutMs >= 1 && timeoutMs < 2 ** 31)) {
    throw new OptionError(
      `\`timeoutMs\` (of a machine: \`callTimeoutMs\`) must be a whole number of milliseconds from 1 to 2147483647, got: ${shown(timeoutMs)}`,
    );
  }
  const map = parseConnectTo(connectTo);
  checkNetwork(options, map.size > 0);
  const targetOf = ({ hostname, port, protocol }: { hostname: string; port: string; protocol: string }) =>
    map.get(`${hostname.replace(/^\[|\]$/g, "")}:${port || (protocol === "https:" ? "443" : "80")}`);
  const files = options.tls && followTls(options.tls, options.log ?? toStandardError);
  const dispatchers = new Dispatchers({ timeoutMs, targetOf, ...(files && { tls: () => files.current() }) });
  let closing: Promise<void> | undefined;
  const unreachable = (what: string, url: URL, cause: unknown) => {
    const target = targetOf(url);
    const at = target ? ` (at ${target.host}:${target.port})` : "";
    const isOurs = !options.fetch && !options.dispatcher;
    const proxy = isOurs && !target ? dispatchers.proxyOf(url) : undefined;
    const isOfTls = isOurs && url.protocol === "https:" && what === noAnswer;
    const { reason, advice } = explain(cause, timeoutMs, proxy, isOfTls ? (files ?? {}) : undefined);
    return new UnreachableError(`${what} ${url.origin}${url.pathname}${at}: ${reason}; ${advice}`, cause);
  };
  return {
    async fetch(url, init = {}) {
      const timeout = AbortSignal.timeout(timeoutMs);
      const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
      const request: RequestInit = { redirect: "manual", ...init, signal };
      const address = new URL(url);
      try {
        if (closing) throw new Error("the connections are closed");
        const response = await (options.fetch?.(url, request) ?? send(url, request, options.dispatcher ?? dispatchers));
        return limitResponse(response, maxResponseBytes, address.origin, (cause) =>
          init.signal?.aborted ? init.signal.reason : unreachable("half an answer from", address, cause),
        );
      } catch (cause) {
        init.signal?.throwIfAborted();
        if (cause instanceof NetworkSettingError) throw new OptionError(cause.message);
        if (!options.fetch && cause instanceof TypeError && cause.cause === undefined) throw cause; // nothing was sent
        throw unreachable(noAnswer, address, cause);
      }
    },
    close: () => {
      closing ??= dispatchers.close();
      return closing;
    },
  };
}

const shared = new Dispatchers();

/** The `fetch` of Node.js, by the proxies and CAs of the environment. */
export const fetchByEnvironment: Fetch = (url, init = {}) => send(url, init, shared);

function checkNetwork({ fetch, dispatcher, tls }: NetworkOptions, isMapped: boolean): void {
  if (fetch !== undefined && typeof fetch !== "function") throw new OptionError("`fetch` must be a function");
  if (dispatcher !== undefined && typeof dispatcher?.dispatch !== "function") {
    throw new OptionError("`dispatcher` must be a dispatcher of undici, such as a ProxyAgent");
  }
  if (tls !== undefined && (fetch ?? dispatcher) !== undefined) {
    const other = fetch === undefined ? "dispatcher" : "fetch";
    throw new OptionError(`\`tls\` may not be given beside \`${other}\`; set CAs and certificates there`);
  }
  const given = Object.entries({ fetch, dispatcher, connectTo: isMapped || undefined }).filter(([, value]) => value);
  if (given.length < 2) return;
  const names = given.map(([name]) => `\`${name}\``).join(" and ");
  throw new OptionError(`only one of \`fetch\`, \`dispatcher\` and \`connectTo\` may be given, got: ${names}`);
}

const fetchOfNode = globalThis.fetch;

/** Sends by a dispatcher, or by Node.js' own way if there is none. */
async function send(url: string, init: RequestInit, way: Dispatching | Dispatchers): Promise<Response> {
  const given = (init as { dispatcher?: Dispatching }).dispatcher;
  const dispatcher = given ?? (way instanceof Dispatchers ? way.for(new URL(url)) : way);
  if (!dispatcher) return await globalThis.fetch(url, init);
  // A program that has put another `fetch` in place means it, such as a stand-in of its tests.
  if (globalThis.fetch !== fetchOfNode) return await globalThis.fetch(url, { ...init, dispatcher } as RequestInit);
  // undici's own `fetch`: a dispatcher works for certain only with the undici that it comes from.
  const request = { ...ownForm(init), dispatcher } as Parameters<typeof undiciFetch>[1];
  return (await undiciFetch(url, request)) as unknown as Response;
}

/** Turns a `FormData` of Node.js into bytes with their content type, since undici knows only its own `FormData`. */
function ownForm(init: RequestInit): RequestInit {
  if (!(init.body instanceof FormData)) return init;
  const encoded = new Response(init.body);
  const headers = new Headers(init.headers);
  headers.set("content-type", encoded.headers.get("content-type") ?? "");
  return { ...init, headers, body: encoded.body, duplex: "half" } as RequestInit;
}

function explain(error: unknown, timeoutMs: number, proxy: URL | undefined, tls: TlsOfCaller | undefined) {
  if (!(error instanceof Error) || error.name !== "TimeoutError") return explainFailure(error, proxy, tls);
  return { reason: `nothing within ${timeoutMs} ms`, advice: USUAL_ADVICE };
}
