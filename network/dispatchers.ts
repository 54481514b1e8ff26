import { createSecureContext } from "node:tls";
import { Agent, type Dispatcher, EnvHttpProxyAgent, getGlobalDispatcher } from "undici";
import { proxyFor, trustedAuthorities } from "./environment";
import { connectorWithAlerts } from "./tls-alerts";

/** How a server and its client prove who they are. */
export interface TlsSettings {
  /** CAs in PEM, in place of those of the environment. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly rejectUnauthorized?: boolean;
}

/** Where to connect to in place of the host and port of an address. */
export interface Target {
  readonly host: string;
  readonly port: string;
}

interface Settings {
  /** A function gives those to use now: the same object until they change. */
  readonly tls?: TlsSettings | (() => TlsSettings);
  /** Milliseconds that a connection may take. */
  readonly timeoutMs?: number;
  /** Addresses with a target are connected to directly. */
  readonly targetOf?: (address: Pick<URL, "hostname" | "port" | "protocol">) => Target | undefined;
}

/** How long undici connects by default. */
const usualTimeoutMs = 10_000;

/**
 * The ways to servers that the environment asks for: proxies (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`) and CAs
 * (`SSL_CERT_FILE`). The one rule of the library, of `m2m` and of the embedded provider.
 */
export class Dispatchers {
  private readonly made = new Map<string, Dispatcher>();
  /** Made with former settings of TLS. */
  private readonly former = new Set<Dispatcher>();
  private tls: TlsSettings | undefined;
  private secured: { readonly of: readonly unknown[]; readonly options: object | undefined } | undefined;

  constructor(
    private readonly settings: Settings = {},
    private readonly env = process.env,
  ) {
    this.tls = tlsOf(settings);
  }

  /**
   * The dispatcher for an address. `undefined`: Node.js' own `fetch` goes the right way, with the global dispatcher.
   *
   * @throws {NetworkSettingError} for a variable that cannot be followed
   */
  for(address: URL): Dispatcher | undefined {
    this.followTls();
    if (this.settings.targetOf?.(address)) return this.once(`to ${address.protocol}`, () => this.toTargets(address));
    // A program that has chosen a way for everything means it, such as a proxy or a stand-in of its tests.
    if (!this.settings.tls && hasOwnGlobalDispatcher()) return undefined;
    const proxy = this.proxyOf(address);
    const isTls = address.protocol === "https:" || proxy?.protocol === "https:";
    const tls = isTls ? this.secure() : undefined;
    if (!proxy && !tls) return undefined;
    return this.once(`${address.protocol} ${proxy?.href ?? ""}`, () => this.make(address, proxy, tls));
  }

  /** The proxy for an address, unless `NO_PROXY` names it. */
  proxyOf(address: URL): URL | undefined {
    return proxyFor(address, this.env);
  }

  async close(): Promise<void> {
    await Promise.all([...this.made.values(), ...this.former].map((one) => one.close()));
    this.former.clear();
  }

  /**
   * With other settings of TLS, requests go by new connections. A new session cache belongs to them: in a resumed session
   * a server would see the former certificate.
   */
  private followTls(): void {
    const tls = tlsOf(this.settings);
    if (tls === this.tls) return;
    this.tls = tls;
    const former = [...this.made.values()];
    this.made.clear();
    for (const one of former) this.former.add(one);
    // Requests may be on their way to the former connections, and none takes longer.
    setTimeout(() => {
      for (const one of former) if (this.former.delete(one)) one.close().catch(() => {});
    }, this.settings.timeoutMs ?? usualTimeoutMs).unref();
  }

  private once(name: string, make: () => Dispatcher): Dispatcher {
    const made = this.made.get(name) ?? make();
    this.made.set(name, made);
    return made;
  }

  private make({ protocol }: URL, proxy: URL | undefined, tls: object | undefined): Dispatcher {
    const connect = { ...this.timeout, ...tls };
    if (!proxy) return new Agent({ connect: connectorWithAlerts(connect) });
    const isTls = protocol === "https:";
    return new EnvHttpProxyAgent({
      connect,
      httpProxy: isTls ? "" : proxy.href,
      httpsProxy: isTls ? proxy.href : "",
      // Proxies forward plain http, and many refuse a tunnel for it.
      proxyTunnel: isTls,
      ...(tls && { requestTls: tls, proxyTls: tls }),
    });
  }

  /** The `Host` header, the TLS server name and the check of the certificate still use the name in the address. */
  private toTargets({ protocol }: URL): Dispatcher {
    const connect = connectorWithAlerts({ ...this.timeout, ...(protocol === "https:" && this.secure()) });
    return new Agent({
      connect: (options, callback) => {
        const { hostname, port, protocol } = options;
        const target = this.settings.targetOf?.({ hostname, port: port ?? "", protocol: protocol ?? "" });
        connect(target ? { ...options, hostname: target.host, port: target.port } : options, callback);
      },
    });
  }

  private get timeout() {
    return this.settings.timeoutMs === undefined ? {} : { timeout: this.settings.timeoutMs };
  }

  /** TLS options, if the defaults of Node.js are not what is wanted. Made once: certificates take long to read. */
  private secure(): object | undefined {
    const of = [this.tls, this.env.SSL_CERT_FILE, this.env.NODE_EXTRA_CA_CERTS];
    if (of.some((one, i) => one !== this.secured?.of[i]) || !this.secured)
      this.secured = { of, options: this.options() };
    return this.secured.options;
  }

  private options(): object | undefined {
    const { rejectUnauthorized, ...own } = this.tls ?? {};
    const ca = own.ca ?? trustedAuthorities(this.env);
    if (!this.tls && ca === undefined) return undefined;
    const secureContext = createSecureContext({ ...own, ...(ca !== undefined && { ca }) });
    return { secureContext, ...(rejectUnauthorized !== undefined && { rejectUnauthorized }) };
  }
}

function tlsOf({ tls }: Settings): TlsSettings | undefined {
  return typeof tls === "function" ? tls() : tls;
}

/** Where undici 7.30 and newer, and Node.js 24 and newer, keep the global dispatcher. */
const GLOBAL_DISPATCHER = Symbol.for("undici.globalDispatcher.2");

/** Whether the program has set a global dispatcher of another kind than undici's own default. */
function hasOwnGlobalDispatcher(): boolean {
  const known = getGlobalDispatcher() as Dispatcher | undefined;
  // Node.js 26 has undici 8, which shows undici 7 its dispatcher inside of a wrapper, the default one too.
  const isWrapped = known?.constructor.name === "Dispatcher1Wrapper";
  const one = isWrapped ? (globalThis as Record<symbol, Dispatcher | undefined>)[GLOBAL_DISPATCHER] : known;
  return one !== undefined && !(one instanceof Agent) && one.constructor.name !== "Agent";
}
