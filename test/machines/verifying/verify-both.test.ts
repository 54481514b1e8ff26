import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Issuer, openIssuer } from "../../../machines/calling/open-issuer";
import { TokenError } from "../../../machines/errors";
import { createIntrospector, type IntrospectorOptions } from "../../../machines/verifying/introspect-token";
import type { VerifiedToken } from "../../../machines/verifying/verified-token";
import { type BothOptions, verifyBoth } from "../../../machines/verifying/verify-both";
import { createVerifier } from "../../../machines/verifying/verify-token";
import { TestIssuer, type TestKey, testFolder } from "../issuer-fixture";

const folder = testFolder();
let server: TestIssuer;
let signingKey: TestKey;
let issuer: Issuer;
/** What the clocks of `verifyBoth` and of the issuer are ahead of the real one, in seconds. */
let ahead = 0;
let issuerAhead = 0;
let token: string;
const now = () => new Date(Date.now() + ahead * 1000);
beforeAll(async () => {
  server = await new TestIssuer(await folder.rsaKey("realm.key")).start();
  signingKey = await folder.key("machine-b.key", "ES256");
  server.clients.set("machine-b", signingKey);
});
beforeEach(async () => {
  server.reset();
  ahead = 0;
  issuerAhead = 0;
  const at = { issuer: server.url, connectTo: server.connectTo, allowInsecureHttp: true };
  issuer = openIssuer({ ...at, now: () => new Date(Date.now() + issuerAhead * 1000), log: () => {} });
  token = await server.mint();
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

const audience = "machine-b";
const introspector = (options: Partial<IntrospectorOptions> = {}) =>
  createIntrospector(issuer, { clientId: "machine-b", signingKey, audience, ...options });
const both = (options: Partial<BothOptions> = {}) =>
  verifyBoth({ offline: createVerifier(issuer, { audience }), online: introspector(), now, ...options });
const questions = () => server.received.filter(({ path }) => path.endsWith("/introspect")).length;
const revoke = () => server.answers.set("/token/introspect", () => ({ body: { active: false } }));
const outage = () => server.answers.set("/token/introspect", () => ({ status: 503, body: "" }));
const inactive = { code: "ERR_TOKEN_INACTIVE" };
const away = { code: "ERR_UNREACHABLE" };

describe("verifyBoth", () => {
  it("asks for a token's first call, and then for one in everyCalls", async () => {
    const verify = both({ everyCalls: 5 });
    const asked: number[] = [];
    for (let i = 0; i < 12; i++) {
      expect(await verify(token)).toMatchObject({ caller: "machine-a" });
      asked.push(questions());
    }
    expect(asked).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3]);
    await verify(await server.mint({ jti: "another" }));
    expect(questions()).toBe(4);
  });

  it("refuses two answers that speak of different tokens, even in an outage", async () => {
    for (const other of [{ azp: "machine-x", client_id: "machine-x" }, { sub: "somebody" }, { exp: 4_000_000_000 }]) {
      const body = { ...server.claims(), ...other, active: true };
      server.answers.set("/token/introspect", () => ({ body }));
      const verify = both({ acceptUncheckedDuringOutage: true });
      for (let i = 0; i < 2; i++) {
        await expect(verify(token)).rejects.toMatchObject({
          code: "ERR_OPTION",
          message: expect.stringContaining(
            "`offline` and `online` must verify for one issuer: its answer has another ",
          ),
        });
      }
    }
  });

  it("asks after everySeconds, however few the calls", async () => {
    const verify = both({ everySeconds: 30 });
    for (ahead of [0, 29]) await verify(token);
    expect(questions()).toBe(1);
    for (ahead of [30.1, 59]) await verify(token);
    expect(questions()).toBe(2);
    ahead = -3600; // how long ago the last question was is not known then
    await verify(token);
    expect(questions()).toBe(3);
  });

  it("asks at every call with everyCalls 1", async () => {
    const verify = both({ everyCalls: 1 });
    for (let i = 0; i < 3; i++) await verify(token);
    expect(questions()).toBe(3);
  });

  it("refuses a revoked token within either bound, for good, and no other", async () => {
    const other = await server.mint({ jti: "another" });
    const [byCalls, bySeconds] = [both({ everyCalls: 10, everySeconds: 3600 }), both({ everySeconds: 30 })];
    for (const verify of [byCalls, bySeconds]) for (const one of [token, other]) await verify(one);
    revoke();
    let passed = 0;
    while (await byCalls(token).then(Boolean, () => false)) passed++;
    expect(passed).toBe(9);
    ahead = 31;
    await expect(bySeconds(token)).rejects.toMatchObject(inactive);
    const before = questions();
    outage(); // nobody is asked about what has been said
    for (const verify of [byCalls, bySeconds]) await expect(verify(token)).rejects.toMatchObject(inactive);
    expect(questions()).toBe(before);
    expect(await byCalls(other)).toMatchObject({ caller: "machine-a" });
  });

  it("shares a question among the calls that come meanwhile", async () => {
    const offline = createVerifier(issuer, { audience });
    for (let i = 0; i < 2; i++) await offline(token); // remembered, so that no call is late for the question
    const verify = both({ offline, everyCalls: 2 });
    for (let round = 1; round <= 2; round++) {
      await Promise.all(Array.from({ length: 200 }, () => verify(token)));
      expect(questions()).toBe(round);
      await verify(token);
    }
    revoke();
    const outcomes = await Promise.allSettled(Array.from({ length: 200 }, () => verify(token)));
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(["rejected"]));
    expect(questions()).toBe(3);
  });

  it("fails in an outage where the issuer is to be asked, or accepts and asks every two seconds until it answers", async () => {
    const [strict, lenient] = [both(), both({ acceptUncheckedDuringOutage: true, everyCalls: 3 })];
    outage();
    await expect(strict(token)).rejects.toMatchObject(away);
    expect(questions()).toBe(1);
    for (let i = 0; i < 4; i++) await lenient(token);
    expect(questions()).toBe(2);
    server.reset();
    await sleep(2050);
    for (let i = 0; i < 3; i++) await lenient(token);
    expect(questions()).toBe(1);
    outage();
    for (let i = 0; i < 3; i++) await lenient(token);
    expect(questions()).toBe(2);
    revoke();
    await sleep(2050);
    await expect(lenient(token)).rejects.toMatchObject(inactive);
    outage();
    await expect(lenient(token)).rejects.toMatchObject(inactive);
  });

  it("takes no verdict on this API's own client for an outage", async () => {
    const lenient = both({ acceptUncheckedDuringOutage: true });
    server.answers.set("/token/introspect", () => ({ status: 401, body: { error: "invalid_client" } }));
    await expect(lenient(token)).rejects.toMatchObject({ code: "ERR_CLIENT_REFUSED" });
  });

  it("asks again about a token that an issuer in trouble could not judge", async () => {
    const verify = both();
    server.answers.set("/token/introspect", () => ({ status: 400, body: { error: "invalid_request" } }));
    await expect(verify(token)).rejects.toMatchObject({ code: "ERR_ISSUER_RESPONSE" });
    server.reset();
    expect(await verify(token)).toMatchObject({ caller: "machine-a" });
  });

  it("accepts nothing unchecked that fails offline, nor asks about it", async () => {
    const verify = both({ acceptUncheckedDuringOutage: true });
    outage();
    for (const bad of ["x", await server.mint({ exp: 1 }), await server.mint({ aud: "machine-c" })]) {
      await expect(verify(bad)).rejects.toBeInstanceOf(TokenError);
    }
    expect(questions()).toBe(0);
  });

  it("remembers no refusal but the issuer's own", async () => {
    const verify = both({ online: introspector({ scopes: ["orders:read"] }) });
    for (let i = 0; i < 2; i++) {
      await expect(verify(token)).rejects.toMatchObject({ code: "ERR_TOKEN_SCOPE", scopes: ["orders:read"] });
    }
    expect(questions()).toBe(2);
  });

  it("forgets the oldest of more than 10,000 tokens, and asks about it again", async () => {
    const verified = {} as VerifiedToken;
    const asked: string[] = [];
    const online = async (one: string) => {
      asked.push(one);
      return one.startsWith("bad") ? Promise.reject(new TokenError("ERR_TOKEN_INACTIVE", "revoked")) : verified;
    };
    const verify = verifyBoth({ offline: async () => verified, online });
    await expect(verify("bad")).rejects.toMatchObject(inactive);
    for (let i = 0; i < 9999; i++) await verify(`token-${i}`);
    await expect(verify("bad")).rejects.toMatchObject(inactive);
    expect(asked.filter((one) => one === "bad")).toHaveLength(1);
    await verify("one more");
    await expect(verify("bad")).rejects.toMatchObject(inactive);
    expect(asked.filter((one) => one === "bad")).toHaveLength(2);
  });

  it.each([
    [{ everyCalls: 0 }, "`everyCalls` must be 1 or more, got: 0"],
    [{ everySeconds: 0.5 }, "`everySeconds` must be 1 or more, got: 0.5"],
    [{ everyCalls: Number.NaN }, "`everyCalls` must be 1 or more, got: NaN"],
  ])("does not start with %o", (options, message) => {
    expect(() => both(options)).toThrow(expect.objectContaining({ code: "ERR_OPTION", message }));
  });
});

