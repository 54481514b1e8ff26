import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll } from "vitest";
import { createTokenClient, type Issuer, openIssuer, requestToken, type TokenClient } from "../../../machines";
import { type TestKey, testFolder } from "../../machines/issuer-fixture";
import { audience, jwk, keyList } from "../../negative-cases/case";
import { docker, namesOf } from "../environment";
import { FaultProxy } from "../fault-proxy";
import { type Json, startKeycloak } from "../provider/server";

const REALM = "outages";
export const ISSUER = `http://keycloak:8080/realms/${REALM}`;
/** The audience of the tokens. It is a client too, for introspection. */
export const API = "api";
const BELOW = "/protocol/openid-connect";
/** Requests for a token, and for the realm's keys. */
export const TOKEN = { method: "POST", path: /\/token$/ };
export const KEYS = { path: /\/certs$/ };

export interface Way {
  /** @default "straight" */
  readonly by?: "straight" | "proxy";
  readonly now?: () => Date;
  /** Takes the lines of the machine. */
  readonly lines?: string[];
}

/** A Keycloak, the proxy in front of it that injects faults, and what the tests need of both. */
export class Realm {
  readonly folder = testFolder();
  /** The key of every client, unless a test gives another. */
  key!: TestKey;
  server!: Awaited<ReturnType<typeof startKeycloak>>;
  proxy!: FaultProxy;
  readonly #issuers: Issuer[] = [];
  #clients = 0;

  async start(): Promise<void> {
    this.key = await this.folder.key("machine.key", "RS256");
    this.server = await startKeycloak(namesOf("outages"));
    this.proxy = await FaultProxy.start(this.server.url);
    // Tokens do not outlive the session, and some tests need them for more than a day.
    const lasting = { ssoSessionMaxLifespan: 400_000, ssoSessionIdleTimeout: 400_000 };
    const attributes = { frontendUrl: "http://keycloak:8080" };
    await this.server.admin("POST", "", { realm: REALM, enabled: true, attributes, ...lasting });
    await this.client({ clientId: API });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#issuers.map((issuer) => issuer.close()));
    await this.proxy?.close();
    await this.server?.stop();
    this.folder.remove();
  }

  /** Keycloak's admin API below the realm. */
  admin(method: "GET" | "PUT" | "POST", path: string, body?: unknown): Promise<Json> {
    return this.server.admin(method, `/${REALM}${path}`, body);
  }

  /** Makes a client that may call the API, and gives its id. */
  async client(options: { clientId?: string; lifeSeconds?: number; keys?: readonly TestKey[] } = {}): Promise<string> {
    const { clientId = `machine-${++this.#clients}`, lifeSeconds = 300, keys = [this.key] } = options;
    const { attributes } = keyList(keys.map((key) => jwk(key))) as { attributes: object };
    await this.admin("POST", "/clients", {
      clientId,
      publicClient: false,
      standardFlowEnabled: false,
      serviceAccountsEnabled: true,
      fullScopeAllowed: false,
      clientAuthenticatorType: "client-jwt",
      attributes: { ...attributes, "access.token.lifespan": String(lifeSeconds) },
      protocolMappers: [audience(API)],
    });
    return clientId;
  }

  open({ by = "straight", now, lines }: Way = {}): Issuer {
    const { port } = new URL(by === "proxy" ? this.proxy.url : this.server.url);
    const log = (line: string) => void lines?.push(line);
    const connectTo = `keycloak:8080=127.0.0.1:${port}`;
    const issuer = openIssuer({ issuer: ISSUER, connectTo, allowInsecureHttp: true, now, log });
    this.#issuers.push(issuer);
    return issuer;
  }

  /** A token client of a machine; of a new client unless one is named. */
  async machine(options: Way & { clientId?: string; lifeSeconds?: number; patienceMs?: number }): Promise<TokenClient> {
    const { clientId = await this.client(options), patienceMs, lines } = options;
    const log = (line: string) => void lines?.push(line);
    // As early as possible: most outages are to meet a refresh that is due.
    return createTokenClient(this.open(options), {
      clientId,
      signingKey: this.key,
      refreshAfter: 0.1,
      patienceMs,
      log,
    });
  }

  /** A new token. */
  async token(lifeSeconds: number): Promise<string> {
    const clientId = await this.client({ lifeSeconds });
    return (await requestToken(this.open(), { clientId, signingKey: this.key })).accessToken;
  }

  /** Posts an assertion. Returns `accepted`, or status, error and description. */
  async post(assertion: string): Promise<string> {
    const response = await fetch(`${this.server.url}/realms/${REALM}${BELOW}/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: assertion,
      }),
    });
    const { error, error_description } = (await response.json()) as Json;
    return response.ok ? "accepted" : `${response.status} ${error}: ${error_description}`;
  }

  async docker(command: "stop" | "start" | "kill" | "pause" | "unpause"): Promise<void> {
    await docker(command, this.server.names.keycloak);
  }

  /** Waits until Keycloak answers again. */
  async answers(): Promise<void> {
    const until = performance.now() + 90_000;
    const url = `${this.server.url}/realms/${REALM}`;
    while (!(await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined))?.ok) {
      if (performance.now() > until) throw new Error("Keycloak does not answer again");
      await sleep(250);
    }
  }
}

/** The realm of a test file. */
export function realmForAll(): Realm {
  const realm = new Realm();
  beforeAll(() => realm.start());
  afterAll(() => realm.stop());
  return realm;
}

/** How long something took in milliseconds, and its error's code if it failed. */
export async function timed(work: Promise<unknown>): Promise<{ ms: number; code?: string; error?: unknown }> {
  const begun = performance.now();
  try {
    await work;
    return { ms: performance.now() - begun };
  } catch (error) {
    return { ms: performance.now() - begun, code: (error as { code?: string }).code, error };
  }
}

/** The decoded assertions of all requests for a token so far. */
export function assertionsIn(proxy: FaultProxy): { header: Json; claims: Json; text: string }[] {
  return proxy.calls(TOKEN).map(({ body }) => {
    const text = new URLSearchParams(body).get("client_assertion")!;
    const [header, claims] = text.split(".").map((part) => Buffer.from(part, "base64url").toString());
    return { header: JSON.parse(header!), claims: JSON.parse(claims!), text };
  });
}
