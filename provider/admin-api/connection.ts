import type KeycloakAdminClient from "@keycloak/keycloak-admin-client";
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
  tls?: { ca?: string; cert?: string; key?: string; rejectUnauthorized?: boolean } | undefined;
}

/** How one server is reached: its two addresses, TLS and the sign-in. It neither waits nor repeats. */
export class Connection {
  readonly #settings: ConnectionSettings;
  readonly #signIn: SignIn;
  #admin: Promise<KeycloakAdminClient> | undefined;

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
    const requestOptions = await this.#requestOptions();
    // Loaded at the first call: most starts of the provider only serve its schema or check a configuration.
    const { default: KeycloakAdminClient } = await import("@keycloak/keycloak-admin-client");
    const admin = new KeycloakAdminClient({ baseUrl: adminUrl, realmName: realm, timeout: timeoutMs, requestOptions });
    admin.registerTokenProvider({ getAccessToken: () => this.#signIn.accessToken() });
    return admin;
  }

  /** TLS options need undici's own agent. It takes a moment to load, and most configurations do not need it. */
  async #requestOptions(): Promise<RequestInit> {
    const { headers, tls } = this.#settings;
    if (!tls) return { headers };
    const { Agent } = await import("undici");
    return { headers, dispatcher: new Agent({ connect: tls }) as unknown as NonNullable<RequestInit["dispatcher"]> };
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
    const options = await this.#requestOptions();
    const address = `${url}/realms/${encodeURIComponent(realm)}${path}`;
    return fetch(address, { ...options, ...init, ...(timeoutMs && { signal: AbortSignal.timeout(timeoutMs) }) });
  }
}
