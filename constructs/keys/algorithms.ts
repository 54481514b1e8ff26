import type { KeyObject } from "node:crypto";
import type { KeyShape } from "./generate";

/** The signature algorithms of client assertions (RFC 7518 sections 3.3 to 3.5, RFC 8037 section 3.1). */
export const SIGNING_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"] as const;

/** One of the signature algorithms of client assertions; EdDSA stands for Ed25519. */
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];

/** Shortest RSA modulus in bits that RFC 7518 sections 3.3 and 3.5 allow. */
export const MINIMUM_RSA_BITS = 2048;

/** Longer ones take minutes to make and slow every signature, for nothing that a machine's key needs. */
export const MAXIMUM_RSA_BITS = 8192;

/** The algorithms that a key can sign with, the usual one first; none for kinds of keys that have no place here. */
export function algorithmsOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): readonly SigningAlgorithm[] {
  if (asymmetricKeyType === "rsa") return ["RS256", "PS256"];
  if (asymmetricKeyType === "ed25519") return ["EdDSA"];
  return asymmetricKeyType === "ec" && asymmetricKeyDetails?.namedCurve === "prime256v1" ? ["ES256"] : [];
}

/** The kind of key that an algorithm signs with, for errors and notices. */
export function kindFor(algorithm: SigningAlgorithm): "RSA" | "P-256" | "Ed25519" {
  return ({ RS256: "RSA", PS256: "RSA", ES256: "P-256", EdDSA: "Ed25519" } as const)[algorithm];
}

/** The kind of a key in the same words, and in OpenSSL's for any other. */
export function kindOf(key: KeyObject): string {
  const [algorithm] = algorithmsOf(key);
  if (algorithm) return kindFor(algorithm);
  return [key.asymmetricKeyType, key.asymmetricKeyDetails?.namedCurve].filter(Boolean).join(" ");
}

/** Whether an algorithm's keys are RSA, which alone have a length to choose. */
export function isRsa(algorithm: SigningAlgorithm): boolean {
  return kindFor(algorithm) === "RSA";
}

/** What a new key for an algorithm looks like; `rsaBits` counts for RSA alone. */
export function shapeOf(algorithm: SigningAlgorithm, rsaBits: number): KeyShape {
  if (isRsa(algorithm)) return { type: "rsa", modulusLength: rsaBits };
  return algorithm === "ES256" ? { type: "ec", namedCurve: "P-256" } : { type: "ed25519" };
}
