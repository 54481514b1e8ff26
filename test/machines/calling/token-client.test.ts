import { decodeJwt } from "jose";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Issuer, openIssuer } from "../../../machines/calling/open-issuer";
import { createTokenClient, type TokenClientOptions } from "../../../machines/calling/token-client";
import { TestIssuer, type TestKey, testFolder } from "../issuer-fixture";
import { gate } from "../listen";

const folder = testFolder();
let server: TestIssuer;
let signingKey: TestKey;
let issuer: Issuer;
/** What the machine's clock is ahead of the real one. */
let aheadMs = 0;
const lines: string[] = [];
const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);

beforeAll(async () => {
  server = await new TestIssuer(await folder.key("realm.key", "ES256")).start();
  signingKey = await folder.key("machine-a.key", "ES256");
  server.clients.set("machine-a", signingKey);
  process.on("unhandledRejection", note);
});
beforeEach(() => {
  server.reset();
  aheadMs = 0;
  lines.length = 0;
  issuer = openIssuer({
    issuer: server.url,
    connectTo: server.connectTo,
    allowInsecureHttp: true,
    now: () => new Date(Date.now() + aheadMs),
    log: () => {},
  });
});
afterEach(async () => {
  await issuer.close();
  expect(unhandled).toEqual([]);
});
afterAll(async () => {
  process.off("unhandledRejection", note);
  await server.stop();
  folder.remove();
});

const client = (options: Partial<TokenClientOptions> = {}) =>
  createTokenClient(issuer, { clientId: "machine-a", signingKey, log: (line) => lines.push(line), ...options });
const grants = () => server.received.filter(({ path }) => path.endsWith("/token")).map(({ form }) => form);
const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));
const refusal = { status: 401, body: { error: "invalid_client" } };

