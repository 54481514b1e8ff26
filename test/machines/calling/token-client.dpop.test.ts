import type { IncomingMessage } from "node:http";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Issuer } from "../../../machines/calling/open-issuer";
import { openMachine } from "../../../machines/calling/open-machine";
import { requestToken } from "../../../machines/calling/request-token";
import { createTokenClient, type TokenClientOptions } from "../../../machines/calling/token-client";
import { createDpopKey } from "../../../machines/signing/dpop-key";
import { createGuard } from "../../../machines/verifying/guard";
import { createVerifier } from "../../../machines/verifying/verify-token";
import { TestIssuer, type TestKey, testFolder } from "../issuer-fixture";
import { listen } from "../listen";
import { SERVERS } from "../verifying/guarded-servers";

const folder = testFolder();
let server: TestIssuer;
let signingKey: TestKey;
let issuer: Issuer;
beforeAll(async () => {
  server = await new TestIssuer(await folder.key("realm.key", "ES256")).start();
  signingKey = await folder.key("machine-a.key", "ES256");
  server.clients.set("machine-a", signingKey);
  issuer = server.open();
});
beforeEach(() => server.reset());
afterAll(async () => {
  await issuer.close();
  await server.stop();
  folder.remove();
});

const client = (options: Partial<TokenClientOptions> = {}) =>
  createTokenClient(issuer, { clientId: "machine-a", signingKey, dpop: true, patienceMs: 0, ...options });
const guard = () =>
  createGuard({ verify: createVerifier(issuer, { audience: "machine-b", algorithms: ["ES256"] }), log: () => {} });
const grants = () => server.received.filter(({ path }) => path.endsWith("/token"));

describe.each(SERVERS)("with DPoP, an API of %s", (_, open) => {
  it("accepts each request of the client's fetch, and not a copy of one", async () => {
    const seen: IncomingMessage[] = [];
    const listener = await open(guard());
    const api = await listen((request, response) => {
      seen.push(request);
      listener(request, response);
    });
    const machine = openMachine({
      clientId: "machine-a",
      signingKey,
      issuer: server.url,
      connectTo: server.connectTo,
      allowInsecureHttp: true,
      dpop: true,
    });
    for (const path of ["/api/me", "/api/me?page=2", "/api/me?page=2"]) {
      const response = await machine.fetch(`${api.url}${path}`);
      expect(await response.json()).toMatchObject({ caller: "machine-a", before: "kept" });
    }
    expect(grants()).toHaveLength(1);
    const headers = { ...seen[0]!.headers } as Record<string, string>;
    expect(headers.authorization).toMatch(/^DPoP /);
    for (const copy of [headers, { authorization: headers.authorization!.replace("DPoP", "Bearer") }]) {
      expect((await fetch(`${api.url}/api/me`, { headers: copy })).status).toBe(401);
    }
    await machine.close();
    await api.close();
  });

  it("accepts what headersFor gives to another client of HTTP", async () => {
    const api = await listen(await open(guard()));
    const url = `${api.url}/api/me`;
    const headers = await client().headersFor({ method: "GET", url });
    expect((await fetch(url, { headers })).status).toBe(200);
    expect((await fetch(url, { headers })).status).toBe(401);
    await api.close();
  });
});

