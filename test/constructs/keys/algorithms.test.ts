import { createPublicKey, sign, verify } from "node:crypto";
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
import { ecPair } from "../../generated-key";
import { ALGORITHMS as TESTED } from "../../machines/issuer-fixture";

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
    expect(ANY_KEY).toBe("an RSA, P-256 or Ed25519 key");
    expect(SIGNING_ALGORITHMS.map(keyFor)).toEqual(["an RSA key", "an RSA key", "a P-256 key", "an Ed25519 key"]);
    expect(SIGNING_ALGORITHMS.map((name) => shapeInWords(name, 3072))).toEqual([
      "RSA-3072",
      "RSA-3072",
      "P-256",
      "Ed25519",
    ]);
  });

  it("has no algorithm for a key of another curve, and names it as OpenSSL does", () => {
    const { privateKey } = ecPair("P-521");
    expect(algorithmsOf(privateKey)).toEqual([]);
    expect(kindOf(privateKey)).toBe("ec secp521r1");
  });
});
