// The stolen token: what a thief of a bound token may try at an API, and what the API answers.
import { createPublicKey } from "node:crypto";
import { exportJWK, type JWK, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tokenHash } from "../../../machines/dpop";
import { createDpopKey, type DpopKey } from "../../../machines/signing/dpop-key";
import { createGuard, type Guard, type GuardOptions } from "../../../machines/verifying/guard";
import { createIntrospector } from "../../../machines/verifying/introspect-token";
import type { Refusal } from "../../../machines/verifying/refusal";
import type { VerifyToken } from "../../../machines/verifying/verified-token";
import { verifyBoth } from "../../../machines/verifying/verify-both";
import { createVerifier } from "../../../machines/verifying/verify-token";
import { ecPair, rsaPair } from "../../generated-key";
import { TestIssuer, type TestKey, testFolder } from "../issuer-fixture";

const folder = testFolder();
const URL = "https://api.example.org/orders";
let server: TestIssuer;
let verify: VerifyToken;
let online: VerifyToken;
let key: TestKey;
let thief: TestKey;
let owner: DpopKey;
let jwk: JWK;
let token: string;

beforeAll(async () => {
  server = await new TestIssuer(await folder.key("realm.key", "ES256")).start();
  const own = await folder.key("machine-b.key", "ES256");
  server.clients.set("machine-b", own);
  const rules = { audience: "machine-b", algorithms: ["ES256"] };
  verify = createVerifier(server.open(), rules);
  online = createIntrospector(server.open(), { ...rules, clientId: "machine-b", signingKey: own });
  key = await folder.key("owner.key", "ES256");
  thief = await folder.key("thief.key", "ES256");
  owner = createDpopKey(key);
  jwk = await exportJWK(key.publicKey);
  token = await server.mint({ typ: "DPoP", cnf: { jkt: owner.thumbprint } }); // as Keycloak has it
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

const make = (options: Partial<GuardOptions> = {}) => createGuard({ verify, log: () => {}, ...options });
const now = () => Math.floor(Date.now() / 1000);
/** A proof by another library, with what is wrong in it; `undefined` takes a member out. */
async function proof(claims: object = {}, header: object = {}, signer = key): Promise<string> {
  const all = { jti: crypto.randomUUID(), htm: "GET", htu: URL, iat: now(), ath: tokenHash(token), ...claims };
  return await new SignJWT(JSON.parse(JSON.stringify(all)))
    .setProtectedHeader({ typ: "dpop+jwt", alg: signer.algorithm, jwk, ...header })
    .sign(signer.privateKey);
}
async function refusal(
  guard: Guard,
  dpop: string | undefined,
  more: { accessToken?: string; method?: string; url?: string } = {},
) {
  const { accessToken = token, method = "GET", url = URL } = more;
  const verdict = await guard(`DPoP ${accessToken}`, { method, url, dpop });
  return "refusal" in verdict ? verdict.refusal : undefined;
}

describe("a bound token with a proof", () => {
  it.each(["offline", "online", "both"])("passes, verified %s", async (how) => {
    const used = { offline: verify, online, both: verifyBoth({ offline: verify, online }) }[how]!;
    const guard = make({ verify: used });
    for (const dpop of [owner.proof({ method: "GET", url: URL, accessToken: token }), await proof()]) {
      const verdict = await guard(`DPoP ${token}`, { method: "GET", url: URL, dpop });
      expect(verdict).toMatchObject({ token: { caller: "machine-a", confirmation: { jkt: owner.thumbprint } } });
    }
  });

  it.each([
    ["query and fragment", "https://api.example.org/orders?page=2#a"],
    ["the default port, and upper case", "HTTPS://API.EXAMPLE.ORG:443/orders"],
  ])("passes whatever is in %s", async (_, url) => {
    expect(await refusal(make(), await proof(), { url })).toBeUndefined();
    expect(await refusal(make(), await proof({ htu: url }))).toBeUndefined();
  });

  it("passes of type Bearer too, and none of type DPoP passes that is not bound", async () => {
    const accessToken = await server.mint({ cnf: { jkt: owner.thumbprint } });
    expect(
      await refusal(make(), owner.proof({ method: "GET", url: URL, accessToken }), { accessToken }),
    ).toBeUndefined();
    await expect(verify(await server.mint({ typ: "DPoP" }))).rejects.toMatchObject({ code: "ERR_TOKEN_TYPE" });
  });

  it("passes with members of `cnf` that bind nothing, as Keycloak 26.7 has them", async () => {
    const accessToken = await server.mint({ typ: "DPoP", cnf: { "kc-jkt-type": "DPoP", jkt: owner.thumbprint } });
    expect(
      await refusal(make(), owner.proof({ method: "GET", url: URL, accessToken }), { accessToken }),
    ).toBeUndefined();
  });

  it("passes by a clock that is 14 s ahead, or a proof that is 58 s old", async () => {
    expect(await refusal(make(), await proof({ iat: now() + 14 }))).toBeUndefined();
    expect(await refusal(make(), await proof({ iat: now() - 58 }))).toBeUndefined();
  });

  it("passes behind a proxy, whose origin is told; then the request's own does not count", async () => {
    const guard = make({ origin: "https://api.example.org" });
    expect(await refusal(guard, await proof(), { url: "http://10.0.0.7:3000/orders?page=2" })).toBeUndefined();
    const elsewhere = { htu: "http://10.0.0.7:3000/orders" };
    expect(await refusal(guard, await proof(elsewhere), { url: "http://10.0.0.7:3000/orders" })).toBeDefined();
  });
});

/** What the thief sends; `undefined` is no proof. */
const THEFTS: [what: string, dpop: () => Promise<string | undefined>, why: string, request?: object][] = [
  ["no proof", async () => undefined, "is missing"],
  ["an empty proof", async () => "", "is missing"],
  ["two proofs", async () => `${await proof()}, ${await proof()}`, "must be one signed JWT"],
  ["something else than a JWT", async () => "proof", "must be one signed JWT"],
  ["the token as proof", async () => token, "must have the type 'dpop+jwt'"],
  ["a proof of type JWT", () => proof({}, { typ: "JWT" }), "must have the type 'dpop+jwt'"],
  ["a proof without signature", async () => unsigned(await proof()), "must be one signed JWT"],
  [
    "algorithm none",
    async () => withHeader(await proof(), { alg: "none" }),
    "must be signed by an asymmetric algorithm",
  ],
  [
    "HS256 by the public key",
    async () => withHeader(await proof(), { alg: "HS256" }),
    "must be signed by an asymmetric",
  ],
  ["no key", async () => withHeader(await proof(), { jwk: undefined }), "must have its public key in the header"],
  ["text as key", async () => withHeader(await proof(), { jwk: "key" }), "must have its public key in the header"],
  ["a prime of the key in the header", () => proof({}, { jwk: { ...jwk, p: "AAAA" } }), "and no private one"],
  ["a private key in the header", () => proof({}, { jwk: { ...jwk, d: "AAAA" } }), "and no private one"],
  ["half of the key", () => proof({}, { jwk: { ...jwk, y: undefined } }), "by the key that the token is bound to"],
  [
    "a key of its own",
    async () => proof({}, { jwk: await exportJWK(thief.publicKey) }, thief),
    "the token is bound to",
  ],
  ["the owner's key, signed by its own", () => proof({}, {}, thief), "must be signed by the key in its header"],
  ["a changed signature", async () => spoiled(await proof()), "must be signed by the key in its header"],
  ["the proof of another method", () => proof({ htm: "POST" }), "must be for the method"],
  ["a method in lower case", () => proof({ htm: "get" }), "must be for the method"],
  ["no method", () => proof({ htm: undefined }), "must be for the method"],
  ["the proof of another path", () => proof({ htu: `${URL}/1` }), "must be for the address"],
  ["the proof of another host", () => proof({ htu: "https://evil.example/orders" }), "must be for the address"],
  ["the proof of another port", () => proof({ htu: "https://api.example.org:444/orders" }), "must be for the address"],
  ["the proof without TLS", () => proof({ htu: "http://api.example.org/orders" }), "must be for the address"],
  ["a path as address", () => proof({ htu: "/orders" }), "must be for the address"],
  ["no address", () => proof({ htu: undefined }), "must be for the address"],
  ["a list of addresses", () => proof({ htu: [URL] }), "must be for the address"],
  ["the proof of another token", () => proof({ ath: tokenHash("other") }), "must be for the access token"],
  ["the proof of a request for a token", () => proof({ ath: undefined }), "must be for the access token"],
  ["a proof of 61 s ago", () => proof({ iat: now() - 61 }), "must be new"],
  ["a proof of 17 s later", () => proof({ iat: now() + 17 }), "must be new"],
  ["no time", () => proof({ iat: undefined }), "must be new"],
  ["text as time", () => proof({ iat: "now" }), "must be new"],
  ["no id", () => proof({ jti: undefined }), "must have an id"],
  ["an empty id", () => proof({ jti: "" }), "must have an id"],
  ["an id of 513 characters", () => proof({ jti: "x".repeat(513) }), "must have an id"],
  ["a number as id", () => proof({ jti: 1 }), "must have an id"],
];

describe("a stolen token", () => {
  it.each(THEFTS)("is refused with %s", async (_, dpop, why) => {
    for (const guard of [make(), make({ verify: online })]) {
      const refused = await refusal(guard, await dpop());
      expect(refused).toMatchObject({ status: 401, body: { error: "invalid_dpop_proof", code: "ERR_TOKEN_PROOF" } });
      expect(refused!.body.error_description).toContain(why);
      expect(refused!.headers["www-authenticate"]).toMatch(/^DPoP algs="RS256 .*ES256.*", error="invalid_dpop_proof"/);
    }
  });

  it("is refused with a proof that was used, also at the same time, and in another spelling", async () => {
    const guard = make();
    const dpop = await proof();
    const verdicts = await Promise.all(Array.from({ length: 5 }, () => refusal(guard, dpop)));
    expect(verdicts.filter((verdict) => verdict === undefined)).toHaveLength(1);
    expect(await refusal(guard, dpop, { url: `${URL}?again` })).toMatchObject({ status: 401 });
  });

  it.each([
    ["offline", () => make()],
    ["online", () => make({ verify: online })],
    ["both", () => make({ verify: verifyBoth({ offline: verify, online }) })],
  ])("is refused as bearer token, verified %s, also after its owner used it", async (_, guarding) => {
    const guard = guarding();
    expect(await refusal(guard, await proof())).toBeUndefined();
    for (const request of [undefined, { method: "GET", url: URL, dpop: await proof() }]) {
      const verdict = (await guard(`Bearer ${token}`, request)) as { refusal: Refusal };
      expect(verdict.refusal).toMatchObject({ status: 401, body: { error: "invalid_token", code: "ERR_TOKEN_CLAIM" } });
    }
  });

  it.each([
    ["a verifier", () => verify],
    ["an introspector", () => online],
    ["both", () => verifyBoth({ offline: verify, online })],
  ])("is refused by %s that nobody tells of the proof", async (_, used) => {
    const refused = { code: "ERR_TOKEN_CLAIM", claim: "cnf" };
    await expect(used()(token, { checksBinding: true })).resolves.toMatchObject({ caller: "machine-a" });
    await expect(used()(token)).rejects.toMatchObject(refused);
  });

  it.each([
    ["a certificate", { "x5t#S256": "A".repeat(43) }],
    ["a key and a certificate", { jkt: "A".repeat(43), "x5t#S256": "A".repeat(43) }],
    ["a key and another way", { jkt: "A".repeat(43), jwk: {} }],
    ["nothing that is known", { "kc-jkt-type": "DPoP" }],
    ["something unknown", { kid: "k" }],
    ["nothing", {}],
    ["null", null],
    ["text", "jkt"],
    ["a list", [1]],
    ["half of a thumbprint", { jkt: "AAAA" }],
  ])("that is bound to %s is refused, with a proof too", async (_, cnf) => {
    const accessToken = await server.mint({ cnf });
    const dpop = await proof({ ath: tokenHash(accessToken) });
    expect(await refusal(make(), dpop, { accessToken })).toMatchObject({ status: 401 });
  });
});

describe("a bearer token", () => {
  it("is refused as if it was bound", async () => {
    const accessToken = await server.mint();
    const dpop = await proof({ ath: tokenHash(accessToken) });
    expect(await refusal(make(), dpop, { accessToken })).toMatchObject({
      status: 401,
      body: { error: "invalid_token", code: "ERR_TOKEN_CLAIM" },
    });
  });

  it("is refused where a binding is required, and the challenge says so", async () => {
    const guard = make({ requireBinding: true, realm: "orders" });
    const verdict = (await guard(`Bearer ${await server.mint()}`)) as { refusal: Refusal };
    expect(verdict.refusal).toMatchObject({ status: 401, body: { error: "invalid_token", code: "ERR_TOKEN_PROOF" } });
    for (const header of [undefined, `Bearer ${token}`]) {
      const { refusal } = (await guard(header)) as { refusal: Refusal };
      expect(refusal.headers["www-authenticate"]).toMatch(
        /^Bearer realm="orders"(, error="invalid_token", .*)?, DPoP realm="orders", algs="RS256 /,
      );
    }
    expect(await refusal(guard, await proof())).toBeUndefined();
  });
});

it("a weak key of a caller is refused", async () => {
  const weak = rsaPair(1024);
  const weakJwk = await exportJWK(createPublicKey(weak.privateKey));
  const { calculateJwkThumbprint } = await import("jose");
  const accessToken = await server.mint({ cnf: { jkt: await calculateJwkThumbprint(weakJwk) } });
  const { privateKey } = ecPair();
  const dpop = await proof({ ath: tokenHash(accessToken) }, { jwk: weakJwk }, { ...key, privateKey } as TestKey);
  expect((await refusal(make(), dpop, { accessToken }))!.body.error_description).toContain(
    "must have a strong public key",
  );
});

it("an origin is taken in any spelling", async () => {
  const guard = make({ origin: "HTTPS://API.example.org:443" });
  expect(await refusal(guard, await proof(), { url: "http://10.0.0.7/orders" })).toBeUndefined();
});

it("a bound token that is judged by its Host is told, once", async () => {
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const [guard, told] = [make({ log }), make({ log, origin: "https://api.example.org" })];
  for (const one of [guard, guard, told]) await refusal(one, await proof());
  expect(lines).toEqual([expect.stringContaining("set `origin`")]);
});

it("a bound token is refused as bearer token also behind a verifier that leaves the binding to others", async () => {
  const guard = make({ verify: (text) => verify(text, { checksBinding: true }) });
  expect(await guard(`Bearer ${token}`)).toMatchObject({ refusal: { status: 401, body: { code: "ERR_TOKEN_CLAIM" } } });
});

it("a key with members that are nested without end is refused, and no error of the API's", async () => {
  const nested = `${"[".repeat(4500)}${"]".repeat(4500)}`; // as text: JSON.stringify has no such depth
  for (const name of ["n", "kid", "crv"]) {
    const fresh = await folder.key(`nested-${name}.key`, "ES256");
    const own = await exportJWK(fresh.publicKey);
    const accessToken = await server.mint({ cnf: { jkt: createDpopKey(fresh).thumbprint } });
    const [, payload, signature] = (await proof({ ath: tokenHash(accessToken) }, { jwk: own }, fresh)).split(".");
    const { [name]: _, ...others } = own as Record<string, unknown>;
    const odd = `${JSON.stringify(others).slice(0, -1)},"${name}":${nested}}`;
    const header = `{"typ":"dpop+jwt","alg":"ES256","jwk":${odd}}`;
    const dpop = [Buffer.from(header).toString("base64url"), payload, signature].join(".");
    expect(await refusal(make(), dpop, { accessToken }), name).toMatchObject({ status: 401 });
  }
});

it.each([
  "api.example.org",
  "https://api.example.org/path",
  "https://a.example?b",
  "https://u@a.example",
  "ftp://a.example",
])("the origin %s is refused at once", (origin) => {
  expect(() => make({ origin })).toThrow("`origin` must be scheme, host and port");
});

function unsigned(text: string): string {
  return text.split(".").slice(0, 2).join(".");
}

function withHeader(text: string, changes: object): string {
  const [header, ...rest] = text.split(".");
  const all = { ...JSON.parse(Buffer.from(header!, "base64url").toString()), ...changes };
  return [Buffer.from(JSON.stringify(all)).toString("base64url"), ...rest].join(".");
}

function spoiled(text: string): string {
  const [header, payload, signature] = text.split(".");
  const bytes = Buffer.from(signature!, "base64url");
  bytes[10]! ^= 1;
  return `${header}.${payload}.${bytes.toString("base64url")}`;
}
