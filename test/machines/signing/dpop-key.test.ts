import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from "jose";
import { afterAll, describe, expect, it } from "vitest";
import { createDpopKey } from "../../../machines/signing/dpop-key";
import { ALL_ALGORITHMS, testFolder } from "../issuer-fixture";

const folder = testFolder();
afterAll(() => folder.remove());

const REQUEST = { method: "GET", url: "https://api.example.org/orders?page=2#top" };
const answer = (nonce?: string) => ({ headers: new Headers(nonce === undefined ? {} : { "dpop-nonce": nonce }) });
const claimsOf = (proof: string) => JSON.parse(Buffer.from(proof.split(".")[1]!, "base64url").toString());

describe("a proof", () => {
  it.each(ALL_ALGORITHMS)("by %s is one for others too, and shows no private half", async (algorithm) => {
    const dpop = createDpopKey(await folder.key(`${algorithm}.key`, algorithm));
    const proof = dpop.proof({ ...REQUEST, accessToken: "a.b.c" });
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, { typ: "dpop+jwt" });
    expect(protectedHeader).toMatchObject({ alg: algorithm, typ: "dpop+jwt" });
    expect(await calculateJwkThumbprint(protectedHeader.jwk!)).toBe(dpop.thumbprint);
    const allowed = { RSA: "e kty n", EC: "crv kty x y", OKP: "crv kty x" }[protectedHeader.jwk!.kty as string];
    expect(Object.keys(protectedHeader.jwk!).sort().join(" ")).toBe(allowed);
    expect(payload).toEqual({
      jti: expect.stringMatching(/^[\w-]{22}$/),
      htm: "GET",
      htu: "https://api.example.org/orders",
      iat: expect.any(Number),
      ath: expect.stringMatching(/^[\w-]{43}$/),
    });
  });

  it("is another one each time, of a key that is made in memory, and without a token has no hash of one", () => {
    const dpop = createDpopKey();
    const [one, other] = [dpop.proof(REQUEST), dpop.proof(REQUEST)].map(claimsOf);
    expect(one.jti).not.toBe(other.jti);
    expect(one).not.toHaveProperty("ath");
    expect(createDpopKey().thumbprint).not.toBe(dpop.thumbprint);
  });

  it("is dated by the clock that is given", () => {
    const dpop = createDpopKey(undefined, () => new Date(1_000_500));
    expect(claimsOf(dpop.proof(REQUEST)).iat).toBe(1000);
  });

  it("has the last nonce of its origin, and no other's", () => {
    const dpop = createDpopKey();
    expect(dpop.remember("https://api.example.org/a", answer("one"))).toBe(true);
    expect(dpop.remember("https://api.example.org/b", answer("one"))).toBe(true);
    expect(dpop.remember("https://api.example.org/b", answer("two"))).toBe(true);
    for (const odd of [undefined, "", 'a"b', "a b", "a\\b", "x".repeat(1001)]) {
      expect(dpop.remember("https://api.example.org/", answer(odd))).toBe(false);
    }
    expect(claimsOf(dpop.proof(REQUEST)).nonce).toBe("two");
    expect(claimsOf(dpop.proof({ ...REQUEST, url: "https://api.example.org:444/" }))).not.toHaveProperty("nonce");
  });

  it("remembers the nonces of a hundred origins", () => {
    const dpop = createDpopKey();
    const url = (n: number) => `https://${n}.example.org/`;
    for (let n = 0; n <= 100; n++) dpop.remember(url(n), answer("n"));
    const known = Array.from({ length: 101 }, (_, n) => claimsOf(dpop.proof({ method: "GET", url: url(n) })).nonce);
    expect(known.map((nonce) => nonce === "n")).toEqual([false, ...Array(100).fill(true)]);
  });

  it.each([
    [{ method: "GET", url: "api.example.org" }, "`url` must be an address"],
    [{ method: "GET /", url: "https://a.example" }, "`method` must be a method of HTTP"],
    [{ method: "", url: "https://a.example" }, "`method` must be a method of HTTP"],
  ])("is refused for %j", (request, message) => {
    expect(() => createDpopKey().proof(request)).toThrow(message);
  });
});

it("a signer shows no public key, and is refused", () => {
  const signer = { kid: "k", algorithm: "ES256", sign: async () => new Uint8Array() } as never;
  expect(() => createDpopKey(signer)).toThrow("`dpop` must be a key in this process");
  expect(() => createDpopKey({} as never)).toThrow("`signingKey` must have a `privateKey` or a function `sign`");
});
