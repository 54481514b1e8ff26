import { createHash, createPublicKey, type KeyObject, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SecureContextOptions, TlsOptions } from "node:tls";
import {
  calculateJwkThumbprint,
  EmbeddedJWK,
  exportJWK,
  type JWTHeaderParameters,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from "jose";
import { shapeOf } from "../../constructs/keys/algorithms";
import { generateKey } from "../../constructs/keys/generate";
import { type Issuer, openIssuer } from "../../machines/calling/open-issuer";
import type { SigningKey } from "../../machines/signing/parse-signing-key";
import { certificateOf } from "../../machines/verifying/peer-certificate";

/** The signature algorithms of every kind: a realm and a machine may use them here. */
export const ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];
/** All that a machine may sign with. The others differ from those above in the hash and the curve alone. */
export const ALL_ALGORITHMS = [
  ...(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] as const),
  ...(["ES256", "ES384", "ES512", "EdDSA"] as const),
] as const;
export type AnyAlgorithm = (typeof ALL_ALGORITHMS)[number];

/** A pair in a key file, as the machines have it, for one algorithm. */
export interface TestKey<A extends AnyAlgorithm = Algorithm> extends SigningKey {
  readonly algorithm: A;
  readonly file: string;
  readonly publicKey: KeyObject;
}

