import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type KeycloakAdminClient from "@keycloak/keycloak-admin-client";
import { adviceFor, type Fault, faultOf, jsonOf, KeycloakError, NotKeycloakError, statusFault } from "./errors";
import { type Credentials, Login } from "./sign-in";
import { Slots } from "./slots";

/** How long an operation waits for a server that is starting or busy. */
export const PATIENCE_READING_MS = 5_000;
export const PATIENCE_WRITING_MS = 60_000;

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 2_000;
/** A server error that outlasts this many attempts is no passing one. */
const ATTEMPTS_ON_SERVER_ERROR = 3;

/** Whatever `-parallelism` says: more at once make Keycloak slower, and in the end refuse. */
const CALLS_AT_ONCE = 16;

export interface ConnectionSettings extends Credentials {
  /** Where tokens are issued, base path included. */
  url: string;
  /** Where the admin API is; the same as `url` unless split off. */
  adminUrl: string;
  /** 0: without end. */
  timeoutMs: number;
  headers: { [name: string]: string };
  tls?: { ca?: string; cert?: string; key?: string; rejectUnauthorized?: boolean } | undefined;
}

/** A call to the admin API, as a resource writes it. */
export type AdminCall<T> = (admin: KeycloakAdminClient) => Promise<T>;

/** One Keycloak server: login, waiting, and what this run has read of it so far, shared by all resources. */
export class Keycloak {
  readonly #settings: ConnectionSettings;
  readonly #stop = new AbortController();
  readonly #known = new Map<string, Promise<unknown>>();
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #login: Login;
  readonly #slots = new Slots(CALLS_AT_ONCE);
  #admin: Promise<KeycloakAdminClient> | undefined;
  /** Since when no call has reached the server; later calls do not wait all over again. */
  #downSince: number | undefined;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
    setMaxListeners(0, this.#stop.signal); // each call that waits listens for the end of all waiting
    this.#login = new Login(
      settings,
      (form) => this.#postLogin(form),
      () => this.#issuer(),
    );
  }

  /** Access with that much patience. */
  session(patienceMs: number): Session {
    return {
      call: (what, run, recover) => this.#call(patienceMs, what, run, recover),
      read: (what, run) => this.#call(patienceMs, what, (admin) => run(admin).then(notNothing)),
      shared: (key, load) => this.#shared(key, load),
      forget: (key) => this.#known.delete(key),
      forgetAll: () => this.#known.clear(),
      exclusive: (key, run) => this.#exclusive(key, run),
      renewLogin: () => this.#login.renew(),
    };
  }

  /** Ends all waiting; calls already under way are finished, so that the state stays true. */
  stop(): void {
    this.#stop.abort();
  }

  async #call<T>(
    patienceMs: number,
    what: string,
    run: AdminCall<T>,
    recover?: AdminCall<T | null>,
    slots = this.#slots,
  ): Promise<T> {
    const begun = Date.now();
    let renewed = false;
    let ambiguous = false;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt(run, slots);
      } catch (error) {
        const fault = faultOf(error);
        if (!fault) throw error;
        if (fault.status === 401 && !renewed && !(error instanceof KeycloakError)) {
          renewed = true;
          this.#login.renew();
          continue;
        }
        ambiguous ||= fault.ambiguous;
        if (await this.#mayRetry(fault, attempt, begun, patienceMs)) continue;
        const found = ambiguous && recover ? await this.#recovered(fault, patienceMs, what, recover) : null;
        if (found !== null) return found;
        throw this.#final(error, fault, what, begun);
      }
    }
  }

  async #attempt<T>(run: AdminCall<T>, slots: Slots): Promise<T> {
    const admin = await this.#client();
    const result = await slots.run(() => run(admin));
    if (typeof result === "string" && result !== "") throw new NotKeycloakError("an answer that is not JSON");
    this.#downSince = undefined;
    return result;
  }

  /**
   * What an attempt without an answer has made. A conflict says that there is something, so it is worth all patience;
   * after any other end one look keeps the state true: what was made must not stay unknown to Terraform.
   */
  async #recovered<T>(fault: Fault, patienceMs: number, what: string, recover: AdminCall<T | null>): Promise<T | null> {
    // Without a slot of its own: looking takes calls that need one each, and all others may be at the same.
    const apart = new Slots(1);
    if (fault.status === 409) return this.#call(patienceMs, what, recover, undefined, apart);
    return this.#call(0, what, recover, undefined, apart).catch(() => null);
  }

  /** Waits before another attempt, or says that there will be none. */
  async #mayRetry(fault: Fault, attempt: number, begun: number, patienceMs: number): Promise<boolean> {
    if (fault.kind === "status") this.#downSince = undefined;
    if (!fault.temporary) return false;
    if (fault.status === 500 && attempt >= ATTEMPTS_ON_SERVER_ERROR) return false;
    if (fault.kind === "unreachable") this.#downSince ??= Date.now();
    const since = fault.kind === "unreachable" ? this.#downSince! : begun;
    const left = since + patienceMs - Date.now();
    if (left <= 0) return false;
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS) * (0.75 + Math.random() / 2);
    return sleep(Math.min(pause, left), true, { signal: this.#stop.signal }).catch(() => false);
  }

  #final(error: unknown, fault: Fault, what: string, begun: number): unknown {
    if (error instanceof KeycloakError) return error;
    const { adminUrl } = this.#settings;
    if (this.#stop.signal.aborted && fault.temporary) {
      return new KeycloakError(fault, `${what}: interrupted`, `Keycloak at ${adminUrl} answered last: ${fault.got}.`);
    }
    if (fault.kind === "status" && !(fault.temporary && fault.status !== 500)) {
      return new KeycloakError(fault, `${what}: Keycloak answered ${fault.got}`, adviceFor(fault, adminUrl));
    }
    const waited = Math.round((Date.now() - Math.min(begun, this.#downSince ?? begun)) / 1000);
    return new KeycloakError(
      fault,
      `${what}: Keycloak at ${adminUrl} cannot be used: ${fault.got}`,
      `Waited ${waited} s. If m2m runs this environment, "m2m up" brings the server back and applies the rest; otherwise start the server, or correct the provider's url and base_path.`,
    );
  }

  async #client(): Promise<KeycloakAdminClient> {
    this.#admin ??= this.#connect();
    return this.#admin;
  }

  async #connect(): Promise<KeycloakAdminClient> {
    const { adminUrl, realm, timeoutMs } = this.#settings;
    const requestOptions = await this.#requestOptions();
    // Loaded at the first call: most starts of the provider only serve its schema or check a configuration.
    const { default: KeycloakAdminClient } = await import("@keycloak/keycloak-admin-client");
    const admin = new KeycloakAdminClient({ baseUrl: adminUrl, realmName: realm, timeout: timeoutMs, requestOptions });
    admin.registerTokenProvider({ getAccessToken: () => this.#login.accessToken() });
    return admin;
  }

  /** The TLS options need undici's own agent, which takes a moment to load; most configurations do without. */
  async #requestOptions(): Promise<RequestInit> {
    const { headers, tls } = this.#settings;
    if (!tls) return { headers };
    const { Agent } = await import("undici");
    return { headers, dispatcher: new Agent({ connect: tls }) as unknown as NonNullable<RequestInit["dispatcher"]> };
  }

  async #postLogin(form: URLSearchParams): Promise<Response> {
    return this.#fetch("/protocol/openid-connect/token", { method: "POST", body: form });
  }

  /** The issuer may go by another name than the address it is reached at. */
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

  #shared<T>(key: string, load: () => Promise<T>): Promise<T> {
    const known = this.#known.get(key) as Promise<T> | undefined;
    if (known) return known;
    const loading = load();
    this.#known.set(key, loading);
    loading.catch(() => this.#known.get(key) === loading && this.#known.delete(key));
    return loading;
  }

  async #exclusive<T>(key: string, run: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(key) ?? Promise.resolve();
    const mine = before.then(run, run);
    const settled = mine.catch(() => undefined);
    this.#queues.set(key, settled);
    void settled.then(() => this.#queues.get(key) === settled && this.#queues.delete(key));
    return mine;
  }
}

/** What resources use of the connection. */
export interface Session {
  /**
   * Runs a call, waiting and repeating where that may help. `what` opens the error message. `recover` finds what an
   * earlier attempt without an answer has made after all.
   */
  call<T>(what: string, run: AdminCall<T>, recover?: AdminCall<T | null>): Promise<T>;
  /** Likewise for what is only read: an answer with nothing in it is none. */
  read<T>(what: string, run: AdminCall<T>): Promise<T>;
  /** Loads something once for all who ask under this key. */
  shared<T>(key: string, load: () => Promise<T>): Promise<T>;
  /** Something under this key was changed: the next one loads it anew. */
  forget(key: string): void;
  /** A realm came or went, and all in it. */
  forgetAll(): void;
  /** Runs one after the other what uses the same key. */
  exclusive<T>(key: string, run: () => Promise<T>): Promise<T>;
  /** The rights of the login have changed. */
  renewLogin(): void;
}

/** Taken for the truth, nothing would mean that there is no such object, or no list of any. */
function notNothing<T>(answer: T): T {
  if (answer === "") throw new NotKeycloakError("an answer with nothing in it");
  return answer;
}
