import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { KeyError } from "./errors";
import { createFile, readRegularFile } from "./key-files";

/** Shortest RSA modulus in bits that RFC 7518 section 3.3 allows for RS256. */
export const MINIMUM_RSA_BITS = 2048;

/** Longer ones take minutes to make and slow every signature, for nothing that a machine's key needs. */
export const MAXIMUM_RSA_BITS = 8192;

/** Makes an RSA private key and writes it as PKCS#8 PEM, mode 0600; `undefined` where another run was first. */
export function createPrivateKeyFile(path: string, rsaBits: number): KeyObject | undefined {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: rsaBits });
  const made = createFile(path, privateKey.export({ type: "pkcs8", format: "pem" }) as string, 0o600);
  return made ? privateKey : undefined;
}

/** Reads an RSA private key in PEM; `undefined` where there is no file. The file is never changed. */
export function readPrivateKeyFile(path: string): KeyObject | undefined {
  const pem = readRegularFile(path);
  if (pem === undefined) return undefined;
  const key = parsePrivateKey(pem, path);
  if (key.asymmetricKeyType !== "rsa") {
    throw new KeyError("KEY_NOT_RSA", `${path} must hold an RSA private key, got: ${key.asymmetricKeyType}`);
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < MINIMUM_RSA_BITS) {
    throw new KeyError(
      "KEY_TOO_SHORT",
      `${path} must hold an RSA key of at least ${MINIMUM_RSA_BITS} bits (RFC 7518 section 3.3), got: ${bits}; remove both halves to have a new one made`,
    );
  }
  return key;
}

function parsePrivateKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // The cause is left out: OpenSSL's text may quote the input.
    throw new KeyError(
      "KEY_CORRUPT",
      `${path} must hold a private key in unencrypted PEM, got: ${pem.length} characters that OpenSSL cannot parse; it is left as it is: restore it from a backup, or remove both halves to have a new one made`,
    );
  }
}