/** A folder that is gone after the test file; `key` and `rsaKey` put a new key into it. */
export function testFolder() {
  const folder = mkdtempSync(join(tmpdir(), "m2m-machines-"));
  return {
    path: (name: string) => join(folder, name),
    write(name: string, text: string): string {
      writeFileSync(join(folder, name), text, { mode: 0o600 });
      return join(folder, name);
    },
    async key<A extends AnyAlgorithm>(name: string, algorithm: A, rsaBits = 2048): Promise<TestKey<A>> {
      const privateKey = generateKey(shapeOf(algorithm, rsaBits));
      const publicKey = createPublicKey(privateKey);
      const file = this.write(name, privateKey.export({ type: "pkcs8", format: "pem" }).toString());
      // Not by loadSigningKey: the id is worked out a second time, so that a wrong one there is seen here.
      const spki = publicKey.export({ type: "spki", format: "der" });
      return { algorithm, file, privateKey, publicKey, kid: createHash("sha256").update(spki).digest("base64url") };
    },
    async rsaKey(name: string, bits = 2048): Promise<TestKey> {
      return this.key(name, "RS256", bits);
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

interface Answer {
  readonly status?: number;
  readonly body: unknown;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Without it the answer has no `Date`, as Keycloak's have none. @default true */
  readonly dated?: boolean;
}

/** What the fixture was asked for: path, headers and, for a POST, the form. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly form: URLSearchParams;
  /** The client certificate of the connection in DER, if it is trusted. */
  readonly certificate: Buffer | undefined;
}

/**
 * Serves an issuer's documents over a real socket: discovery, keys, token and introspection endpoint, under the name
 * `http://issuer.test:8080/realms/NAME`, to be reached by `connectTo`. Clients are authenticated for real.
 */
export class TestIssuer {
  readonly url: string;
  readonly received: Received[] = [];
  readonly clients = new Map<string, TestKey<AnyAlgorithm>>();
  readonly usedIds = new Set<string>();
  /** Answers by the end of the path; a test puts its own in to make the issuer misbehave. */
  readonly answers = new Map<string, (received: Received) => Answer | Promise<Answer>>();
  port = 0;
  private server: Server | undefined;

  constructor(
    readonly key: TestKey,
    realm = "test",
    /** Serves over TLS with this certificate. Tokens are bound to the client's, if it asks for one. */
    private readonly tls?: SecureContextOptions & TlsOptions,
  ) {
    this.url = `${tls ? "https" : "http"}://issuer.test:8080/realms/${realm}`;
    this.reset();
  }

  /** Forgets what tests changed. */
  reset(): void {
    this.received.length = 0;
    this.answers.clear();
    const endpoint = `${this.url}/protocol/openid-connect`;
    this.answers.set("/.well-known/openid-configuration", () => ({
      body: {
        issuer: this.url,
        jwks_uri: `${endpoint}/certs`,
        token_endpoint: `${endpoint}/token`,
        introspection_endpoint: `${endpoint}/token/introspect`,
      },
    }));
    this.answers.set("/certs", async () => ({ body: { keys: [await publicJwk(this.key)] } }));
    this.answers.set("/token", async (received) => {
      const clientId = await this.authenticate(received);
      if (clientId === undefined) return refused;
      const jkt = received.headers.dpop && (await this.boundKey(received.headers.dpop));
      const x5t = received.certificate && createHash("sha256").update(received.certificate).digest("base64url");
      const cnf = jkt ? { typ: "DPoP", cnf: { jkt } } : x5t && { cnf: { "x5t#S256": x5t } };
      const accessToken = await this.mint({ azp: clientId, ...(cnf || undefined) });
      const scope = ["profile email", received.form.get("scope")].filter(Boolean).join(" ");
      return { body: { access_token: accessToken, token_type: jkt ? "DPoP" : "Bearer", expires_in: 300, scope } };
    });
    this.answers.set("/token/introspect", async (received) => {
      if ((await this.authenticate(received)) === undefined) {
        return { status: 401, body: { error: "invalid_request", error_description: "Authentication failed." } };
      }
      const token = received.form.get("token") ?? "";
      return { body: await this.introspect(token) };
    });
  }

  /** Where a client connects to reach this issuer. */
  get connectTo(): string {
    return `issuer.test:8080=127.0.0.1:${this.port}`;
  }

  /** Opens it; a test that sets the clock does not want to hear that it is wrong. */
  open(now?: () => Date): Issuer {
    const log = now && (() => {});
    return openIssuer({ issuer: this.url, connectTo: this.connectTo, allowInsecureHttp: true, now, log });
  }

  async start(port = 0): Promise<this> {
    const server = this.createServer();
    this.server = server;
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    this.port = (server.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => (this.server ? this.server.close(resolve) : resolve(undefined)));
  }

  /** The claims of an access token as Keycloak writes them, good for 300 s. */
  claims(): JWTPayload {
    const now = Math.floor(Date.now() / 1000);
    return {
      iss: this.url,
      sub: "0e6ceae9-0530-4cd3-a798-5ac2e61baf0e",
      aud: "machine-b",
      azp: "machine-a",
      typ: "Bearer",
      scope: "profile email",
      jti: `trrtcc:${randomUUID()}`, // no two tokens are the same, even of one second
      iat: now,
      exp: now + 300,
    };
  }

  /** Signs an access token; `undefined` takes a claim or header out. */
  async mint(claims: JWTPayload = {}, header: Partial<JWTHeaderParameters> = {}, key = this.key): Promise<string> {
    const all = JSON.parse(JSON.stringify({ ...this.claims(), ...claims })) as JWTPayload;
    return new SignJWT(all)
      .setProtectedHeader({ alg: key.algorithm, typ: "JWT", kid: key.kid, ...header })
      .sign(key.privateKey);
  }

  private async introspect(token: string): Promise<object> {
    try {
      const { payload } = await jwtVerify(token, this.key.publicKey, { issuer: this.url });
      return { ...payload, client_id: payload.azp, token_type: payload.typ, active: true };
    } catch {
      return { active: false };
    }
  }

  /** RFC 7523 section 3, as strict as Keycloak: audience, times, key id, and a jti once only. */
  private async authenticate({ form }: Received): Promise<string | undefined> {
    const clientId = form.get("client_id") ?? "";
    const key = this.clients.get(clientId);
    if (!key || form.get("client_assertion_type") !== "urn:ietf:params:oauth:client-assertion-type:jwt-bearer") return;
    try {
      const { payload, protectedHeader } = await jwtVerify(form.get("client_assertion") ?? "", key.publicKey, {
        issuer: clientId,
        subject: clientId,
        audience: this.url,
        maxTokenAge: 60,
        requiredClaims: ["exp", "jti"],
      });
      if (protectedHeader.kid !== key.kid || this.usedIds.has(payload.jti!)) return;
      this.usedIds.add(payload.jti!);
      return clientId;
    } catch {
      return;
    }
  }

  /** The thumbprint of the key that signed a proof for the token endpoint. */
  private async boundKey(proof: unknown): Promise<string> {
    const { payload, protectedHeader } = await jwtVerify(String(proof), EmbeddedJWK, { typ: "dpop+jwt" });
    const isForThis = payload.htm === "POST" && payload.htu === `${this.url}/protocol/openid-connect/token`;
    if (!isForThis || this.usedIds.has(payload.jti!)) throw new Error("the proof is for another request");
    this.usedIds.add(payload.jti!);
    return await calculateJwkThumbprint(protectedHeader.jwk!);
  }

  private createServer(): Server {
    const answer: RequestListener = async (request, response) => {
      const path = (request.url ?? "").replace(new URL(this.url).pathname, "");
      const certificate = certificateOf(request.socket);
      const received = { path, headers: request.headers, form: new URLSearchParams(await text(request)), certificate };
      this.received.push(received);
      const answer = this.answers.get(path.replace("/protocol/openid-connect", ""));
      const {
        status = 200,
        body,
        type,
        headers,
        dated,
      }: Answer = (await answer?.(received)) ?? { status: 404, body: "" };
      response.sendDate = dated ?? true;
      response.writeHead(status, { "content-type": type ?? "application/json", ...headers });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    };
    return this.tls ? createTlsServer(this.tls, answer) : createServer(answer);
  }
}

const refused = {
  status: 400,
  body: { error: "invalid_client", error_description: "Client authentication with signed JWT failed" },
};

/** A public key as Keycloak lists it. */
export async function publicJwk(key: TestKey) {
  return { ...(await exportJWK(key.publicKey)), kid: key.kid, alg: key.algorithm, use: "sig" };
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
