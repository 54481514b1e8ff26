import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { ANY_KEY, algorithmsOf, kindOf } from "../../constructs/keys/algorithms";
import { KeyError } from "../errors";

/**
 * The id of a key by its public half: base64url(SHA-256(DER SubjectPublicKeyInfo)), which Keycloak works out for a client's
 * certificate. It is what a `Signer` wants as its `kid` where only the public half can be had.
 *
 * Does not check: an RSA key's length, or that the signer's key is the other half.
 *
 * @param publicKey PEM ("BEGIN PUBLIC KEY", "BEGIN RSA PUBLIC KEY" or a certificate), or what `createPublicKey` of
 *   `node:crypto` made of DER or a JWK
 * @throws {KeyError} `ERR_KEY_FORMAT` for anything else, a private key too; `ERR_KEY_TYPE` if it is not RSA, P-256 or
 *   Ed25519
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
  // Node.js would take its public half, and nobody notice that a private key is where it need not be.
  if (pem.includes("PRIVATE KEY-----")) throw notPublic("a private key");
  try {
    return createPublicKey(pem);
  } catch (cause) {
    throw notPublic(`"BEGIN ${label}", damaged or of another kind`, cause);
  }
}

function notPublic(got: string, cause?: unknown): KeyError {
  return new KeyError("ERR_KEY_FORMAT", `\`publicKey\` must be a PEM public key or certificate, got: ${got}`, cause);
}
