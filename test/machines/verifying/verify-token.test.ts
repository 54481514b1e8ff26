import { createHmac, sign } from "node:crypto";
import { inspect } from "node:util";
import { gzipSync } from "node:zlib";
import { type JWTHeaderParameters, type JWTPayload, SignJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Issuer } from "../../../machines/calling/open-issuer";
import { OptionError, TokenError } from "../../../machines/errors";
import { createIntrospector } from "../../../machines/verifying/introspect-token";
import type { VerifyToken } from "../../../machines/verifying/verified-token";
import { createVerifier } from "../../../machines/verifying/verify-token";
import { rsaPair } from "../../generated-key";
import { publicJwk, TestIssuer, type TestKey, testFolder } from "../issuer-fixture";

const folder = testFolder();
let server: TestIssuer;
let foreign: TestKey;
let issuer: Issuer;
let verify: VerifyToken;
beforeAll(async () => {
  server = await new TestIssuer(await folder.rsaKey("realm.key")).start();
  foreign = await folder.rsaKey("foreign.key");
});
beforeEach(() => {
  server.reset();
  issuer = server.open();
  verify = createVerifier(issuer, { audience: "machine-b" });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

const packed = { "content-encoding": "gzip" };
const seconds = () => Math.floor(Date.now() / 1000);
const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString("base64url");
/** Signs whatever it is given with the realm's key. */
function signRaw(header: object, payload: string): string {
  const head = encode({ alg: "RS256", typ: "JWT", kid: server.key.kid, ...header });
  const signed = `${head}.${Buffer.from(payload).toString("base64url")}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), server.key.privateKey).toString("base64url")}`;
}

describe("what is no token at all", () => {
  const nothing = [undefined, null, 1, {}, [], new String("a.b.c"), Symbol("x")] as unknown as string[];
  it.each(nothing)("is refused as malformed, offline and online: %s", async (token) => {
    const rules = { audience: "machine-b", clientId: "machine-b", signingKey: server.key };
    for (const verify of [createVerifier(issuer, rules), createIntrospector(issuer, rules)]) {
      await expect(verify(token)).rejects.toMatchObject({
        code: "ERR_TOKEN_MALFORMED",
        message: expect.stringContaining("the token must be text, got: "),
      });
    }
  });

  it("is refused by its length before anything is made of it", async () => {
    const long = "a".repeat(500_000_000);
    const rules = { audience: "machine-b", clientId: "machine-b", signingKey: server.key };
    const since = performance.now();
    for (const verify of [createVerifier(issuer, rules), createIntrospector(issuer, rules)]) {
      await expect(verify(long)).rejects.toMatchObject({ code: "ERR_TOKEN_MALFORMED" });
    }
    expect(performance.now() - since).toBeLessThan(200); // to hash it takes a second
  });

  it.each(["exp", "nbf", "iat"])("is a token whose %s is beyond all times", async (name) => {
    for (const time of ["1e999", "-1e999", "1e300", "8640000000001"]) {
      const { [name]: _left, ...claims } = server.claims();
      const token = signRaw({}, `${JSON.stringify(claims).slice(0, -1)},"${name}":${time}}`);
      await expect(verify(token)).rejects.toMatchObject({
        code: expect.stringMatching("ERR_TOKEN_(CLAIM|EXPIRED)"),
        claim: name,
      });
    }
  });
});

describe("createVerifier", () => {
  it("accepts a token of the issuer for this API", async () => {
    expect(await verify(await server.mint({ exp: 4_000_000_000 }))).toEqual({
      caller: "machine-a",
      subject: "0e6ceae9-0530-4cd3-a798-5ac2e61baf0e",
      audience: ["machine-b"],
      scopes: ["profile", "email"],
      roles: [],
      expiresAt: 4_000_000_000,
      claims: expect.objectContaining({ typ: "Bearer", jti: expect.any(String) }),
    });
  });

  it("accepts one audience of several, the header type of RFC 9068, no scope, and client_id for azp", async () => {
    const claims = { aud: ["account", "machine-b"], scope: undefined, azp: undefined, client_id: "machine-c" };
    const token = await server.mint(claims, { typ: "application/at+JWT" });
    expect(await verify(token)).toMatchObject({ caller: "machine-c", audience: ["account", "machine-b"], scopes: [] });
  });

  const claims: [string, JWTPayload, string, string?][] = [
    ["another issuer", { iss: "http://issuer.test:8080/realms/other" }, "ERR_TOKEN_CLAIM", "iss"],
    ["no issuer", { iss: undefined }, "ERR_TOKEN_CLAIM", "iss"],
    ["another audience", { aud: "machine-c" }, "ERR_TOKEN_CLAIM", "aud"],
    ["no audience", { aud: undefined }, "ERR_TOKEN_CLAIM", "aud"],
    ["an empty audience", { aud: [] }, "ERR_TOKEN_CLAIM", "aud"],
    ["past expiry", { exp: seconds() - 1 }, "ERR_TOKEN_EXPIRED", "exp"],
    ["no expiry", { exp: undefined }, "ERR_TOKEN_CLAIM", "exp"],
    ["an expiry in text", { exp: "4000000000" as never }, "ERR_TOKEN_CLAIM", "exp"],
    ["no issue time", { iat: undefined }, "ERR_TOKEN_CLAIM", "iat"],
    ["not yet valid", { nbf: seconds() + 60 }, "ERR_TOKEN_CLAIM", "nbf"],
    ["no subject", { sub: undefined }, "ERR_TOKEN_CLAIM", "sub"],
    ["a certificate it is bound to", { cnf: { "x5t#S256": "x" } }, "ERR_TOKEN_CLAIM", "cnf"],
    ["no caller", { azp: undefined }, "ERR_TOKEN_CLAIM", "client_id"],
    ["an empty caller", { azp: "" }, "ERR_TOKEN_CLAIM", "azp"],
    ["a scope that is a list", { scope: ["a"] }, "ERR_TOKEN_CLAIM", "scope"],
    ["an ID token", { typ: "ID" }, "ERR_TOKEN_TYPE"],
    ["a refresh token", { typ: "Refresh" }, "ERR_TOKEN_TYPE"],
    ["a token bound to a key", { typ: "DPoP" }, "ERR_TOKEN_TYPE"],
    ["no type", { typ: undefined }, "ERR_TOKEN_TYPE"],
  ];
  it.each(claims)("refuses %s", async (_name, change, code, claim) => {
    const error = await verify(await server.mint(change)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TokenError);
    expect(error).toMatchObject({ code, claim });
  });

  it.each([
    ["logout+jwt", "ERR_TOKEN_TYPE"],
    [undefined, "ERR_TOKEN_TYPE"],
  ])("refuses the header type %s", async (typ, code) => {
    await expect(verify(await server.mint({}, { typ }))).rejects.toMatchObject({ code });
  });

  it("refuses alg none, in any spelling", async () => {
    for (const alg of ["none", "None", "NoNe"]) {
      const token = `${encode({ alg, typ: "JWT" })}.${encode(server.claims())}.`;
      await expect(verify(token)).rejects.toMatchObject({ code: "ERR_TOKEN_ALGORITHM" });
    }
  });

  it("refuses HS256 with the public key as secret", async () => {
    for (const secret of [
      server.key.publicKey.export({ type: "spki", format: "pem" }),
      server.key.publicKey.export({ type: "pkcs1", format: "pem" }),
      server.key.publicKey.export({ type: "spki", format: "der" }),
    ]) {
      const signed = `${encode({ alg: "HS256", typ: "JWT", kid: server.key.kid })}.${encode(server.claims())}`;
      const token = `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
      await expect(verify(token)).rejects.toMatchObject({ code: "ERR_TOKEN_ALGORITHM" });
    }
  });

  it.each(["PS256", "RS512"])("refuses the realm's own key with %s, which is not allowed", async (alg) => {
    await expect(verify(await server.mint({}, { alg }))).rejects.toMatchObject({ code: "ERR_TOKEN_ALGORITHM" });
  });

  it("accepts PS256 where it is allowed and the key is for it", async () => {
    server.answers.set("/certs", async () => ({
      body: { keys: [{ ...(await publicJwk(server.key)), alg: "PS256" }] },
    }));
    const other = createVerifier(issuer, { audience: "machine-b", algorithms: ["PS256"] });
    expect(await other(await server.mint({}, { alg: "PS256" }))).toMatchObject({ caller: "machine-a" });
    await expect(other(await server.mint())).rejects.toMatchObject({ code: "ERR_TOKEN_ALGORITHM" });
  });

  it("refuses a token of a foreign key: unknown kid, no kid, and the realm's kid", async () => {
    for (const header of [{}, { kid: undefined }, { kid: server.key.kid }]) {
      await expect(verify(await server.mint({}, header, foreign))).rejects.toMatchObject({
        code: "ERR_TOKEN_SIGNATURE",
      });
    }
  });

  it("does not look at keys and addresses in the header", async () => {
    const jwk = await publicJwk(foreign);
    const { publicKey } = rsaPair();
    const headers: Partial<JWTHeaderParameters>[] = [
      { jwk },
      { jku: `http://127.0.0.1:${server.port}/foreign` },
      { x5u: `http://127.0.0.1:${server.port}/foreign` },
      { x5c: [publicKey.export({ type: "spki", format: "der" }).toString("base64")] },
    ];
    for (const header of headers) {
      await expect(verify(await server.mint({}, header, foreign))).rejects.toMatchObject({
        code: "ERR_TOKEN_SIGNATURE",
      });
    }
    expect(server.received.some(({ path }) => path.includes("foreign"))).toBe(false);
  });

  it("refuses a token with one bit changed in any part", async () => {
    const token = await server.mint();
    const parts = token.split(".");
    for (let i = 0; i < 3; i++) {
      const bytes = Buffer.from(parts[i]!, "base64url");
      bytes[Math.floor(bytes.length / 2)]! ^= 1;
      const changed = parts.with(i, bytes.toString("base64url")).join(".");
      await expect(verify(changed), `part ${i}`).rejects.toBeInstanceOf(TokenError);
    }
    const raised = [parts[0], encode({ ...server.claims(), azp: "admin" }), parts[2]].join(".");
    await expect(verify(raised)).rejects.toMatchObject({ code: "ERR_TOKEN_SIGNATURE" });
  });

  it.each([
    ["an unknown critical header", { crit: ["x"], x: 1 }],
    ["an empty list of critical headers", { crit: [] }],
    ["an unencoded payload", { crit: ["b64"], b64: false }],
  ])("refuses %s, though the signature is right", async (_name, header) => {
    const token = signRaw(header, JSON.stringify(server.claims()));
    await expect(verify(token)).rejects.toMatchObject({ code: "ERR_TOKEN_MALFORMED" });
  });

  it.each([
    ["nothing", () => ""],
    ["a word", () => "token"],
    ["two parts", (token: string) => token.split(".").slice(0, 2).join(".")],
    ["five parts, as an encrypted token has", (token: string) => `${token}.AA.AA`],
    ["padding", (token: string) => `${token}==`],
    ["white space", (token: string) => ` ${token}`],
    ["a line break inside", (token: string) => `${token.slice(0, 40)}\n${token.slice(40)}`],
    ["stray bits in the signature", (token: string) => token.replace(/.$/, (last) => (last === "A" ? "B" : "_"))],
    ["a header that is not JSON", (token: string) => token.replace(/^[^.]*/, "AAAA")],
    ["the JSON form", (token: string) => JSON.stringify({ payload: token })],
  ])("refuses %s", async (_name, change) => {
    await expect(verify(change(await server.mint()))).rejects.toMatchObject({ code: "ERR_TOKEN_MALFORMED" });
  });

  it.each(["[]", "null", '"text"', "1", "{"])("refuses the payload %s", async (payload) => {
    await expect(verify(signRaw({}, payload))).rejects.toMatchObject({ code: "ERR_TOKEN_MALFORMED" });
  });

  it("judges by the clock it is given", async () => {
    const token = await server.mint({ exp: seconds() + 300 });
    const at = (offset: number) =>
      createVerifier(
        server.open(() => new Date(Date.now() + offset)),
        { audience: "machine-b" },
      );
    expect(await at(298_000)(token)).toMatchObject({ caller: "machine-a" });
    await expect(at(301_000)(token)).rejects.toMatchObject({ code: "ERR_TOKEN_EXPIRED" });
    const tolerant = { audience: "machine-b", clockToleranceSeconds: 15 };
    expect(
      await createVerifier(
        server.open(() => new Date(Date.now() + 310_000)),
        tolerant,
      )(token),
    ).toBeDefined();
  });

  it("refuses a token that ended while the keys were on their way", async () => {
    const token = await server.mint({ exp: seconds() + 300 });
    let ahead = 0;
    const slow = createVerifier(
      server.open(() => new Date(Date.now() + ahead)),
      { audience: "machine-b" },
    );
    server.answers.set("/certs", async () => {
      ahead = 301_000;
      return { body: { keys: [await publicJwk(server.key)] } };
    });
    await expect(slow(token)).rejects.toMatchObject({ code: "ERR_TOKEN_EXPIRED" });
  });

  it("does not blame the token where the issuer names no keys", async () => {
    server.answers.set("/.well-known/openid-configuration", () => ({ body: { issuer: server.url } }));
    await expect(verify(await server.mint())).rejects.toMatchObject({ code: "ERR_ISSUER_RESPONSE" });
  });

  it("fetches the keys once for many tokens", async () => {
    const token = await server.mint();
    await Promise.all(Array.from({ length: 20 }, () => verify(token)));
    await verify(token);
    expect(server.received.filter(({ path }) => path.endsWith("/certs"))).toHaveLength(1);
  });

  it.each([
    ["HTML", { body: "<html>", type: "text/html" }, "ERR_ISSUER_RESPONSE"],
    ["no key set", { body: { error: "x" } }, "ERR_ISSUER_RESPONSE"],
    ["404", { status: 404, body: "" }, "ERR_ISSUER_RESPONSE"],
    ["a packed one", { body: gzipSync('{"keys":[]}').toString("latin1"), headers: packed }, "ERR_ISSUER_RESPONSE"],
    ["503", { status: 503, body: "" }, "ERR_UNREACHABLE"],
  ])("does not blame the token when the keys are answered by %s, and recovers", async (_name, answer, code) => {
    const token = await server.mint();
    server.answers.set("/certs", () => answer);
    await expect(verify(token)).rejects.toMatchObject({ code });
    server.reset();
    await vi.waitFor(() => verify(token), { timeout: 3000, interval: 100 });
  });

  it("names neither token nor claim values in what it throws", async () => {
    const token = await new SignJWT({ ...server.claims(), aud: "a-private-name" })
      .setProtectedHeader({ alg: "RS256", typ: "JWT", kid: server.key.kid })
      .sign(server.key.privateKey);
    const error = await verify(token).catch((thrown: unknown) => thrown);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/eyJ|a-private-name/);
  });

  it.each([undefined, "", " ", "caf\u00e9", "a\nb", 1])("does not start with the audience %j", (audience) => {
    expect(() => createVerifier(issuer, { audience: audience as string })).toThrow(
      new OptionError(
        "`audience` must name this API in printable ASCII; without an audience, a token for any other API would be accepted",
      ),
    );
  });

  it.each([
    [{ algorithms: "RS256" }, "`algorithms` must be a list of strings, got: string"],
    [{ authorizedParties: "machine-a,machine-b" }, "`authorizedParties` must be a list of strings, got: string"],
    [{ scopes: "orders" }, "`scopes` must be a list of strings, got: string"],
    [{ scopes: [1] }, "`scopes` must be a list of strings, got: object"],
  ])("does not start with %o, as plain JavaScript may have it", (options, message) => {
    expect(() => createVerifier(issuer, { audience: "machine-b", ...(options as object) })).toThrow(message);
  });

  it.each([[["HS256"]], [["RS256", "none"]], [[]]])("does not start with the algorithms %j", (algorithms) => {
    expect(() => createVerifier(issuer, { audience: "machine-b", algorithms })).toThrow(
      "`algorithms` must list asymmetric algorithms such as RS256, got:",
    );
  });
});
