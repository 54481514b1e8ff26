import { Agent, buildConnector, fetch as undiciFetch } from "undici";
import { OptionError, UnreachableError } from "../errors";

/** A `fetch` that takes its address as text. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** A {@link Fetch} and its connections. */
export interface Connections {
  readonly fetch: Fetch;
  /** Closes idle connections, so the program can end. Later calls of `fetch` fail. A second `close` does nothing. */
  close(): Promise<void>;
}

export interface ConnectionLimits {
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
}

interface Address {
  readonly host: string;
  readonly port: string;
}

const hostAndPort = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+):(\d{1,5})$/i;

/**
 * Reads a map of addresses, such as `keycloak:8080=127.0.0.1:18080,machine-b:3000=127.0.0.1:13000`. An empty text is an
 * empty map. IPv6 addresses stand in brackets.
 *
 * @throws {OptionError} `ERR_OPTION` for an entry of another form, a port outside 1 to 65535, or the same name twice
 */
export function parseConnectTo(text: string): ReadonlyMap<string, Address> {
  const map = new Map<string, Address>();
  for (const entry of text.split(",").map((part) => part.trim())) {
    if (entry === "") continue;
    const [from, to, ...rest] = entry.split("=").map(parseAddress);
    if (!from || !to || rest.length > 0) {
      throw new OptionError(
        `\`connectTo\` must be a list of host:port=address:port, separated by commas, got: ${entry}`,
      );
    }
    const name = `${from.host}:${from.port}`;
    if (map.has(name)) throw new OptionError(`\`connectTo\` must name each host:port once, got ${name} twice`);
    map.set(name, to);
  }
  return map;
}

function parseAddress(text: string): Address | undefined {
  const [, host, port] = hostAndPort.exec(text.trim()) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65535) return undefined;
  return { host: host.toLowerCase().replace(/^\[|\]$/g, ""), port: String(Number(port)) };
}

/**
 * Makes a `fetch` that connects to other addresses than the URL says, like `curl --connect-to`. The `Host` header, the
 * TLS server name and the certificate check still use the name in the URL. Names that are not in the map resolve as
 * usual.
 *
 * The `fetch` follows no redirect unless a request asks for it. It does not read the proxy variables of the
 * environment.
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
 * @throws {OptionError} `ERR_OPTION` for a map of another form, or a time out of its bounds. The `fetch` resolves for
 *   every HTTP status. It throws {@link UnreachableError} (`ERR_UNREACHABLE`) if there is no answer in time, the reason
 *   of a request's own `signal`, or the `TypeError` of a request that cannot be sent, such as a GET with a body
 */
export function openConnections(connectTo = "", limits: ConnectionLimits = {}): Connections {
  const { timeoutMs = 5000, maxResponseBytes = 1024 * 1024 } = limits;
  // The longest time that a timer of Node.js can hold.
  if (!(Number.isInteger(timeoutMs) && timeoutMs >= 1 && timeoutMs < 2 ** 31)) {
    throw new OptionError(
      `\`timeoutMs\` (of a machine: \`callTimeoutMs\`) must be a whole number of milliseconds from 1 to 2147483647, got: ${timeoutMs}`,
    );
  }
  const map = parseConnectTo(connectTo);
  const targetOf = ({ hostname, port, protocol }: { hostname: string; port?: string; protocol?: string }) =>
    map.get(`${hostname.replace(/^\[|\]$/g, "")}:${port || (protocol === "https:" ? "443" : "80")}`);
  const connect = buildConnector({ timeout: timeoutMs });
  const dispatcher = new Agent({
    maxResponseSize: maxResponseBytes,
    connect(options, callback) {
      const target = targetOf(options);
      connect(target ? { ...options, hostname: target.host, port: target.port } : options, callback);
    },
  });
  let closing: Promise<void> | undefined;
  return {
    async fetch(url, init = {}) {
      const timeout = AbortSignal.timeout(timeoutMs);
      const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
      try {
        // undici's own fetch, not Node's: an Agent works only with the undici that it comes from. The types are the
        // same.
        const request = { redirect: "manual", dispatcher, ...ownForm(init), signal } as Parameters<
          typeof undiciFetch
        >[1];
        return (await undiciFetch(url, request)) as unknown as Response;
      } catch (cause) {
        init.signal?.throwIfAborted();
        if (cause instanceof TypeError && cause.cause === undefined) throw cause; // nothing was sent
        const { origin, pathname } = new URL(url);
        const target = targetOf(new URL(url));
        const at = target ? ` (at ${target.host}:${target.port})` : "";
        throw new UnreachableError(
          `no answer from ${origin}${pathname}${at}: ${reason(cause, timeoutMs)}; check that it runs and that the address is right`,
          cause,
        );
      }
    },
    close: () => {
      closing ??= dispatcher.close();
      return closing;
    },
  };
}

/** Turns a `FormData` of Node.js into bytes with their content type, since undici knows only its own `FormData`. */
function ownForm(init: RequestInit): RequestInit {
  if (!(init.body instanceof FormData)) return init;
  const encoded = new Response(init.body);
  const headers = new Headers(init.headers);
  headers.set("content-type", encoded.headers.get("content-type") ?? "");
  return { ...init, headers, body: encoded.body, duplex: "half" } as RequestInit;
}

function reason(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return "unknown";
  if (error.name === "TimeoutError") return `nothing within ${timeoutMs} ms`;
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  return cause?.code ?? cause?.message ?? error.message;
}
