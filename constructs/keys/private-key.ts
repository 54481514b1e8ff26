import { createPrivateKey, type KeyObject } from "node:crypto";
import { type SigningAlgorithm, shapeOf } from "./algorithms";
import { keyId } from "./certificate";
import { slownessOf } from "./derivation";
import { KeyError } from "./errors";
import { generateKey } from "./generate";
import { createFile, readRegularFile } from "./key-files";
import { fittingAlgorithm } from "./key-fit";
import { otherForm } from "./other-forms";
import { readBytes } from "./read-file";
import { shown } from "./shown";

/** A private key file that cannot be looked into here: which key it holds is not known. */
export const ENCRYPTED = "encrypted";

/**
 * Makes a private key for an algorithm and writes it as PKCS#8 PEM, mode 0600; `undefined` where another run was first.
 */
export function createPrivateKeyFile(path: string, algorithm: SigningAlgorithm, rsaBits: number) {
  const key = generateKey(shapeOf(algorithm, rsaBits));
  return createFile(path, printPrivateKey(key), 0o600) ? key : undefined;
}

/** PKCS#8 in PEM; with a passphrase encrypted by AES-256 (PBES2). */
export function printPrivateKey(key: KeyObject, passphrase?: string): string {
  const encrypted = passphrase !== undefined && { cipher: "aes-256-cbc", passphrase };
  return key.export({ type: "pkcs8", format: "pem", ...encrypted }) as string;
}

/**
 * Reads a private key in PEM (PKCS#8, PKCS#1 or SEC1) that has to fit an algorithm; `undefined` where there is no file,
 * and `ENCRYPTED` for an encrypted one where no passphrase is given. The file is never changed.
 */
export function readPrivateKeyFile(
  path: string,
  algorithm: SigningAlgorithm | undefined,
  passphrase?: string,
): KeyObject | typeof ENCRYPTED | undefined {
  const pem = readRegularFile(path);
  if (pem === undefined) return undefined;
  if (isEncrypted(pem) && passphrase === undefined) return ENCRYPTED;
  const key = parsePrivateKey(pem, path, passphrase);
  fittingAlgorithm(
    key,
    { file: shown(path), verb: "hold", replace: "remove both halves to have a new one made" },
    algorithm,
  );
  return key;
}

/** The id of the key in a file, likewise. */
export function keyIdInFile(path: string, passphrase?: string): string | typeof ENCRYPTED | undefined {
  const key = readPrivateKeyFile(path, undefined, passphrase);
  return key === undefined || key === ENCRYPTED ? key : keyId(key);
}

/** PKCS#8's own form, whose label says so (RFC 7468 section 11), and the header of the older ones (RFC 1421). */
function isEncrypted(pem: string): boolean {
  return /-----BEGIN ENCRYPTED [A-Z ]+-----/.test(pem) || pem.includes("Proc-Type: 4,ENCRYPTED");
}

function parsePrivateKey(pem: string, path: string, passphrase?: string): KeyObject {
  const slow = slownessOf(pem);
  if (slow) {
    throw new KeyError("KEY_UNSUPPORTED", `${shown(path)} must hold a private key that opens quickly, got: ${slow}`);
  }
  try {
    return createPrivateKey({ key: pem, passphrase });
  } catch {
    const got = otherForm(readBytes(path)) ?? `${pem.length} characters that OpenSSL cannot parse`;
    const words = isEncrypted(pem) ? "in PEM that the passphrase opens" : "in PEM";
    // The cause is left out: OpenSSL's text may quote the input.
    throw new KeyError(
      "KEY_CORRUPT",
      `${shown(path)} must hold a private key ${words}, got: ${got}; the file is unchanged; restore it from a backup, or remove it and run \`m2m keys revoke\` (with \`--key\`, if it does not hold the active key)`,
    );
  }
}
