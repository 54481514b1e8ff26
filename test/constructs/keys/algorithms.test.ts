import { createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  ALGORITHMS,
  ANY_KEY,
  algorithmsOf,
  bitsFor,
  keyFor,
  kindFor,
  kindOf,
  SIGNING_ALGORITHMS,
  shapeInWords,
  shapeOf,
} from "../../../constructs/keys/algorithms";
import { generateKey } from "../../../constructs/keys/generate";
import { ecPair, ed25519Pair, rsaPair } from "../../generated-key";
import { ALL_ALGORITHMS as TESTED } from "../../machines/issuer-fixture";

describe("the table of algorithms", () => {
  it("has the algorithms that the tests sign with", () => {
    expect(SIGNING_ALGORITHMS).toEqual(TESTED);
  });

  it.each(SIGNING_ALGORITHMS)(
    "gives %s a key that signs as many bytes as the table says, and confirms them",
    (name) => {
      const key = generateKey(shapeOf(name, 2048));
      const { digest, options, signatureBytes } = ALGORITHMS[name];
      const signature = sign(digest, Buffer.from("signed"), { key, ...options });
      expect(algorithmsOf(key)).toContain(name);
      expect(kindOf(key)).toBe(kindFor(name));
      expect(signature.length).toBe(signatureBytes[0]);
      expect(verify(digest, Buffer.from("signed"), { key: createPublicKey(key), ...options }, signature)).toBe(true);
    },
  );

  it.each(SIGNING_ALGORITHMS)("has a length to choose for %s if its keys are RSA", (name) => {
    expect(bitsFor(name)).toEqual(/^[RP]S/.test(name) ? { least: 2048, most: 8192 } : undefined);
  });

  it("puts keys into words", () => {
    expect(ANY_KEY).toBe("an RSA, P-256, P-384, P-521 or Ed25519 key");
    const usual = ["RS256", "PS512", "ES256", "ES384", "ES512", "EdDSA"] as const;
    const rsa = "an RSA key";
    expect(usual.map(keyFor)).toEqual([rsa, rsa, "a P-256 key", "a P-384 key", "a P-521 key", "an Ed25519 key"]);
    expect(usual.map((name) => shapeInWords(name, 3072))).toEqual([
      ...["RSA-3072", "RSA-3072", "P-256"],
      ...["P-384", "P-521", "Ed25519"],
    ]);
  });

  it("has one usual algorithm for each kind of key", () => {
    const usual = (key: KeyObject) => algorithmsOf(key)[0];
    expect(
      [rsaPair(), ecPair(), ecPair("P-384"), ecPair("P-521"), ed25519Pair()].map(({ privateKey }) => usual(privateKey)),
    ).toEqual(["RS256", "ES256", "ES384", "ES512", "EdDSA"]);
  });

  it("has no algorithm for a key of another curve, and names it as OpenSSL does", () => {
    const { privateKey } = ecPair("secp256k1");
    expect(algorithmsOf(privateKey)).toEqual([]);
    expect(kindOf(privateKey)).toBe("ec secp256k1");
  });
});
