import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { ANY_KEY, algorithmsOf, kindOf } from "../../constructs/keys/algorithms";
import { leafOf, NoLeaf } from "../../constructs/keys/leaf";
import { KeyError } from "../errors";

/**
 * Computes the id of a key from its public half: base64url(SHA-256(DER SubjectPublicKeyInfo)). Keycloak computes the
 * same for a client's certificate. A {@link Signer} needs it as its `kid`.
 *
 * Does not check: the length of an RSA key, or whether a signer holds the private half.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs";
 * import { keyIdOf } from "cdktf-keycloak-m2m/machine";
 *
 * const kid = keyIdOf(readFileSync("certs/machine-a-signing.crt", "utf8"));
 * ```
 *
 * @param publicKey PEM ("BEGIN PUBLIC KEY", "BEGIN RSA PUBLIC KEY", or a certificate, also with those that issued it), or a public `KeyObject` of
 *   `node:crypto`, which `createPublicKey` makes from DER or a JWK
 * @throws {KeyError} `ERR_KEY_FORMAT` for anything else, including a private key. `ERR_KEY_TYPE` if the key is not RSA,
 *   P-256 or Ed25519
 * @see RFC 7517 section 4.5, RFC 5280 section 4.1.2.7
 */
export function keyIdOf(publicKey: string | KeyObject): string {
  const key = typeof publicKey === "string" ? parsePublicKey(publicKey) : publicKey;
  if (key?.type !== "public") throw notPublic(key?.type ? `a ${key.type} key` : "neither text nor a key");
  if (algorithmsOf(key).length === 0) {
    throw new KeyError("ERR_KEY_TYPE", `\`publicKey\` must be ${ANY_KEY}, got: ${kindOf(key)}`);
  }
  const spki = key.export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("base64url");
}

function parsePublicKey(pem: string): KeyObject {
  const label = /-----BEGIN ([A-Z0-9 ]{1,30})-----/.exec(pem)?.[1];
  if (label === undefined) throw notPublic("no PEM");
  // Node.js would silently take its public half. But a private key has no business here, and the caller should know.
  if (pem.includes("PRIVATE KEY-----")) throw notPublic("a private key");
  try {
    return label.endsWith("CERTIFICATE") ? leafOf(pem).publicKey : createPublicKey(pem);
  } catch (cause) {
    if (cause instanceof NoLeaf) throw notPublic(cause.message);
    throw notPublic(`"BEGIN ${label}", damaged or of another kind`, cause);
  }
}

function notPublic(got: string, cause?: unknown): KeyError {
  return new KeyError("ERR_KEY_FORMAT", `\`publicKey\` must be a PEM public key or certificate, got: ${got}`, cause);
}