describe("a nonce", () => {
  const challenge = { "dpop-nonce": "n-1" };

  it("that the issuer demands is sent, with a new assertion and proof, and from then on", async () => {
    const answer = server.answers.get("/token")!;
    server.answers.set("/token", (received) =>
      decodeJwt(String(received.headers.dpop)).nonce === "n-1"
        ? answer(received)
        : { status: 400, body: { error: "use_dpop_nonce", error_description: "nonce" }, headers: challenge },
    );
    const dpop = createDpopKey();
    const request = { clientId: "machine-a", signingKey, dpop };
    await requestToken(issuer, request);
    await requestToken(issuer, request);
    expect(grants()).toHaveLength(3);
    expect(new Set(grants().map(({ form }) => form.get("client_assertion"))).size).toBe(3);
  });

  it("that the issuer demands again and again is an error after the second time", async () => {
    server.answers.set("/token", () => ({
      status: 400,
      body: { error: "use_dpop_nonce" },
      headers: { "dpop-nonce": `n-${grants().length}` },
    }));
    const request = requestToken(issuer, { clientId: "machine-a", signingKey, dpop: createDpopKey() });
    await expect(request).rejects.toMatchObject({ code: "ERR_CLIENT_REFUSED" });
    expect(grants()).toHaveLength(2);
  });

  it("that an API demands is sent, with the same token and body", async () => {
    const got: string[] = [];
    const api = await listen(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      const { nonce } = decodeJwt(String(request.headers.dpop));
      got.push(`${request.headers.authorization!.slice(0, 9)} ${request.method} ${nonce} ${body}`);
      const isGood = nonce === "n-1";
      response.writeHead(isGood ? 200 : 401, {
        ...challenge,
        "www-authenticate": 'DPoP error="use_dpop_nonce", error_description="a nonce, please"',
      });
      response.end();
    });
    const machine = client();
    for (const method of ["post", "PUT"]) {
      expect((await machine.fetch(`${api.url}/orders`, { method, body: "{}" })).status).toBe(200);
    }
    expect(got.map((line) => line.slice(10))).toEqual(["POST undefined {}", "POST n-1 {}", "PUT n-1 {}"]);
    expect(grants()).toHaveLength(1);
    await api.close();
  });
});

describe("a nonce that is demanded of several calls at once", () => {
  it("is sent by all of them: to an API", async () => {
    const api = await listen((request, response) => {
      const isGood = decodeJwt(String(request.headers.dpop)).nonce === "n-2";
      const challenge = { "dpop-nonce": "n-2", "www-authenticate": 'DPoP error="use_dpop_nonce"' };
      response.writeHead(isGood ? 200 : 401, challenge).end();
    });
    const machine = client();
    const answers = await Promise.all(Array.from({ length: 5 }, () => machine.fetch(api.url)));
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200));
    await api.close();
  });

  it("is sent by all of them: to the issuer", async () => {
    const answer = server.answers.get("/token")!;
    server.answers.set("/token", (received) =>
      decodeJwt(String(received.headers.dpop)).nonce === "n-2"
        ? answer(received)
        : { status: 400, body: { error: "use_dpop_nonce" }, headers: { "dpop-nonce": "n-2" } },
    );
    const machine = client();
    const tokens = await Promise.all(["a", "b", "c"].map((scope) => machine.getToken(scope)));
    expect(new Set(tokens).size).toBe(3);
  });
});

describe("an issuer without DPoP", () => {
  it("that names no token endpoint is at fault", async () => {
    const discovery = "/.well-known/openid-configuration";
    server.answers.set(discovery, () => ({ body: { issuer: server.url } }));
    const other = server.open();
    const request = requestToken(other, { clientId: "machine-a", signingKey, dpop: createDpopKey() });
    await expect(request).rejects.toMatchObject({ code: "ERR_ISSUER_RESPONSE" });
    await other.close();
  });

  it("is an error where tokens are to be bound", async () => {
    server.answers.set("/token", async () => ({
      body: { access_token: await server.mint(), token_type: "Bearer", expires_in: 300 },
    }));
    await expect(client().getToken()).rejects.toMatchObject({
      code: "ERR_ISSUER_RESPONSE",
      message: expect.stringContaining('of type "bearer" where one that is bound to a key is needed'),
    });
  });
});

it("a bound token is an error where none was asked for, and the message names the option", async () => {
  server.answers.set("/token", async () => ({
    body: { access_token: await server.mint(), token_type: "DPoP", expires_in: 300 },
  }));
  await expect(client({ dpop: false }).getToken()).rejects.toThrow("set the option `dpop`, or turn DPoP off");
});

it.each([{}, "true", 1])("dpop given as %j is refused at once", (dpop) => {
  expect(() => client({ dpop: dpop as never })).toThrow("`dpop` must be true or a key by createDpopKey");
});
