import { type KeyObject, randomBytes, randomUUID } from "node:crypto";
import type { TestKey } from "../machines/issuer-fixture";
import { type Answer, audience, jwk, type KeycloakTarget, keyList, SAYS } from "./case";
import { type Base, forge, fresh, seconds, shows } from "./forge";

const TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** Keycloak's admin API below the realm. */
type Admin = (method: "GET" | "PUT" | "POST" | "DELETE", path: string, body?: unknown) => Promise<unknown>;

export interface KeycloakOptions {
  readonly admin: Admin;
  /** Where the realm is reached: the issuer's name is one that only containers know. */
  readonly address: string;
  readonly issuer: string;
  readonly watched: string;
  readonly encryptTo: KeyObject;
  readonly version: string;
  readonly restart: () => Promise<void>;
  readonly keys: { readonly key: TestKey; readonly other: TestKey; readonly foreign: TestKey };
}

/** A real Keycloak, talked to by clients that are made here, all of one algorithm. */
export class Keycloak implements KeycloakTarget {
  /** Every assertion that was sent. */
  readonly sent: string[] = [];
  private readonly made = new Map<string, Representation>();

  constructor(private readonly options: KeycloakOptions) {}

  /** The client that most cases are sent by. Its key is `key`, that of all others is `other`. */
  async mainClient(): Promise<Base> {
    return this.make({}, this.options.keys);
  }

  async client(change: object = {}): Promise<Base> {
    const { key, other, foreign } = this.options.keys;
    return this.make(change, { key: other, other: key, foreign });
  }

  async change(base: Base, change: object): Promise<void> {
    const client = this.made.get(String(base.claims.sub))!;
    const attributes = { ...client.attributes, ...(change as Partial<Representation>).attributes };
    await this.options.admin("PUT", `/clients/${client.id}`, { ...client, ...change, attributes });
  }

  /** Removes every client made here. */
  async remove(): Promise<void> {
    for (const { id } of this.made.values()) await this.options.admin("DELETE", `/clients/${id}`);
    this.made.clear();
  }

  isFrom(version: string): boolean {
    return this.options.version.localeCompare(version, "en", { numeric: true }) >= 0;
  }

  async restart(): Promise<void> {
    await this.options.restart();
  }

  async ask(base: Base, assertion: string, form: Readonly<Record<string, string | undefined>> = {}): Promise<Answer> {
    return this.post("token", tokenRequest(assertion, { client_id: String(base.claims.sub), ...form }));
  }

  async tokenFor(assertion: string): Promise<string> {
    const { status, text } = await this.send("token", tokenRequest(assertion));
    if (status !== 200) throw new Error(`HTTP ${status}: ${text}`);
    return JSON.parse(text).access_token;
  }

  async post(endpoint: string, body: string | URLSearchParams, contentType?: string): Promise<Answer> {
    return describe(await this.send(endpoint, body, contentType));
  }

  async introspect(base: Base, token: string): Promise<Answer> {
    const form = new URLSearchParams({ token, client_assertion_type: TYPE, client_assertion: forge(fresh(base)) });
    const reply = await this.send("token/introspect", form);
    if (reply.status !== 200) return describe(reply);
    return JSON.parse(reply.text).active === true ? "active" : reply.text;
  }

  private async send(endpoint: string, body: string | URLSearchParams, contentType?: string): Promise<Reply> {
    const assertion = new URLSearchParams(body.toString()).get("client_assertion") ?? "";
    this.sent.push(assertion);
    const response = await fetch(`${this.options.address}/protocol/openid-connect/${endpoint}`, {
      method: "POST",
      body: body.toString(),
      headers: { "content-type": contentType ?? "application/x-www-form-urlencoded" },
    });
    const text = await response.text();
    if (shows(text, assertion)) throw new Error(`the answer shows the assertion: ${text}`);
    return { status: response.status, text };
  }

  private async make(change: object, keys: KeycloakOptions["keys"]): Promise<Base> {
    const { admin, issuer, watched, encryptTo } = this.options;
    const clientId = `neg-${randomBytes(6).toString("hex")}`;
    const claims = { iss: clientId, sub: clientId, aud: issuer, iat: seconds(), exp: seconds(60) };
    const base = fresh({ algorithm: keys.key.algorithm, ...keys, issuer, watched, encryptTo, claims });
    const client = { ...representation(clientId, keys.key), ...change };
    await admin("POST", "/clients", client);
    this.made.set(clientId, client);
    return base;
  }
}

interface Reply {
  readonly status: number;
  readonly text: string;
}

type Representation = ReturnType<typeof representation>;

/** A client as `SignedJwtClient` declares it, with a list of keys and itself in the audience of its tokens. */
function representation(clientId: string, key: TestKey) {
  return {
    id: randomUUID(),
    clientId,
    publicClient: false,
    standardFlowEnabled: false,
    serviceAccountsEnabled: true,
    fullScopeAllowed: false,
    clientAuthenticatorType: "client-jwt",
    attributes: {
      ...(keyList([jwk(key)]) as { attributes: object }).attributes,
      "token.endpoint.auth.signing.alg": key.algorithm,
    },
    protocolMappers: [audience(clientId)],
  };
}

function tokenRequest(assertion: string, form: Readonly<Record<string, string | undefined>> = {}): URLSearchParams {
  const whole = { grant_type: "client_credentials", client_assertion_type: TYPE, client_assertion: assertion, ...form };
  return new URLSearchParams(
    Object.entries(whole).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** `accepted`, or what RFC 6749 section 5.2 has for a refusal, as one line. */
function describe({ status, text }: Reply): Answer {
  if (status === 200) return "accepted";
  if (status === 413) return SAYS.tooLarge; // by the server below Keycloak, with a page of its own
  const { error = "", error_description = "" } = parse(text);
  return [`${status} ${error}`.trim(), withoutJava(error_description)].filter(Boolean).join(": ");
}

/** What a parser says of its insides has no stable wording. */
function withoutJava(description: string): string {
  return description.replace(/: (((com|java|org)\.[\w.]+)|Cannot invoke ").*$/s, ": (a Java exception)");
}

function parse(text: string): { error?: string; error_description?: string } {
  try {
    return JSON.parse(text);
  } catch {
    return { error: text.slice(0, 100) };
  }
}
