import { createHash, createPublicKey } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeProtectedHeader, jwtVerify } from "jose";
import { afterEach, describe, expect, it } from "vitest";
import { adviceFor } from "../../../provider/admin-api/advice";
import { statusFault } from "../../../provider/admin-api/faults";
import { Keycloak } from "../../../provider/admin-api/keycloak";
import { handlerOf } from "../../../provider/engine/resource-handler";
import type { Resource } from "../../../provider/engine/table";
import { createServerCertificate } from "../../../provider/protocol/certificate";
import { type ObjectValue, UNKNOWN, type Value } from "../../../provider/protocol/values";
import { checkConfiguration } from "../../../provider/provider-block/check";
import { connectionSettings } from "../../../provider/provider-block/connection-settings";
import { openidClient } from "../../../provider/resources/openid-client";
import { role } from "../../../provider/resources/role";
import { ecPair, rsaPair } from "../../generated-key";

const PASSWORD = "pass-word-never-shown";

interface Answer {
  status: number;
  body?: unknown;
}

let server: Server | undefined;
afterEach(() => void server?.close());

/** A stand-in for Keycloak's two addresses; `answer` may be told the number of the admin call. */
async function standIn(answer: (call: number, request: IncomingMessage) => Answer, login: Answer = { status: 200 }) {
  const calls = { login: 0, admin: 0, tokens: [] as string[] };
  server = createServer((request, response) => {
    const isLogin = request.url!.endsWith("/token");
    calls[isLogin ? "login" : "admin"] += 1;
    if (!isLogin) calls.tokens.push(String(request.headers.authorization));
    const token = { access_token: `token-${calls.login}`, expires_in: 60 };
    const { status, body } = isLogin ? { body: token, ...login } : answer(calls.admin, request);
    response.writeHead(status, { "content-type": "application/json", ...(status === 201 && { location: "/made/n" }) });
    response.end(typeof body === "string" ? body : JSON.stringify(body ?? {}));
  });
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { calls, url, login, keycloak: connect(url) };
}

function connect(url: string): Keycloak {
  const config = { url, client_id: "admin-cli", username: "admin", password: PASSWORD };
  return new Keycloak(connectionSettings(config, {})!);
}

/** An address where nobody listens. */
async function nobody(): Promise<string> {
  const { url } = await standIn(() => ({ status: 200 }));
  await new Promise((resolve) => server!.close(resolve));
  return url;
}

const readRealm = (keycloak: Keycloak, patience = 2_000) =>
  keycloak.session(patience).call('Reading realm "r"', (admin) => admin.realms.findOne({ realm: "r" }));

/** The whole text of an expected error. */
async function errorOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => Promise.reject(new Error("no error")),
    (reason) => reason,
  );
  return error.diagnostics
    .map(({ summary, detail }: { summary: string; detail: string }) => `${summary}\n${detail}`)
    .join("\n");
}

