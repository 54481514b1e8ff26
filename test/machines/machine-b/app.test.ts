import { request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Issuer } from "../../../machines/calling/open-issuer";
import { buildApp } from "../../../machines/machine-b/app";
import { TestIssuer, type TestKey, testFolder } from "../issuer-fixture";

const folder = testFolder();
let server: TestIssuer;
let foreign: TestKey;
let signingKey: TestKey;
let issuer: Issuer;
let app: ReturnType<typeof buildApp>;
const lines: string[] = [];
beforeAll(async () => {
  server = await new TestIssuer(await folder.rsaKey("realm.key")).start();
  foreign = await folder.rsaKey("foreign.key");
  signingKey = await folder.rsaKey("machine-b.key");
  server.clients.set("machine-b", signingKey);
});
beforeEach(() => {
  server.reset();
  lines.length = 0;
  issuer = server.open();
  app = buildApp({ issuer, audience: "machine-b", clientId: "machine-b", signingKey, log: (line) => lines.push(line) });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

const routes = [
  { path: "/api/protected", verified: "offline" },
  { path: "/api/protected/online", verified: "online" },
];
const get = (path: string, authorization?: string) =>
  app.request(path, { headers: authorization === undefined ? {} : { authorization } });

describe.each(routes)("GET $path", ({ path, verified }) => {
  it("answers with what the token says", async () => {
    const response = await get(path, `Bearer ${await server.mint({ exp: 4_000_000_000 })}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.has("www-authenticate")).toBe(false);
    expect(await response.json()).toEqual({
      caller: "machine-a",
      subject: "0e6ceae9-0530-4cd3-a798-5ac2e61baf0e",
      audience: ["machine-b"],
      scopes: ["profile", "email"],
      roles: [],
      expiresAt: 4_000_000_000,
      verified,
    });
  });

  it("takes the scheme in any case", async () => {
    expect((await get(path, `bearer ${await server.mint()}`)).status).toBe(200);
  });

  it.each(["Bearer", "Bearer ", "Bearer a.b.c, Bearer d.e.f"])("answers 400 to %j", async (authorization) => {
    const response = await get(path, authorization);
    expect(response.status).toBe(400);
    expect(response.headers.get("www-authenticate")).toBe(
      'Bearer realm="machine-b", error="invalid_request", error_description="send one bearer token"',
    );
    expect(await response.json()).toMatchObject({ error: "invalid_request" });
  });

  it.each([undefined, "", "Basic bWFjaGluZS1hOng=", "Bearerx.y.z"])(
    "answers 401 and no error code when no token was sent: %j",
    async (authorization) => {
      const response = await get(path, authorization);
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toBe('Bearer realm="machine-b"');
      expect(await response.json()).toMatchObject({ error: "unauthorized" });
    },
  );

  const refused: [string, () => Promise<string> | string, string][] = [
    ["malformed", () => "token", "ERR_TOKEN_(MALFORMED|INACTIVE)"],
    ["with a quote", () => 'a"b', "ERR_TOKEN_MALFORMED"],
    ["of 100,000 characters", () => "a".repeat(100_000), "ERR_TOKEN_(MALFORMED|INACTIVE)"],
    ["expired", () => server.mint({ exp: 1_000_000_000 }), "ERR_TOKEN_(EXPIRED|INACTIVE)"],
    ["for another audience", () => server.mint({ aud: "machine-c" }), "ERR_TOKEN_CLAIM"],
    ["for no audience", () => server.mint({ aud: undefined }), "ERR_TOKEN_CLAIM"],
    ["of another issuer", () => server.mint({ iss: `${server.url}-other` }), "ERR_TOKEN_(CLAIM|INACTIVE)"],
    ["of a foreign key", () => server.mint({}, {}, foreign), "ERR_TOKEN_(SIGNATURE|INACTIVE)"],
    ["that is an ID token", () => server.mint({ typ: "ID" }), "ERR_TOKEN_TYPE"],
  ];
  it.each(refused)("answers 401 to a token %s", async (_name, make, code) => {
    const token = await make();
    const response = await get(path, `Bearer ${token}`);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(
      /^Bearer realm="machine-b", error="invalid_token", error_description="[^"\\]+"$/,
    );
    const body = await response.json();
    expect(body).toMatchObject({ error: "invalid_token", code: expect.stringMatching(`^${code}$`) });
    expect(JSON.stringify(body)).not.toContain(token.length > 20 ? token : `"${token}"`);
  });

  it("answers 503 while the issuer cannot be reached, says so in the log, and recovers by itself", async () => {
    const token = `Bearer ${await server.mint()}`;
    const { port } = server;
    await server.stop();
    try {
      const response = await get(path, token);
      expect(response.status).toBe(503);
      expect(response.headers.get("retry-after")).toBe("2");
      expect(await response.json()).toEqual({ error: "temporarily_unavailable", code: "ERR_UNREACHABLE" });
      expect(lines).toEqual([
        `machine: a request is answered with 503: no answer from ${server.url}/.well-known/openid-configuration (at 127.0.0.1:${port}): ECONNREFUSED; check that it runs and that the address is right [ERR_UNREACHABLE]`,
      ]);
    } finally {
      await server.start(port);
    }
    await vi.waitFor(async () => expect((await get(path, token)).status).toBe(200), { timeout: 3000, interval: 100 });
  });

  it.each([500, 404, 302, 429])("answers 503 while the issuer says %s", async (status) => {
    server.answers.set("/.well-known/openid-configuration", () => ({ status, body: "" }));
    expect((await get(path, `Bearer ${await server.mint()}`)).status).toBe(503);
  });
});

describe("a revoked token", () => {
  it("is refused online at once, and accepted offline until it expires", async () => {
    const token = `Bearer ${await server.mint()}`;
    expect((await get("/api/protected/online", token)).status).toBe(200);
    server.answers.set("/token/introspect", () => ({ body: { active: false } }));
    const response = await get("/api/protected/online", token);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain('error="invalid_token"');
    expect(await response.json()).toMatchObject({ code: "ERR_TOKEN_INACTIVE" });
    expect((await get("/api/protected", token)).status).toBe(200);
  });
});

describe("offline verification", () => {
  it("goes on without the issuer once it has the keys", async () => {
    const token = `Bearer ${await server.mint()}`;
    await get("/api/protected", token);
    const { port } = server;
    await server.stop();
    expect((await get("/api/protected", token)).status).toBe(200);
    expect((await get("/api/protected/online", token)).status).toBe(503);
    await server.start(port);
  });
});

describe("the app", () => {
  it("is up without the issuer, and ready with it", async () => {
    server.answers.set("/.well-known/openid-configuration", () => ({ status: 404, body: "" }));
    expect(await (await get("/healthz")).json()).toEqual({ status: "up" });
    expect(server.received).toHaveLength(0);
    expect((await get("/readyz")).status).toBe(503);
    server.reset();
    expect(await (await get("/readyz")).json()).toEqual({ status: "ready" });
  });

  it("answers 503 and tells its operator why when its own client is refused", async () => {
    const other = await folder.rsaKey("other.key");
    const log = (line: string) => lines.push(line);
    const broken = buildApp({ issuer, audience: "machine-b", clientId: "machine-b", signingKey: other, log });
    const headers = { authorization: `Bearer ${await server.mint()}` };
    expect((await broken.request("/api/protected/online", { headers })).status).toBe(503);
    expect(lines.join()).toContain("[ERR_CLIENT_REFUSED]");
    expect(lines.join()).not.toContain("eyJ");
  });

  it("answers a fault of its own with 500 and no detail", async () => {
    const metadata = () => Promise.reject(new RangeError("a detail"));
    const log = (line: string) => lines.push(line);
    const broken = buildApp({ issuer: { ...issuer, metadata }, audience: "x", clientId: "x", signingKey, log });
    const response = await broken.request("/readyz");
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ error: "server_error" });
    expect(lines).toEqual(["machine-b: GET /readyz answered 500: RangeError"]);
  });

  it("quotes its name in the challenge", async () => {
    const quoted = buildApp({ issuer, audience: 'a "b" \\c', clientId: "machine-b", signingKey });
    const response = await quoted.request("/api/protected");
    expect(response.headers.get("www-authenticate")).toBe('Bearer realm="a \\"b\\" \\\\c"');
  });

  it("does not start without an audience", () => {
    const build = () => buildApp({ issuer, audience: "", clientId: "machine-b", signingKey });
    expect(build).toThrow("`audience` must name this API");
  });

  it("answers nobody without a certificate where one is required, but health checks", async () => {
    const options = { issuer, audience: "machine-b", clientId: "machine-b", signingKey, requiresCertificate: true };
    const strict = buildApp(options);
    const headers = { authorization: `Bearer ${await server.mint()}` };
    const response = await strict.request("/api/protected", { headers });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe(
      'Bearer error="client_certificate_required", error_description="connect with a client certificate that is trusted here: none was sent"',
    );
    expect((await strict.request("/elsewhere")).status).toBe(401);
    for (const path of ["/healthz", "/readyz"]) expect((await strict.request(path)).status).toBe(200);
  });

  it("has nothing else", async () => {
    expect((await get("/")).status).toBe(404);
    expect((await app.request("/api/protected", { method: "POST" })).status).toBe(404);
  });

  it("gives no 5xx over a real socket for anything a caller sends in a header or an address", async () => {
    const listening = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
    await new Promise((resolve) => listening.once("listening", resolve));
    const { port } = listening.address() as AddressInfo;
    const send = (path: string, headers: string[], method = "GET") =>
      new Promise<number>((resolve, reject) => {
        httpRequest({ port, host: "127.0.0.1", path, method, headers: ["Host", `localhost:${port}`, ...headers] })
          .on("response", (response) => resolve(response.resume().statusCode ?? 0))
          .on("error", reject)
          .end();
      });
    const token = await server.mint();
    try {
      expect(await send("/api/protected", ["Authorization", `Bearer ${token}`])).toBe(200);
      const twice = ["Authorization", `Bearer ${token}`, "Authorization", `Bearer ${token}x`];
      expect(await send("/api/protected", twice)).toBe(400);
      expect(await send("/api/protected", ["Authorization", `Bearer ${"a".repeat(20_000)}`])).toBe(431);
      expect(await send("/api/protected", ["Authorization", "Bearer \u00e9\u00ff"])).toBe(401);
      expect(await send("/api/protected/%ff%00", [])).toBe(404);
      expect(await send("//", [])).toBe(404);
      expect(await send("/api/protected", ["Cookie", "x".repeat(10_000)])).toBe(401);
      expect(await send("/api/protected?access_token=x", [])).toBe(401);
      expect(await send("/api/protected", [], "HEAD")).toBe(401);
    } finally {
      listening.close();
    }
  });
});
