import { createSecureContext } from "node:tls";
import { Agent, buildConnector, type Dispatcher, EnvHttpProxyAgent, getGlobalDispatcher } from "undici";
import { proxyFor, trustedAuthorities } from "./environment";

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
  readonly tls?: TlsSettings;
  /** Milliseconds that a connection may take. */
  readonly timeoutMs?: number;
  /** Addresses with a target are connected to directly. */
  readonly targetOf?: (address: Pick<URL, "hostname" | "port" | "protocol">) => Target | undefined;
}

/**
 * The ways to servers that the environment asks for: proxies (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`) and CAs
 * (`SSL_CERT_FILE`). The one rule of the library, of `m2m` and of the embedded provider.
 */
export class Dispatchers {
  private readonly made = new Map<string, Dispatcher>();

  constructor(
    private readonly settings: Settings = {},
    private readonly env = process.env,
  ) {}

  /**
   * The dispatcher for an address. `undefined`: Node.js' own `fetch` goes the right way, with the global dispatcher.
   *
   * @throws {NetworkSettingError} for a variable that cannot be followed
   */
  for(address: URL): Dispatcher | undefined {
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
    await Promise.all([...this.made.values()].map((one) => one.close()));
  }

  private once(name: string, make: () => Dispatcher): Dispatcher {
    const made = this.made.get(name) ?? make();
    this.made.set(name, made);
    return made;
  }

  private make({ protocol }: URL, proxy: URL | undefined, tls: object | undefined): Dispatcher {
    const connect = { ...this.timeout, ...tls };
    if (!proxy) return new Agent({ connect });
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
    const connect = buildConnector({ ...this.timeout, ...(protocol === "https:" && this.secure()) });
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

  /** TLS options, if the defaults of Node.js are not what is wanted. */
  private secure(): object | undefined {
    const { rejectUnauthorized, ...own } = this.settings.tls ?? {};
    const ca = own.ca ?? trustedAuthorities(this.env);
    if (!this.settings.tls && ca === undefined) return undefined;
    // Made once: to read some hundred certificates takes longer than to connect.
    const secureContext = createSecureContext({ ...own, ...(ca !== undefined && { ca }) });
    return { secureContext, ...(rejectUnauthorized !== undefined && { rejectUnauthorized }) };
  }
}

/** Whether the program has set a global dispatcher of another kind than undici's own default. */
function hasOwnGlobalDispatcher(): boolean {
  const one = getGlobalDispatcher() as Dispatcher | undefined;
  return one !== undefined && !(one instanceof Agent) && one.constructor.name !== "Agent";
}
