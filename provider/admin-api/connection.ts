import type KeycloakAdminClient from "@keycloak/keycloak-admin-client";
import type { Dispatchers, TlsSettings } from "../../network/dispatchers";
import { proxyFor } from "../../network/environment";
import { KeycloakError, NotKeycloakError } from "./errors";
import { jsonOf, statusFault } from "./faults";
import { type Credentials, SignIn } from "./sign-in";

export interface ConnectionSettings extends Credentials {
  /** Where tokens are issued, base path included. */
  url: string;
  /** Where the admin API is; the same as `url` unless split off. */
  adminUrl: string;
  /** 0: no limit. */
  timeoutMs: number;
  headers: { [name: string]: string };
  tls?: TlsSettings | undefined;
}

/** How one server is reached: its two addresses, TLS and the sign-in. It neither waits nor repeats. */
export class Connection {
  readonly #settings: ConnectionSettings;
  readonly #signIn: SignIn;
  #admin: Promise<KeycloakAdminClient> | undefined;
  #dispatchers: Dispatchers | undefined;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
    this.#signIn = new SignIn(
      settings,
      (form) => this.#fetch("/protocol/openid-connect/token", { method: "POST", body: form }),
      () => this.#issuer(),
    );
  }

  get adminUrl(): string {
    return this.#settings.adminUrl;
  }

  /** The client of the admin API, the same for all calls. */
  admin(): Promise<KeycloakAdminClient> {
    this.#admin ??= this.#connect();
    return this.#admin;
  }

  /** The token was not accepted, or lacks rights added since. */
  renewSignIn(): void {
    this.#signIn.renew();
  }

  async #connect(): Promise<KeycloakAdminClient> {
    const { adminUrl, realm, timeoutMs } = this.#settings;
    const requestOptions = await this.#requestOptions(adminUrl);
    // Loaded at the first call: most starts of the provider only serve its schema or check a configuration.
    const { default: KeycloakAdminClient } = await import("@keycloak/keycloak-admin-client");
    const admin = new KeycloakAdminClient({ baseUrl: adminUrl, realmName: realm, timeout: timeoutMs, requestOptions });
    admin.registerTokenProvider({ getAccessToken: () => this.#signIn.accessToken() });
    return admin;
  }

  /** The proxy that requests may go by. */
  proxy(): URL | undefined {
    try {
      return proxyFor(new URL(this.#settings.adminUrl));
    } catch {
      return undefined;
    }
  }

  /**
   * Proxies need undici's own agents, and so does https: they say why a server ends a connection. They take a moment to
   * load.
   */
  async #requestOptions(address: string): Promise<RequestInit> {
    const { headers, tls } = this.#settings;
    const url = URL.canParse(address) ? new URL(address) : undefined;
    if (!url || (url.protocol !== "https:" && !proxyFor(url))) return { headers };
    const { Dispatchers } = await import("../../network/dispatchers.js");
    this.#dispatchers ??= new Dispatchers({ tls: tls ?? {} });
    const dispatcher = this.#dispatchers.for(url);
    return { headers, ...(dispatcher && { dispatcher }) } as RequestInit;
  }

  /** The server's own name for the realm. It may differ from the address it is reached at. */
  async #issuer(): Promise<string> {
    const response = await this.#fetch("/.well-known/openid-configuration");
    const body = (await jsonOf(response)) as { issuer?: unknown } | undefined;
    if (typeof body?.issuer === "string") return body.issuer;
    if (response.ok) throw new NotKeycloakError("an answer to discovery that names no issuer");
    const fault = statusFault(response.status, body);
    const { url, realm } = this.#settings;
    const summary = `Realm "${realm}" at ${url} does not say its issuer: ${fault.got}`;
    throw new KeycloakError(fault, summary, "Check the provider's url, base_path and realm.");
  }

  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const { url, realm, timeoutMs } = this.#settings;
    const address = `${url}/realms/${encodeURIComponent(realm)}${path}`;
    const options = await this.#requestOptions(address);
    return fetch(address, { ...options, ...init, ...(timeoutMs && { signal: AbortSignal.timeout(timeoutMs) }) });
  }
}
