import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openIssuer } from "../../../machines/calling/open-issuer";
import type { VerifiedToken } from "../../../machines/verifying/verified-token";
import { nameOf, VerifiedTokens } from "../../../machines/verifying/verified-tokens";
import { createVerifier, type VerifierOptions } from "../../../machines/verifying/verify-token";
import { TestIssuer, testFolder } from "../issuer-fixture";

const token = (caller: string, expiresAt = 2000): VerifiedToken => ({
  caller,
  subject: "s",
  audience: ["machine-b"],
  scopes: [],
  roles: [],
  expiresAt,
  claims: {},
});

describe("VerifiedTokens", () => {
  it("gives a token back until it is no longer good, and never beyond its expiry", () => {
    const tokens = new VerifiedTokens(10);
    tokens.put("a", token("a"), 0, 1_000_000);
    tokens.put("b", token("b"), 0, Number.POSITIVE_INFINITY);
    expect([tokens.get("a", 999_999), tokens.get("b", 1_999_999)]).toEqual([token("a"), token("b")]);
    expect([tokens.get("a", 1_000_000), tokens.get("b", 2_000_000)]).toEqual([undefined, undefined]);
    expect([tokens.get("a", 0), tokens.get("b", 0)]).toEqual([undefined, undefined]); // gone, whatever the clock says
  });

  it("gives no token from a time that is yet to come", () => {
    const tokens = new VerifiedTokens(10);
    tokens.put("a", token("a"), 500, 1_000_000);
    expect([tokens.get("a", 499), tokens.get("a", 500)]).toEqual([undefined, undefined]); // gone at the first look
  });

  it("gives no token of another generation", () => {
    const tokens = new VerifiedTokens(10);
    tokens.put("a", token("a"), 0, 1_000_000, 1);
    expect(tokens.get("a", 0, 1)).toBeDefined();
    expect([tokens.get("a", 0, 2), tokens.get("a", 0, 1)]).toEqual([undefined, undefined]);
  });

  it("keeps as many as it may, the oldest out first, and counts none twice", () => {
    const tokens = new VerifiedTokens(3);
    const kept = () => ["a", "b", "c", "d"].filter((name) => tokens.get(name, 0));
    for (const name of ["a", "b", "c", "c", "c"]) tokens.put(name, token(name), 0, 1_000_000);
    expect(kept()).toEqual(["a", "b", "c"]);
    tokens.put("d", token("d"), 0, 1_000_000);
    expect(kept()).toEqual(["b", "c", "d"]);
  });

  it("keeps none where it may keep none", () => {
    const tokens = new VerifiedTokens(0);
    tokens.put("a", token("a"), 0, 1_000_000);
    expect(tokens.get("a", 0)).toBeUndefined();
  });

  it("names a token by the whole of it", () => {
    const names = ["", "a", "A", "a ", "a\0", `${"a".repeat(5000)}b`, `${"a".repeat(5000)}c`].map(nameOf);
    expect(new Set(names).size).toBe(7);
    expect(names.every((name) => /^[\w+/]{43}=$/.test(name))).toBe(true);
  });
});