describe("createIntrospector's clockToleranceSeconds", () => {
  it("bears a clock that is ahead of the issuer's by as much", async () => {
    const exp = Math.floor(Date.now() / 1000) - 5;
    server.answers.set("/token/introspect", () => ({ body: { ...server.claims(), exp, active: true } }));
    await expect(introspector()(token)).rejects.toMatchObject({ code: "ERR_TOKEN_EXPIRED" });
    expect(await introspector({ clockToleranceSeconds: 10 })(token)).toMatchObject({ caller: "machine-a" });
  });
});

describe("createIntrospector's cacheSeconds", () => {
  it("does not grow when the clock is set back", async () => {
    const verify = introspector({ cacheSeconds: 10 });
    await verify(token);
    issuerAhead = -250;
    revoke();
    await expect(verify(token)).rejects.toMatchObject(inactive);
  });

  it("remembers nothing unless it is set", async () => {
    const verify = introspector();
    for (let i = 0; i < 3; i++) await verify(token);
    expect(questions()).toBe(3);
  });

  it("spares the question for as long, and no longer", async () => {
    const verify = introspector({ cacheSeconds: 10 });
    for (issuerAhead of [0, 5, 9.9]) await verify(token);
    expect(questions()).toBe(1);
    revoke();
    await verify(token);
    issuerAhead = 10.1;
    await expect(verify(token)).rejects.toMatchObject(inactive);
  });

  it("remembers active tokens only", async () => {
    const verify = introspector({ cacheSeconds: 60 });
    revoke();
    for (let i = 0; i < 2; i++) await expect(verify(token)).rejects.toMatchObject(inactive);
    outage();
    for (let i = 0; i < 2; i++) await expect(verify(token)).rejects.toMatchObject(away);
    expect(questions()).toBe(4);
    server.reset();
    expect(await verify(token)).toMatchObject({ caller: "machine-a" });
  });

  it("ends with the token", async () => {
    const verify = introspector({ cacheSeconds: 60 });
    const body = { ...server.claims(), exp: Math.floor(Date.now() / 1000) + 20, active: true };
    server.answers.set("/token/introspect", () => ({ body }));
    for (issuerAhead of [0, 18]) await verify(token);
    expect(questions()).toBe(1);
    issuerAhead = 21;
    await expect(verify(token)).rejects.toMatchObject({ code: "ERR_TOKEN_EXPIRED" });
    expect(questions()).toBe(2);
  });

  it.each([-1, 61, Number.NaN])("may not be %d", (cacheSeconds) => {
    expect(() => introspector({ cacheSeconds })).toThrow("`cacheSeconds` must be a number from 0 to 60, got:");
  });
});