describe("the connection", () => {
  it("logs in once for calls at the same time", async () => {
    const { keycloak, calls } = await standIn(() => ({ status: 200, body: { realm: "r" } }));
    await Promise.all([readRealm(keycloak), readRealm(keycloak), readRealm(keycloak)]);
    expect(calls).toMatchObject({ login: 1, admin: 3 });
  });

  it("logs in anew once when the token is not accepted", async () => {
    const { keycloak, calls } = await standIn((call) => ({ status: call === 1 ? 401 : 200, body: {} }));
    await readRealm(keycloak);
    expect(calls.tokens).toEqual(["Bearer token-1", "Bearer token-2"]);
  });

  it("gives up when the new token is not accepted either", async () => {
    const { keycloak, calls } = await standIn(() => ({ status: 401, body: { error: "HTTP 401 Unauthorized" } }));
    expect(await errorOf(readRealm(keycloak))).toContain('Reading realm "r": Keycloak answered HTTP 401');
    expect(calls.admin).toBe(2);
  });

  it("makes at most 16 calls at once, whatever Terraform asks for", async () => {
    let [now, most] = [0, 0];
    server = createServer(async (request, response) => {
      if (!request.url!.endsWith("/token")) {
        now += 1;
        most = Math.max(most, now);
        await new Promise((resolve) => setTimeout(resolve, 20));
        now -= 1;
      }
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ access_token: "token", expires_in: 60 }));
    });
    await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
    const keycloak = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await Promise.all(Array.from({ length: 50 }, () => readRealm(keycloak)));
    expect(most).toBe(16);
  });

  it("waits for a busy server", async () => {
    const { keycloak, calls } = await standIn((call) => ({ status: [503, 429, 200][call - 1] ?? 200, body: {} }));
    await readRealm(keycloak);
    expect(calls.admin).toBe(3);
  });

  it("waits for a server that starts", async () => {
    const { url } = await standIn(() => ({ status: 200, body: { realm: "r" } }));
    const port = Number(new URL(url).port);
    await new Promise((resolve) => server!.close(resolve));
    setTimeout(() => server!.listen(port, "127.0.0.1"), 300);
    expect(await readRealm(connect(url))).toMatchObject({ realm: "r" });
  });

  it("names the address and what to do when the server stays away, and waits only once", async () => {
    const url = await nobody();
    const keycloak = connect(url);
    const text = await errorOf(readRealm(keycloak, 400));
    expect(text).toContain(`Reading realm "r": Keycloak at ${url} cannot be used: connection refused`);
    expect(text).toContain('"m2m up" brings the server back');
    const begun = Date.now();
    await errorOf(readRealm(keycloak, 400));
    expect(Date.now() - begun).toBeLessThan(200);
  });

  it("stops waiting when Terraform is interrupted", async () => {
    const keycloak = connect(await nobody());
    const waiting = errorOf(readRealm(keycloak, 60_000));
    setTimeout(() => keycloak.stop(), 100);
    expect(await waiting).toContain("interrupted");
  });

  it("says who was refused, once, and never the password", async () => {
    const refused = { error: "invalid_grant", error_description: "Invalid user credentials" };
    const { keycloak, calls } = await standIn(() => ({ status: 200 }), { status: 401, body: refused });
    const texts = [await errorOf(readRealm(keycloak)), await errorOf(readRealm(keycloak))];
    expect(texts[0]).toContain('Keycloak refused the login of user "admin" in realm "master" [sign-in-refused]');
    expect(texts[0]).toContain("KEYCLOAK_PASSWORD");
    expect(texts.join()).not.toContain(PASSWORD);
    expect(calls.login).toBe(1);
  });

  it.each([
    ["GET", "/clients/id", "manage-clients (view-clients is enough for a plan)"],
    ["POST", "/client-scopes", "manage-clients (view-clients is enough for a plan)"],
    ["PUT", "/default-default-client-scopes/id", "manage-clients (view-clients is enough for a plan)"],
    ["GET", "/users/id/role-mappings", "manage-users (view-users is enough for a plan)"],
    ["GET", "/events/config", "manage-events (view-events is enough for a plan)"],
    ["GET", "/roles?first=0", "manage-realm (view-realm is enough for a plan)"],
    ["PUT", "", "manage-realm (view-realm is enough for a plan)"],
  ])("names the right that %s %s lacks", (_method, path, right) => {
    const url = `http://localhost:8080/auth/admin/realms/my%20realm${path}`;
    const text = adviceFor(statusFault(403, undefined, url), "http://localhost:8080/auth");
    expect(text).toContain(`of the realm-management roles of realm "my realm" it needs ${right}`);
  });

  it("names the right to create a realm", () => {
    const fault = statusFault(403, undefined, "http://localhost:8080/admin/realms");
    expect(adviceFor(fault, "http://localhost:8080")).toContain("it needs the role create-realm of realm master");
  });

  it.each([
    [403, "realm-management roles"],
    [409, "terraform import"],
    [400, "something wrong with the values"],
  ])("says what to do about HTTP %i", async (status, advice) => {
    const { keycloak } = await standIn(() => ({ status, body: { errorMessage: "as it says" } }));
    const text = await errorOf(readRealm(keycloak));
    expect(text).toContain(`HTTP ${status}, "as it says"`);
    expect(text).toContain(advice);
  });

  it("finds what a create without an answer has made", async () => {
    const { keycloak } = await standIn((call, { method }) => {
      if (method === "GET") return { status: 200, body: { id: "ours" } };
      return { status: call === 1 ? 504 : 409, body: {} };
    });
    const made = await keycloak.session(2_000).call(
      "Creating",
      (admin) => admin.clients.create({ realm: "r", id: "ours" }),
      (admin) => admin.clients.findOne({ realm: "r", id: "ours" }).then((found) => found && { id: found.id! }),
    );
    expect(made).toEqual({ id: "ours" });
  });

  /** Makes a client; `recover` finds it where `found` says so. */
  function make(keycloak: Keycloak, patience: number, found: { id: string } | null) {
    return keycloak.session(patience).call(
      "Creating",
      (admin) => admin.clients.create({ realm: "r", id: "ours" }),
      (admin) => admin.clients.findOne({ realm: "r", id: "ours" }).then(() => found),
    );
  }

  it("waits for the server also when it looks for what was made", async () => {
    let lookups = 0;
    const { keycloak } = await standIn((call, { method }) => {
      if (method === "GET") lookups += 1;
      if (method === "GET") return { status: lookups === 1 ? 503 : 200, body: { id: "ours" } };
      return { status: call === 1 ? 504 : 409, body: {} };
    });
    expect(await make(keycloak, 2_000, { id: "ours" })).toEqual({ id: "ours" });
    expect(lookups).toBe(2);
  });

  it("looks once for what was made before it gives up, and says what was first wrong otherwise", async () => {
    const { keycloak } = await standIn((_call, { method }) => ({ status: method === "GET" ? 200 : 504, body: {} }));
    expect(await make(keycloak, 300, { id: "ours" })).toEqual({ id: "ours" });
    expect(await errorOf(make(keycloak, 300, null))).toContain("cannot be used: HTTP 504");
  });

  it("is not content with nothing where something is read, nor with a create that does not say what it made", async () => {
    const { keycloak, calls } = await standIn((call) => ({ status: 200, body: call === 1 ? "" : { realm: "r" } }));
    const reading = keycloak.session(2_000).read("Reading", (admin) => admin.realms.findOne({ realm: "r" }));
    expect(await reading).toMatchObject({ realm: "r" });
    expect(calls.admin).toBe(2);
    expect(await errorOf(make(keycloak, 100, null))).toContain("an answer that does not say what was made");
  });

  it.each([
    ["HTML", "<html>hello</html>"],
    ["JSON of something else", { status: "UP" }],
  ])("logs in again where the answer was %s", async (_what, body) => {
    const { keycloak, calls, login } = await standIn(() => ({ status: 200, body: { realm: "r" } }), {
      status: 200,
      body,
    });
    const reading = readRealm(keycloak);
    while (calls.login < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    delete login.body;
    expect(await reading).toMatchObject({ realm: "r" });
    expect(calls.login).toBe(2);
  });

  it("has all its patience again after an answer, whatever it was", async () => {
    const { keycloak, url } = await standIn(() => ({ status: 403 }));
    const port = Number(new URL(url).port);
    await readRealm(keycloak).catch(() => undefined);
    const stop = () => new Promise((resolve) => server!.close(resolve).closeAllConnections());
    await stop();
    await errorOf(readRealm(keycloak, 300));
    await new Promise<void>((resolve) => server!.listen(port, "127.0.0.1", () => resolve()));
    expect(await errorOf(readRealm(keycloak))).toContain("HTTP 403");
    await stop();
    const begun = Date.now();
    expect(await errorOf(readRealm(keycloak, 300))).toContain("connection refused");
    expect(Date.now() - begun).toBeGreaterThan(250);
  });

  it("names what fetch itself refuses", async () => {
    expect(await errorOf(readRealm(connect("http://127.0.0.1:1")))).toContain("cannot be used: bad port");
  });

  it("is not content with an answer that is not Keycloak's", async () => {
    const { keycloak } = await standIn(() => ({ status: 200, body: "<html>hello</html>" }));
    const text = await errorOf(readRealm(keycloak, 100));
    expect(text).toContain("an answer that is not JSON");
    expect(text).not.toContain("hello");
  });

  it("shares what is read until it is forgotten, and runs what excludes each other in turn", async () => {
    const session = connect("http://127.0.0.1:1").session(0);
    let loads = 0;
    const load = () => session.shared("key", async () => (loads += 1));
    expect(await Promise.all([load(), load()])).toEqual([1, 1]);
    session.forget("key");
    expect(await load()).toBe(2);
    const order: string[] = [];
    const step = (name: string) =>
      session.exclusive("one", async () => {
        order.push(`${name} begins`);
        await new Promise((resolve) => setTimeout(resolve, 5));
        order.push(`${name} ends`);
      });
    await Promise.all([step("a"), step("b")]);
    expect(order).toEqual(["a begins", "a ends", "b begins", "b ends"]);
  });
});