describe("the tokens a verifier remembers", () => {
  const folder = testFolder();
  let server: TestIssuer;
  let ahead = 0;
  const open = (options: Partial<VerifierOptions> = {}) => {
    const now = () => new Date(Date.now() + ahead * 1000);
    const at = { issuer: server.url, connectTo: server.connectTo, allowInsecureHttp: true };
    return createVerifier(openIssuer({ ...at, now, log: () => {} }), { audience: "machine-b", ...options });
  };
  const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
  beforeAll(async () => {
    server = await new TestIssuer(await folder.rsaKey("realm.key")).start();
  });
  beforeEach(() => {
    ahead = 0;
  });
  afterAll(async () => {
    await server.stop();
    folder.remove();
  });

  it("are the same object for each call, which nobody can change", async () => {
    const verify = open();
    const text = await server.mint({ exp: 4_000_000_000 });
    await verify(text); // before it there were no keys, nor anything to remember
    const first = await verify(text);
    expect(await verify(text)).toBe(first);
    const changes: (() => unknown)[] = [
      () => Object.assign(first, { caller: "admin" }),
      () => Object.assign(first, { extra: 1 }),
      () => Object.defineProperty(first, "subject", { value: "x" }),
      () => Reflect.deleteProperty(first, "expiresAt") || Promise.reject(),
      () => (first.scopes as string[]).push("admin"),
      () => ((first.scopes as string[])[0] = "admin"),
      () => (first.audience as string[]).pop(),
      () => (first.roles as string[]).push("admin"),
      () => Object.assign(first.claims, { azp: "admin" }),
      () => Object.setPrototypeOf(first, { admin: true }),
    ];
    for (const change of changes) await expect((async () => change())()).rejects.not.toBe("");
    expect(await verify(text)).toEqual({
      caller: "machine-a",
      subject: "0e6ceae9-0530-4cd3-a798-5ac2e61baf0e",
      audience: ["machine-b"],
      scopes: ["profile", "email"],
      roles: [],
      expiresAt: 4_000_000_000,
      claims: expect.objectContaining({ azp: "machine-a" }),
    });
  });

  it("are refused from their expiry on, to the tolerance where there is one", async () => {
    const [strict, tolerant] = [open(), open({ clockToleranceSeconds: 10 })];
    const text = await server.mint({ exp: inSeconds(100) });
    for (const verify of [strict, tolerant]) for (let i = 0; i < 3; i++) await verify(text);
    ahead = 98;
    await strict(text);
    ahead = 101;
    await expect(strict(text)).rejects.toMatchObject({ code: "ERR_TOKEN_EXPIRED" });
    await tolerant(text);
    ahead = 111;
    await expect(tolerant(text)).rejects.toMatchObject({ code: "ERR_TOKEN_EXPIRED" });
  });

  it("are nobody else's: 300 callers at the same time, and every change of a remembered token", async () => {
    const verify = open({ cacheSize: 100 });
    const texts = await Promise.all(
      Array.from({ length: 300 }, (_, i) => server.mint({ azp: `client-${i}`, sub: `${i}` })),
    );
    for (let round = 0; round < 3; round++) {
      const found = await Promise.all(texts.map((text) => verify(text)));
      expect(found.map(({ caller }) => caller)).toEqual(texts.map((_, i) => `client-${i}`));
      expect(found.map(({ subject }) => subject)).toEqual(texts.map((_, i) => String(i)));
    }
    const [header, payload, signature] = texts[299]!.split(".") as [string, string, string];
    await verify(texts[299]!);
    const [, otherPayload, otherSignature] = texts[298]!.split(".");
    for (const changed of [
      [header, otherPayload, signature],
      [header, payload, otherSignature],
      [header, payload, (signature.startsWith("A") ? "B" : "A") + signature.slice(1)],
      [header, payload, ""],
    ]) {
      await expect(verify(changed.join("."))).rejects.toMatchObject({ code: "ERR_TOKEN_SIGNATURE" });
    }
    for (const padded of [`${texts[299]} `, `${texts[299]}=`, `${texts[299]}.`]) {
      await expect(verify(padded)).rejects.toMatchObject({ code: "ERR_TOKEN_MALFORMED" });
    }
  });

  it("are as many as cacheSize says, and none for 0", async () => {
    const [none, two] = [open({ cacheSize: 0 }), open({ cacheSize: 2 })];
    const texts = await Promise.all(["a", "b", "c"].map((jti) => server.mint({ jti })));
    for (const verify of [none, two]) await verify(texts[0]!);
    expect(await none(texts[0]!)).not.toBe(await none(texts[0]!));
    const [first, second] = [await two(texts[0]!), await two(texts[1]!)];
    expect((await two(texts[0]!)) === first && (await two(texts[1]!)) === second).toBe(true);
    await two(texts[2]!);
    expect(await two(texts[1]!)).toBe(second);
    expect(await two(texts[0]!)).not.toBe(first);
  });

  it("are each verifier's own", async () => {
    const text = await server.mint();
    const [mine, other] = [open(), open({ audience: "machine-c" })];
    for (let i = 0; i < 2; i++) {
      await mine(text);
      await expect(other(text)).rejects.toMatchObject({ code: "ERR_TOKEN_CLAIM", claim: "aud" });
    }
  });

  it.each([
    [{ cacheSize: -1 }, "`cacheSize` must be a whole number from 0 to 1000000, got: -1"],
    [{ cacheSize: 1.5 }, "`cacheSize` must be"],
    [{ maxStaleSeconds: 604_801 }, "`maxStaleSeconds` must be a whole number from 0 to 604800, got: 604801"],
    [{ maxStaleSeconds: Number.NaN }, "`maxStaleSeconds` must be"],
    [{ clockToleranceSeconds: 61 }, "`clockToleranceSeconds` must be a whole number from 0 to 60, got: 61"],
    [{ authorizedParties: [] }, "`authorizedParties` must name at least one client"],
    [{ scopes: ["a b"] }, "`scopes` must list single scopes (RFC 6749 section 3.3), got: a b"],
    [{ scopes: ["caf\u00e9"] }, "`scopes` must list single scopes"],
  ])("are none with %o: the verifier does not start", (options, message) => {
    expect(() => open(options)).toThrow(message);
  });
});
