import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openIssuer } from "../../../machines/calling/open-issuer";
import type { VerifyToken } from "../../../machines/verifying/verified-token";
import { createVerifier, type VerifierOptions } from "../../../machines/verifying/verify-token";
import { publicJwk, TestIssuer, type TestKey, testFolder } from "../issuer-fixture";
import { gate, isSettled } from "../listen";

const folder = testFolder();
let server: TestIssuer;
let next: TestKey;
let foreign: TestKey;
let verify: VerifyToken;
/** What the verifier's clock is ahead of the real one, in seconds. */
let ahead = 0;
let serial = 0;
beforeAll(async () => {
  server = await new TestIssuer(await folder.rsaKey("realm.key")).start();
  next = await folder.rsaKey("next.key");
  foreign = await folder.rsaKey("foreign.key");
});
beforeEach(() => {
  server.reset();
  ahead = 0;
  verify = open();
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

function open(options: Partial<VerifierOptions> = {}): VerifyToken {
  const now = () => new Date(Date.now() + ahead * 1000);
  const at = { issuer: server.url, connectTo: server.connectTo, allowInsecureHttp: true };
  return createVerifier(openIssuer({ ...at, now, log: () => {} }), { audience: "machine-b", ...options });
}
const fetches = () => server.received.filter(({ path }) => path.endsWith("/certs")).length;
/** A token that no verifier has seen before, so that it needs a key. */
const fresh = (header = {}, key = server.key) =>
  server.mint({ exp: 4_000_000_000, jti: String(serial++) }, header, key);
/** A token of an unknown key; its signature is never looked at. */
const unknown = (kid: string) => {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  return `${encode({ alg: "RS256", typ: "JWT", kid })}.${encode(server.claims())}.AAAA`;
};
const publish = async (...keys: unknown[]) => {
  const isOwn = (key: unknown): key is TestKey => [server.key, next, foreign].includes(key as TestKey);
  const list = await Promise.all(keys.map((key) => (isOwn(key) ? publicJwk(key) : key)));
  server.answers.set("/certs", () => ({ body: { keys: list } }));
};
const outage = () => server.answers.set("/certs", () => ({ status: 503, body: "" }));
const refused = { code: "ERR_TOKEN_SIGNATURE" };
const away = { code: "ERR_UNREACHABLE" };
const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));

describe("the issuer's keys while it answers", () => {
  it("are fetched once for 500 calls at the same time", async () => {
    const tokens = await Promise.all(Array.from({ length: 500 }, () => fresh()));
    await Promise.all(tokens.map((token) => verify(token)));
    expect(fetches()).toBe(1);
  });

  it("are fetched again at five minutes, once, while calls go on with those in hand", async () => {
    await verify(await fresh());
    const { opened, open } = gate();
    server.answers.set("/certs", async () => {
      await opened;
      return { body: { keys: [await publicJwk(server.key)] } };
    });
    ahead = 299;
    await verify(await fresh());
    expect(fetches()).toBe(1);
    ahead = 301;
    for (let i = 0; i < 20; i++) await verify(await fresh());
    expect(fetches()).toBe(2);
    open();
    await sleep(50);
    await verify(await fresh());
    expect(fetches()).toBe(2);
  });

  it("are waited for when a call finds them older than ten minutes", async () => {
    const remembered = await fresh();
    for (let i = 0; i < 2; i++) await verify(remembered);
    const { opened, open } = gate();
    server.answers.set("/certs", async () => {
      await opened;
      return { body: { keys: [await publicJwk(next)] } };
    });
    ahead = 601;
    const calls = [verify(remembered), verify(await fresh())];
    expect(await isSettled(Promise.any(calls))).toBe(false);
    open();
    for (const call of calls) await expect(call).rejects.toMatchObject(refused);
  });

  it("count from the moment they are published, without a wait", async () => {
    await verify(await fresh());
    await sleep(1010);
    await publish(server.key, next);
    const since = performance.now();
    expect(await verify(await fresh({}, next))).toMatchObject({ caller: "machine-a" });
    expect(performance.now() - since).toBeLessThan(500);
  });

  it("count no more after a refresh once they are withdrawn, for a remembered token either", async () => {
    const token = await fresh();
    for (let i = 0; i < 3; i++) await verify(token);
    await publish(next);
    ahead = 301;
    await verify(token); // has them fetched
    await expect.poll(fetches).toBe(2);
    await sleep(50);
    await expect(verify(token)).rejects.toMatchObject(refused);
    expect(await verify(await fresh({}, next))).toMatchObject({ caller: "machine-a" });
  });

  it("count for a call that came while older ones were on their way", async () => {
    await verify(await fresh());
    ahead = 2;
    const { opened, open } = gate();
    server.answers.set("/certs", async () => {
      await opened;
      return { body: { keys: [await publicJwk(server.key)] } };
    });
    const before = verify(unknown("someone-elses"));
    await expect.poll(fetches).toBe(2);
    const call = verify(await fresh({}, next)); // its key is published while the request of the first is under way
    await publish(server.key, next);
    open();
    await expect(before).rejects.toMatchObject(refused);
    expect(await call).toMatchObject({ caller: "machine-a" });
    expect(fetches()).toBe(3);
  });

  it("are due, not lost for an hour, when the clock is set back by that", async () => {
    ahead = 3600;
    const late = open();
    outage();
    await expect(late(await fresh())).rejects.toMatchObject(away);
    await publish(server.key);
    ahead = 0;
    await late(await fresh());
    await publish(next);
    ahead = -3600;
    const newer = await fresh({}, next);
    expect(await isSettled(late(newer), 1500)).toBe(true);
    await expect(late(newer)).resolves.toMatchObject({ caller: "machine-a" });
  });
});