describe("a new object", () => {
  const config = (values: ObjectValue): ObjectValue => ({ realm_id: "r", ...values });

  /** Applies what is planned for a new one of these. */
  async function applied(resource: Resource, keycloak: Keycloak, values: ObjectValue) {
    const handler = handlerOf(resource, () => keycloak.session(300));
    const { planned } = handler.plan({ prior: null, config: config(values) });
    const { state, diagnostics } = await handler.apply({ prior: null, planned, config: config(values) });
    return { state, text: diagnostics?.map(({ summary, detail }) => `${summary}\n${detail}`).join("\n") };
  }

  it("that exists already can be imported, by an id of this form", async () => {
    const { keycloak } = await standIn(() => ({ status: 409, body: { errorMessage: "Client c already exists" } }));
    const { state, text } = await applied(openidClient, keycloak, { client_id: "c", access_type: "CONFIDENTIAL" });
    expect(state).toBeNull();
    expect(text).toContain('Creating client "c" of realm "r": Keycloak answered HTTP 409, "Client c already exists"');
    expect(text).toContain("The command is `terraform import keycloak_openid_client.NAME REALM/CLIENT_UUID`.");
  });

  it("is in the state although it could not be completed", async () => {
    const { keycloak } = await standIn((_call, { method, url }) => {
      if (url!.endsWith("/composites")) return { status: method === "GET" ? 200 : 404, body: [] };
      return { status: method === "POST" ? 201 : 200, body: { id: "made", name: "n" } };
    });
    const { state, text } = await applied(role, keycloak, { name: "n", composite_roles: ["gone"] });
    expect(state).toMatchObject({ id: "made", name: "n" });
    expect(text).toContain('Composing role "n" of realm "r": Keycloak answered HTTP 404');
  });
});

