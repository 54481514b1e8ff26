import { createPrivateKey, type KeyObject } from "node:crypto";
import { makePrivateKey, type SigningAlgorithm } from "./algorithms";
import { KeyError } from "./errors";
import { createFile, readRegularFile } from "./key-files";
import { fittingAlgorithm } from "./key-fit";

/**
 * Makes a private key for an algorithm and writes it as PKCS#8 PEM, mode 0600; `undefined` where another run was first.
 */
export function createPrivateKeyFile(path: string, algorithm: SigningAlgorithm, rsaBits: number) {
  const key = makePrivateKey(algorithm, rsaBits);
  const made = createFile(path, key.export({ type: "pkcs8", format: "pem" }) as string, 0o600);
  return made ? key : undefined;
}

/**
 * Reads a private key in PEM that has to fit an algorithm; `undefined` where there is no file. The file is never
 * changed.
 */
export function readPrivateKeyFile(path: string, algorithm: SigningAlgorithm): KeyObject | undefined {
  const pem = readRegularFile(path);
  if (pem === undefined) return undefined;
  const key = parsePrivateKey(pem, path);
  fittingAlgorithm(key, { file: path, verb: "hold", replace: "remove both halves to have a new one made" }, algorithm);
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