describe("the issuer's keys in an outage", () => {
  it("serve for maxStaleSeconds, and are looked for every ten seconds", async () => {
    verify = open({ maxStaleSeconds: 3600 });
    const remembered = await fresh();
    for (let i = 0; i < 2; i++) await verify(remembered);
    outage();
    ahead = 700;
    await verify(await fresh()); // waits for the attempt, as nothing is known of the outage
    expect(fetches()).toBe(2);
    for (ahead of [705, 709]) await verify(await fresh());
    expect(fetches()).toBe(2);
    for (ahead of [711, 715, 3590]) {
      await verify(await fresh());
      await verify(remembered);
      await sleep(20);
    }
    expect(fetches()).toBe(4);
    ahead = 3602;
    for (const token of [await fresh(), remembered]) await expect(verify(token)).rejects.toMatchObject(away);
    server.reset();
    ahead += 1.1; // without keys that serve it is looked for every second
    await verify(remembered);
    await verify(await fresh());
  });

  it("are fetched once a second while there are no keys", async () => {
    outage();
    for (ahead of [0, 0.2, 0.4]) await expect(verify(await fresh())).rejects.toMatchObject(away);
    expect(fetches()).toBe(1);
    server.reset();
    ahead = 1.1;
    await verify(await fresh());
  });

  it("are to be had at five minutes where maxStaleSeconds is 0, for a remembered token too", async () => {
    verify = open({ maxStaleSeconds: 0 });
    const remembered = await fresh();
    for (let i = 0; i < 2; i++) await verify(remembered);
    outage();
    ahead = 299;
    for (const token of [remembered, await fresh()]) await verify(token);
    ahead = 301;
    for (const token of [remembered, await fresh()]) await expect(verify(token)).rejects.toMatchObject(away);
  });

  it("are not waited for over and over once it is known to be away", async () => {
    await verify(await fresh());
    outage();
    ahead = 700;
    await verify(await fresh());
    server.answers.set("/certs", () => new Promise(() => {}));
    ahead = 711;
    expect(await isSettled(verify(await fresh()), 500)).toBe(true);
  });

  it("leave a token of an unknown key unjudged", async () => {
    await verify(await fresh());
    await sleep(1010);
    outage();
    await expect(verify(await fresh({}, next))).rejects.toMatchObject(away);
    await verify(await fresh());
  });
});

describe("unknown keys", () => {
  it("have the keys fetched at most once a second, and hold up no token of a known one", async () => {
    await verify(await fresh());
    const calls: Promise<unknown>[] = [];
    const since = performance.now();
    let slowest = 0;
    for (let i = 0; performance.now() - since < 2100; i++) {
      for (let j = 0; j < 5; j++) calls.push(expect(verify(unknown(`burst-${i}-${j}`))).rejects.toMatchObject(refused));
      const token = await fresh();
      const before = performance.now();
      await verify(token);
      slowest = Math.max(slowest, performance.now() - before);
      await sleep(20);
    }
    await Promise.all(calls);
    expect(calls.length).toBeGreaterThan(25);
    expect(fetches()).toBeGreaterThanOrEqual(3);
    expect(fetches()).toBeLessThanOrEqual(5);
    expect(slowest).toBeLessThan(500);
  });

  it("are remembered for ten seconds, or until the keys change", async () => {
    await verify(await fresh());
    const token = await fresh({}, next);
    await expect(verify(token)).rejects.toMatchObject(refused);
    expect(fetches()).toBe(2);
    await publish(server.key, next);
    ahead = 9;
    await expect(verify(token)).rejects.toMatchObject(refused);
    expect(fetches()).toBe(2);
    await expect(verify(unknown("another"))).rejects.toMatchObject(refused); // brings the new keys
    expect(await verify(token)).toMatchObject({ caller: "machine-a" });
    await expect(verify(unknown("another"))).rejects.toMatchObject(refused);
    expect(fetches()).toBe(3);
    ahead = 20;
    await expect(verify(unknown("another"))).rejects.toMatchObject(refused);
    expect(fetches()).toBe(4);
  });

  it("are remembered up to a thousand", async () => {
    await verify(await fresh());
    const ask = (kid: string) => expect(verify(unknown(kid))).rejects.toMatchObject(refused);
    await ask("first");
    ahead = 2;
    await Promise.all(Array.from({ length: 1000 }, (_, i) => ask(`k${i}`)));
    ahead = 4;
    const before = fetches();
    await ask("k999");
    expect(fetches()).toBe(before);
    await ask("first");
    expect(fetches()).toBe(before + 1);
  });
});

