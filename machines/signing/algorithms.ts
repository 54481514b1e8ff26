import type { KeyObject } from "node:crypto";

/** The signature algorithms of client assertions (RFC 7518 section 3.1, RFC 8037 section 3.1). */
export type SigningAlgorithm = "RS256" | "PS256" | "ES256" | "EdDSA";

/** The algorithms a kind of key can sign with, the usual one first; none for any other kind. */
export function algorithmsOf(key: KeyObject): readonly SigningAlgorithm[] {
  if (key.asymmetricKeyType === "rsa") return ["RS256", "PS256"];
  if (key.asymmetricKeyType === "ed25519") return ["EdDSA"];
  const curve = key.asymmetricKeyDetails?.namedCurve;
  return key.asymmetricKeyType === "ec" && curve === "prime256v1" ? ["ES256"] : [];
}

/** A kind of key in words. */
export function kindOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  return [asymmetricKeyType, asymmetricKeyDetails?.namedCurve].filter(Boolean).join(" ");
}
