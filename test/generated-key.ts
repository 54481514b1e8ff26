import { createPublicKey, type KeyObject } from "node:crypto";
import { generateKey, type KeyShape } from "../constructs/keys/generate";

/** Both halves of a key that was generated. */
export interface GeneratedPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export function rsaPair(modulusLength = 2048): GeneratedPair {
  return pairOf({ type: "rsa", modulusLength });
}

export function ecPair(namedCurve = "P-256"): GeneratedPair {
  return pairOf({ type: "ec", namedCurve });
}

export function ed25519Pair(): GeneratedPair {
  return pairOf({ type: "ed25519" });
}

/** By the product's generator, whose keys are safe to use at once. */
function pairOf(shape: KeyShape): GeneratedPair {
  const privateKey = generateKey(shape);
  return { privateKey, publicKey: createPublicKey(privateKey) };
}