describe("a key set with odd entries", () => {
  const secret = () => server.key.privateKey.export({ format: "jwk" });
  const odd: [string, () => Promise<unknown[]>][] = [
    ["no object", async () => [null, 1, "text", [], true]],
    ["nothing known", async () => [{}, { kty: "XYZ" }, { kty: 5 }, { kty: "RSA", kid: "x" }, { kty: "EC", crv: 1 }]],
    ["a secret", async () => [{ kty: "oct", k: "c2VjcmV0", kid: server.key.kid, alg: "RS256" }]],
    ["the key for encryption", async () => [{ ...(await publicJwk(server.key)), use: "enc" }]],
    ["invalid operations", async () => [5, null, {}, "sign", []].map((key_ops) => ({ kty: "RSA", key_ops }))],
    ["a private key", async () => [{ ...secret(), kid: server.key.kid, alg: "RS256", use: "sig" }]],
  ];
  it.each(odd)("does without those: %s", async (_name, entries) => {
    await publish(...(await entries()), server.key, ...(await entries()));
    await verify(await fresh());
    await publish(...(await entries()));
    await expect(open()(await fresh())).rejects.toMatchObject(refused);
  });

  it("takes a key whose operations name verification, and a thousand keys", async () => {
    const { use, ...key } = { ...(await publicJwk(server.key)), key_ops: ["verify"] };
    const others = Array.from({ length: 999 }, (_, i) => ({ ...key, kid: `other-${i}`, use }));
    await publish(...others, key);
    await verify(await fresh());
  });

  it("takes a token by each of the keys that share its key id, and by no other", async () => {
    const other = await folder.rsaKey("other.key");
    await publish(server.key, next, next, { ...(await publicJwk(foreign)), kid: next.kid });
    await verify(await fresh({}, next));
    await verify(await fresh({ kid: next.kid }, foreign));
    await verify(await fresh());
    await expect(verify(await fresh({ kid: next.kid }, other))).rejects.toMatchObject(refused);
  });

  const broken: [string, object, string][] = [
    ["no modulus", { n: undefined }, "it is not a valid key"],
    ["a modulus that is none", { n: "" }, "RSA of 0 bits, below 2048"],
    ["a short modulus", { n: Buffer.alloc(128, 0xff).toString("base64url") }, "RSA of 1024 bits, below 2048"],
    ["the exponent 3", { e: "Aw" }, "RSA with the exponent 3"],
    ["an algorithm that is no text", { alg: 256 }, "its `alg` is not text"],
  ];
  it.each(broken)("tells a key with %s as the issuer's fault, and does without it", async (_what, change, fault) => {
    const bad = { ...(await publicJwk(next)), ...change };
    await publish(bad, server.key, next, bad);
    await verify(await fresh({}, next)); // a good key of the same id
    await publish(bad, server.key);
    const lines: string[] = [];
    const at = { issuer: server.url, connectTo: server.connectTo, allowInsecureHttp: true };
    const opened = openIssuer({ ...at, log: (line) => lines.push(line) });
    const judge = createVerifier(opened, { audience: "machine-b" });
    await judge(await fresh());
    await expect(judge(await fresh({}, next))).rejects.toMatchObject({
      code: "ERR_ISSUER_RESPONSE",
      message: `${server.url} publishes the key ${next.kid}, which cannot be used: ${fault}`,
    });
    expect(lines).toEqual([`machine: ${server.url} publishes keys that cannot be used: ${next.kid}: ${fault}`]);
    await opened.close();
  });

  it("takes a token without a key id where one key only can be meant", async () => {
    await publish(server.key, await publicJwk(await folder.key("ec.key", "ES256")));
    await verify(await fresh({ kid: undefined }));
    await expect(verify(await fresh({ kid: undefined }, foreign))).rejects.toMatchObject(refused);
    await publish(server.key, next);
    await expect(open()(await fresh({ kid: undefined }))).rejects.toMatchObject(refused);
  });
});