describe("a login by signed JWT", () => {
  const { privateKey } = rsaPair();
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const ec = String(ecPair().privateKey.export({ type: "sec1", format: "pem" }));

  /** Logs in with these arguments and gives what the token endpoint was sent, form by form. */
  async function formsOf(options: { [name: string]: Value }, statuses = [200]) {
    const forms: URLSearchParams[] = [];
    server = createServer(async (request, response) => {
      const isToken = request.url!.endsWith("/token");
      if (isToken) forms.push(new URLSearchParams((await request.toArray()).join("")));
      response.writeHead(isToken ? (statuses[forms.length - 1] ?? 200) : 200, { "content-type": "application/json" });
      const issuer = "https://known.example/realms/master";
      response.end(JSON.stringify({ issuer, access_token: "token", expires_in: 60, realm: "r" }));
    });
    await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await readRealm(new Keycloak(connectionSettings({ url, client_id: "terraform", ...options }, {})!));
    return forms;
  }

  it("is for the issuer that discovery names, good for 60 seconds, and names its key", async () => {
    const [form] = await formsOf({ jwt_signing_key: pem });
    expect(form!.get("client_assertion_type")).toBe("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    const assertion = form!.get("client_assertion")!;
    const { payload, protectedHeader } = await jwtVerify(assertion, createPublicKey(privateKey), {
      issuer: "terraform",
      subject: "terraform",
      audience: "https://known.example/realms/master",
    });
    expect(payload.exp! - payload.iat!).toBe(60);
    expect(payload.jti).toMatch(/^[\w-]{8}\.[\w-]{22}$/);
    const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
    expect(protectedHeader).toEqual({
      alg: "RS256",
      typ: "JWT",
      kid: createHash("sha256").update(spki).digest("base64url"),
    });
  });

  it("does without the key's name where the server knows the key by another", async () => {
    const forms = await formsOf({ jwt_signing_key: ec, jwt_signing_alg: "ES256" }, [400, 200]);
    const headers = forms.map((form) => decodeProtectedHeader(form.get("client_assertion")!));
    expect(headers.map(({ kid }) => typeof kid)).toEqual(["string", "undefined"]);
  });

  it("takes an assertion as it is, or from a file, without a client id", async () => {
    const folder = mkdtempSync(join(tmpdir(), "m2m-assertion-"));
    writeFileSync(join(folder, "jwt"), "from-file\n");
    const given = { client_id: null, jwt_token: "as-it-is" };
    const [form] = await formsOf(given);
    expect(form!.has("client_id")).toBe(false);
    expect(form!.get("client_assertion")).toBe("as-it-is");
    const [other] = await formsOf({ jwt_token_file: join(folder, "jwt") });
    expect(other!.get("client_assertion")).toBe("from-file");
    rmSync(folder, { recursive: true });
  });

  it("is not needed where a token is given", async () => {
    expect(await formsOf({ access_token: "given" })).toEqual([]);
  });

  it.each([
    [{ jwt_signing_key: "no key" }, "jwt_signing_key must be a private key in unencrypted PEM"],
    [{ jwt_signing_key: pem, jwt_signing_alg: "ES256" }, "got: ES256 for a key of kind rsa"],
    [{ jwt_token_file: "/nonexistent/jwt" }, "jwt_token_file /nonexistent/jwt cannot be read, got: ENOENT"],
  ])("is refused where the key cannot be used (%#)", async (options, message) => {
    const text = await errorOf(formsOf(options));
    expect(text).toContain(message);
    expect(text).not.toContain("BEGIN");
  });
});

describe("a server with a certificate of its own", () => {
  const { certificatePem, privateKeyPem } = createServerCertificate();

  /** Reads a realm over TLS with these options in the provider block. */
  async function readOver(options: { [name: string]: Value }) {
    server = createTlsServer({ cert: certificatePem, key: privateKeyPem }, (_request, response) => {
      response.end(JSON.stringify({ access_token: "token", realm: "r" }));
    });
    await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
    const url = `https://localhost:${(server.address() as AddressInfo).port}`;
    const config = { url, client_id: "admin-cli", username: "admin", password: PASSWORD, ...options };
    return readRealm(new Keycloak(connectionSettings(config, {})!));
  }

  it("is trusted by root_ca_certificate, or unchecked if told so", async () => {
    expect(await readOver({ root_ca_certificate: certificatePem })).toMatchObject({ realm: "r" });
    expect(await readOver({ tls_insecure_skip_verify: true })).toMatchObject({ realm: "r" });
  });

  it("is refused otherwise, at once", async () => {
    expect(await errorOf(readOver({}))).toContain("DEPTH_ZERO_SELF_SIGNED_CERT (self-signed certificate)");
  });
});

describe("the provider block", () => {
  const good = { url: "http://localhost:8080/", client_id: "admin-cli", username: "admin", password: PASSWORD };

  it("is completed by the environment", () => {
    const environment = {
      KEYCLOAK_USER: "u",
      KEYCLOAK_PASSWORD: "p",
      KEYCLOAK_REALM: "ops",
      KEYCLOAK_BASE_PATH: "/auth",
    };
    const config = { url: "http://localhost:8080/", client_id: "admin-cli" };
    expect(checkConfiguration(config, environment)).toEqual([]);
    expect(connectionSettings(config, environment)).toMatchObject({
      url: "http://localhost:8080/auth",
      adminUrl: "http://localhost:8080/auth",
      realm: "ops",
      username: "u",
      timeoutMs: 15_000,
    });
  });

  it("takes 0 for no time limit at all", async () => {
    const { url } = await standIn(() => ({ status: 200, body: { realm: "r" } }));
    const settings = connectionSettings({ ...good, url, client_timeout: 0 }, {})!;
    expect(await readRealm(new Keycloak(settings))).toMatchObject({ realm: "r" });
  });

  it("is refused with a time limit in words", () => {
    const [problem] = checkConfiguration(good, { KEYCLOAK_CLIENT_TIMEOUT: "soon" });
    expect(problem!.summary).toBe("client_timeout must be between 0 and 86400 seconds, got: soon");
  });

  it("waits for what is not known yet", () => {
    expect(checkConfiguration({ ...good, url: UNKNOWN, password: UNKNOWN }, {})).toEqual([]);
    expect(connectionSettings({ ...good, url: UNKNOWN }, {})).toBeNull();
  });

  it.each([
    [{ url: "localhost:8080" }, 'url must be an http or https address, got: "localhost:8080"'],
    [{ client_id: null }, "client_id must be set"],
    [{ password: null }, "password must be set beside username [sign-in-incomplete]"],
    [{ username: null, password: null }, "a way to log in must be set [sign-in-incomplete]"],
    [{ username: null, password: null, client_id: null, client_secret: "s" }, "client_id must be set"],
    [{ client_timeout: -1 }, "client_timeout must be between 0 and 86400 seconds, got: -1"],
    [{ red_hat_sso: true }, "red_hat_sso is not supported by the embedded Keycloak provider"],
  ])("is refused with %j", (change, summary) => {
    expect(checkConfiguration({ ...good, ...change }, {}).map((one) => one.summary)).toEqual([summary]);
  });
});
