import { createPublicKey } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shapeOf } from "../../../constructs/keys/algorithms";
import { generateKey } from "../../../constructs/keys/generate";
import { readVerificationKeys } from "../../../machines/verifying/verification-keys";
import { isLowOrder, isOfBrokenChips } from "../../../machines/verifying/weak-keys";
import { runs } from "../../provider/fuzz";

const jwkOf = (algorithm: "RS256" | "EdDSA" | "ES256") =>
  createPublicKey(generateKey(shapeOf(algorithm, 2048))).export({ format: "jwk" });
const primes = [
  2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
  113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
].map(BigInt);
/** What the primes of the broken chips are powers of 65537 at. */
const product = primes.reduce((one, two) => one * two);

describe("isOfBrokenChips", () => {
  it("finds moduli of the form that the chips make, at any size", () => {
    const parts = fc.record({ k: fc.bigInt(1n << 1800n, 1n << 1810n), power: fc.integer({ min: 0, max: 500 }) });
    fc.assert(
      fc.property(parts, ({ k, power }) => {
        let residue = 1n;
        for (let i = 0; i < power; i++) residue = (residue * 65_537n) % product;
        expect(isOfBrokenChips(k * product + residue)).toBe(true);
      }),
      runs(50),
    );
  });

  it("finds none of other keys", () => {
    for (let i = 0; i < 3; i++) {
      const n = BigInt(`0x${Buffer.from(jwkOf("RS256").n!, "base64url").toString("hex")}`);
      expect(isOfBrokenChips(n)).toBe(false);
    }
  });
});

/** All encodings of points whose order divides 8, as libsodium and others list them. */
const LOW = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

describe("isLowOrder", () => {
  it.each(LOW)("finds %s, with either sign", (hex) => {
    const bytes = Buffer.from(hex, "hex");
    expect(isLowOrder(bytes)).toBe(true);
    bytes[31]! |= 0x80;
    expect(isLowOrder(bytes)).toBe(true);
  });

  it("finds none of other keys", () => {
    for (let i = 0; i < 20; i++) expect(isLowOrder(Buffer.from(jwkOf("EdDSA").x!, "base64url"))).toBe(false);
  });
});

describe("a key set", () => {
  const good = { ...jwkOf("ES256"), kid: "good", alg: "ES256", use: "sig" };

  it("keeps its good key, once, whatever else is in it", () => {
    const rsa = jwkOf("RS256");
    const odd = fc.oneof(
      fc.jsonValue(),
      fc.record({
        kty: fc.constantFrom("RSA", "EC", "OKP", "oct", 1),
        kid: fc.jsonValue(),
        n: fc.string(),
        e: fc.string(),
      }),
      fc.constantFrom<object>(
        { ...rsa, e: "AQ", kid: "one" },
        { ...rsa, e: "Aw", kid: "three" },
        { ...rsa, e: "AQAA", kid: "even" },
        { kty: "OKP", crv: "Ed25519", x: Buffer.from(LOW[3]!, "hex").toString("base64url"), kid: "low" },
        { ...good, x: good.y, kid: "no point" },
        { ...good, kid: "good", y: good.x },
        good,
      ),
    );
    fc.assert(
      fc.property(fc.array(odd), fc.array(odd), (before, after) => {
        const { keys, faults } = readVerificationKeys([...before, good, ...after]);
        expect(keys).toEqual([good]);
        expect(faults.has("good")).toBe(false);
      }),
      runs(200),
    );
  });
});
