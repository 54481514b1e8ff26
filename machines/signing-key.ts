import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { KeyError } from "./errors";

/** A private RSA key ready to sign, with the key id Keycloak knows it by. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  /** base64url(SHA-256(DER SubjectPublicKeyInfo)): what Keycloak computes for a client's certificate. */
  readonly kid: string;
}

/**
 * Reads a private signing key from a PEM file (PKCS#8 or PKCS#1, unencrypted, RSA of at least 2048 bits).
 *
 * Does not check: the file's permissions, or whether the issuer knows the key.
 *
 * @throws {KeyError} `ERR_KEY_UNREADABLE`, `ERR_KEY_FORMAT`, `ERR_KEY_TYPE` or `ERR_KEY_SIZE`; each names the file
 */
export async function loadSigningKey(file: string): Promise<SigningKey> {
  let pem: string;
  try {
    pem = await readFile(file, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new KeyError(
      "ERR_KEY_UNREADABLE",
      `key file ${file} cannot be read (${code}); check the path and that this user may read it`,
      cause,
    );
  }
  const privateKey = parsePrivateKey(pem, file);
  if (privateKey.asymmetricKeyType !== "rsa") {
    throw new KeyError(
      "ERR_KEY_TYPE",
      `key file ${file} must hold an RSA key for RS256, got: ${privateKey.asymmetricKeyType}; make one with openssl genpkey -algorithm RSA`,
    );
  }
  const bits = privateKey.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < 2048) {
    throw new KeyError(
      "ERR_KEY_SIZE",
      `key file ${file} must hold an RSA key of at least 2048 bits, got: ${bits}; make a new key`,
    );
  }
  const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  return { privateKey, kid: createHash("sha256").update(spki).digest("base64url") };
}

function parsePrivateKey(pem: string, file: string): KeyObject {
  const label = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(pem)?.[1];
  const refuse = (got: string, cause?: unknown) =>
    new KeyError(
      "ERR_KEY_FORMAT",
      `key file ${file} must hold an unencrypted PEM private key ("BEGIN PRIVATE KEY"), got: ${got}`,
      cause,
    );
  if (label === undefined) throw refuse(pem.trim() === "" ? "an empty file" : "no PEM");
  if (label.includes("ENCRYPTED") || pem.includes("Proc-Type: 4,ENCRYPTED")) throw refuse("an encrypted key");
  if (!label.endsWith("PRIVATE KEY")) throw refuse(`"BEGIN ${label}"`);
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw refuse("a damaged key", cause);
  }
}