describe("getToken", () => {
  it("makes one grant for 10,000 calls at the same time, and discovers the issuer once", async () => {
    const { getToken } = client();
    const tokens = await Promise.all(Array.from({ length: 10_000 }, () => getToken()));
    expect(new Set(tokens).size).toBe(1);
    expect(decodeJwt(tokens[0]!)).toMatchObject({ azp: "machine-a" });
    expect(server.received).toHaveLength(2);
  });

  it("keeps a token for each set of scopes, however it is written", async () => {
    const { getToken } = client({ scope: "orders:read" });
    const same = ["b a", "a b", " a  b ", "a b a"];
    expect(new Set(await Promise.all(same.map(getToken))).size).toBe(1);
    await Promise.all([getToken(), getToken("orders:read"), getToken("a"), getToken("")]);
    const asked = grants().map((form) => form.get("scope"));
    expect(asked.sort()).toEqual([null, "a", "a b", "orders:read"].sort());
  });

  it("fails on what is no scope, at once if it is an option", async () => {
    const { getToken } = client();
    for (const scope of [null, 1, "a\nb", "a\u001b[2J"] as string[]) {
      await expect(getToken(scope)).rejects.toMatchObject({ code: "ERR_OPTION" });
      expect(() => client({ scope })).toThrow(expect.objectContaining({ code: "ERR_OPTION" }));
    }
    expect(grants()).toEqual([]);
  });

  it("says once that a token does not name a scope that was asked for", async () => {
    const body = { access_token: "x", token_type: "Bearer", expires_in: 1, scope: "profile" };
    server.answers.set("/token", () => ({ body }));
    const { getToken } = client();
    for (let call = 0; call < 3; call++) await getToken("orders profile");
    await getToken("profile");
    await getToken();
    expect(grants()).toHaveLength(5);
    expect(lines).toEqual([
      `machine: ${server.url} granted machine-a a token that does not name the scope orders, which was asked for; it names: profile`,
    ]);
  });

  it("asks for an audience where it is told to", async () => {
    await client({ audience: "orders" }).getToken();
    await client().getToken();
    expect(grants().map((form) => form.get("audience"))).toEqual(["orders", null]);
  });

  it("refreshes ahead of expiry, and behind the call's back", async () => {
    const token = server.answers.get("/token")!;
    const later = gate();
    server.answers.set("/token", async (received) => {
      if (grants().length > 1) await later.opened;
      const { body } = await token(received);
      return { body: { ...(body as object), expires_in: 4 } };
    });
    const { getToken } = client({ refreshAfter: 0.1 });
    const first = await getToken();
    await sleep(600); // a sixth of the 3 s in use is half a second
    expect(new Set(await Promise.all(Array.from({ length: 100 }, () => getToken())))).toEqual(new Set([first]));
    await expect.poll(() => grants().length).toBe(2);
    expect(await getToken()).toBe(first);
    later.open();
    await expect.poll(() => getToken()).not.toBe(first);
    expect(grants()).toHaveLength(2);
  });

  it("signs anew for each attempt, and recovers by itself while a call waits", async () => {
    const token = server.answers.get("/token")!;
    let outage = 2;
    server.answers.set("/token", (received) => (outage-- > 0 ? { status: 503, body: "" } : token(received)));
    expect(await client().getToken()).toMatch(/^eyJ/);
    const ids = grants().map((form) => decodeJwt(form.get("client_assertion")!).jti);
    expect(new Set(ids).size).toBe(3);
  });

  it("waits as long as the issuer asks for, at the token endpoint and at others", async () => {
    for (const [path, status] of [["/.well-known/openid-configuration", 429] as const, ["/token", 503] as const]) {
      const answer = server.answers.get(path)!;
      server.answers.set(path, () => {
        server.answers.set(path, answer);
        return { status, body: "", headers: { "retry-after": "1" } };
      });
    }
    const since = performance.now();
    await client({ patienceMs: 5000 }).getToken();
    expect(performance.now() - since).toBeGreaterThanOrEqual(2000);
    expect(grants()).toHaveLength(2);
  });

  it("does not wait for an issuer that asks for more than patience", async () => {
    server.answers.set("/token", () => ({ status: 503, body: "", headers: { "retry-after": "100000" } }));
    const { getToken } = client({ patienceMs: 20_000 });
    const since = performance.now();
    await expect(getToken()).rejects.toMatchObject({ code: "ERR_UNREACHABLE", retryAfterSeconds: 100_000 });
    expect(performance.now() - since).toBeLessThan(1000);
  });

  it("fails with ERR_UNREACHABLE after patience when nobody listens, and keeps no call waiting beyond", async () => {
    const { port } = server;
    await server.stop();
    try {
      const since = performance.now();
      await expect(client({ patienceMs: 500 }).getToken()).rejects.toMatchObject({ code: "ERR_UNREACHABLE" });
      expect(performance.now() - since).toBeLessThan(900);
    } finally {
      await server.start(port);
    }
  });

  it("fails with ERR_ISSUER_RESPONSE on an unusable answer, after its patience too", async () => {
    server.answers.set("/token", () => ({ body: "<html>", type: "text/html" }));
    await expect(client({ patienceMs: 2000 }).getToken()).rejects.toMatchObject({ code: "ERR_ISSUER_RESPONSE" });
    expect(grants().length).toBeGreaterThan(1);
  });

  it("asks once a second for each scope while its client is refused, in any order of calls", async () => {
    server.answers.set("/token", () => refusal);
    const { getToken } = client();
    const since = performance.now();
    while (performance.now() - since < 800) {
      for (const scope of ["a", "b"]) {
        await expect(getToken(scope)).rejects.toMatchObject({ code: "ERR_CLIENT_REFUSED" });
      }
      await sleep(10);
    }
    expect(grants().map((form) => form.get("scope"))).toEqual(["a", "b"]);
  });

  it("leaves no rejection behind that nobody handles", async () => {
    const { getToken } = client({ patienceMs: 0 });
    await getToken();
    server.answers.set("/token", () => refusal);
    aheadMs = 250_000;
    await Promise.all(Array.from({ length: 10 }, () => getToken()));
    await expect.poll(() => lines).toHaveLength(1);
    expect(lines[0]).toContain("[ERR_CLIENT_REFUSED]");
    expect(lines[0]).not.toContain("eyJ");
    aheadMs = 400_000;
    await Promise.allSettled(Array.from({ length: 10 }, () => getToken()));
    await sleep(20); // afterEach looks at what came
  });
});

describe("createTokenClient", () => {
  it.each([
    [{ clientId: "" }, "`clientId` must not be empty"],
    [{ refreshAfter: 0.09 }, "`refreshAfter` must be a number from 0.1 to 0.9, got: 0.09"],
    [{ refreshAfter: 0.91 }, "`refreshAfter` must be a number from 0.1 to 0.9, got: 0.91"],
    [{ refreshAfter: Number.NaN }, "`refreshAfter` must be a number from 0.1 to 0.9, got: NaN"],
    [{ patienceMs: -1 }, "`patienceMs` must be a number from 0 to 600000, got: -1"],
    [{ patienceMs: Number.POSITIVE_INFINITY }, "`patienceMs` must be a number from 0 to 600000, got: Infinity"],
  ])("does not start with %o", (options, message) => {
    expect(() => client(options)).toThrow(expect.objectContaining({ code: "ERR_OPTION", message }));
  });

  it("sends nothing before the first call", async () => {
    client();
    await sleep(20);
    expect(server.received).toHaveLength(0);
  });
});
