// Proofs as nobody makes them: changed by chance, and signed by another algorithm than they say.
import { createPublicKey, type KeyObject, sign } from "node:crypto";
import fc from "fast-check";
import { calculateJwkThumbprint, compactVerify, type JWK } from "jose";
import { describe, expect, it } from "vitest";
import { ALGORITHMS, SIGNING_ALGORITHMS, type SigningAlgorithm, shapeOf } from "../../../constructs/keys/algorithms";
import { generateKey } from "../../../constructs/keys/generate";
import { tokenHash } from "../../../machines/dpop";
import { createProofCheck } from "../../../machines/verifying/check-proof";
import { runs } from "../../provider/fuzz";
import { damaged } from "../fuzz-inputs";

const URL = "https://api.example.org/orders";
const TOKEN = "a.bound.token";
const now = new Date("2030-01-01T00:00:00Z");

interface Owner {
  readonly key: KeyObject;
  readonly jwk: JWK;
  readonly thumbprint: string;
}

async function owner(algorithm: SigningAlgorithm): Promise<Owner> {
  const key = generateKey(shapeOf(algorithm, 2048));
  const jwk = createPublicKey(key).export({ format: "jwk" }) as JWK;
  return { key, jwk, thumbprint: await calculateJwkThumbprint(jwk) };
}

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A proof that says one algorithm and is signed by another; by the same one it is good. */
function proof({ key, jwk }: Owner, says: SigningAlgorithm, signsBy = says): string {
  const payload = { jti: "1", htm: "GET", htu: URL, iat: now.getTime() / 1000, ath: tokenHash(TOKEN) };
  const input = `${encoded({ typ: "dpop+jwt", alg: says, jwk })}.${encoded(payload)}`;
  const { digest, options } = ALGORITHMS[signsBy];
  return `${input}.${sign(digest, Buffer.from(input), { key, ...options }).toString("base64url")}`;
}

/** What a guard that has seen nothing before says; `undefined` where it accepts the proof. */
async function refusal(dpop: string, thumbprint: string, check = createProofCheck(() => now)) {
  const request = { method: "GET", url: URL, dpop, accessToken: TOKEN, thumbprint };
  return await check(request).then(
    () => undefined,
    (error: { code?: string }) => error.code ?? "an error of the guard itself",
  );
}

const KINDS: readonly SigningAlgorithm[] = ["RS256", "ES256", "ES384", "ES512", "EdDSA"];

describe.each(KINDS)("a proof by a key for %s", async (kind) => {
  const by = await owner(kind);

  it("that is changed anywhere is refused, also by a guard that knows the key", async () => {
    const good = proof(by, kind);
    const known = createProofCheck(() => now);
    expect(await refusal(good, by.thumbprint, known)).toBeUndefined();
    const property = fc.asyncProperty(damaged(good), async (bad) => {
      fc.pre(bad !== good);
      expect(await refusal(bad, by.thumbprint)).toBe("ERR_TOKEN_PROOF");
      expect(await refusal(bad, by.thumbprint, known)).toBe("ERR_TOKEN_PROOF");
    });
    await fc.assert(property, runs(150));
  });

  it("with bytes for a signature is refused wherever jose refuses it", async () => {
    const [header, payload] = proof(by, kind).split(".");
    const property = fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (bytes) => {
      const drawn = `${header}.${payload}.${Buffer.from(bytes).toString("base64url")}`;
      const isGood = await compactVerify(drawn, createPublicKey(by.key)).then(
        () => true,
        () => false,
      );
      expect((await refusal(drawn, by.thumbprint)) === undefined).toBe(isGood);
    });
    await fc.assert(property, runs(100));
  });

  const fits = SIGNING_ALGORITHMS.filter((one) => ALGORITHMS[one].kind === ALGORITHMS[kind].kind);
  const pairs = SIGNING_ALGORITHMS.flatMap((says) => fits.map((signs) => [says, signs] as const));
  it.each(pairs)("that says %s and is signed by %s passes only if they are one", async (says, signs) => {
    const drawn = proof(by, says, signs);
    const expected = says === signs ? undefined : "ERR_TOKEN_PROOF";
    expect(await refusal(drawn, by.thumbprint)).toBe(expected);
    const byJose = await compactVerify(drawn, createPublicKey(by.key)).then(
      () => undefined,
      () => "ERR_TOKEN_PROOF",
    );
    expect(byJose).toBe(expected);
  });
});

describe("the example of RFC 9449 section 7.1", () => {
  const example = [
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19",
    "eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9",
    "2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA",
  ].join(".");
  const request = {
    method: "GET",
    url: "https://resource.example.org/protectedresource",
    dpop: example,
    accessToken: "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU",
    thumbprint: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
  };
  const at = (seconds: number) => createProofCheck(() => new Date(seconds * 1000));

  it("passes at its time, once", async () => {
    const check = at(1_562_262_620);
    await expect(check(request)).resolves.toBeUndefined();
    await expect(check(request)).rejects.toMatchObject({ code: "ERR_TOKEN_PROOF" });
  });

  it.each([
    ["later", {}, 1_562_262_700],
    ["for another method", { method: "POST" }, 1_562_262_620],
    ["for another address", { url: "https://resource.example.org/other" }, 1_562_262_620],
    ["with another token", { accessToken: "x" }, 1_562_262_620],
    ["for a token that is bound to another key", { thumbprint: "A".repeat(43) }, 1_562_262_620],
  ])("is refused %s", async (_, change, seconds) => {
    await expect(at(seconds)({ ...request, ...change })).rejects.toMatchObject({ code: "ERR_TOKEN_PROOF" });
  });
});
