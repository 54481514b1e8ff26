import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  ALGORITHMS,
  ANY_KEY,
  algorithmsOf,
  kindOf,
  type SigningAlgorithm,
  shortageOf,
} from "../../constructs/keys/algorithms";
import { KeyError } from "../errors";
import { keyIdOf } from "./key-id";

/** A private key ready to sign, with the key id Keycloak knows it by. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  /** base64url(SHA-256(DER SubjectPublicKeyInfo)): what Keycloak computes for a client's certificate. */
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
}

export interface SigningKeyOptions {
  /**
   * The algorithm to sign with. It has to be the one the client is declared with; only an RSA key leaves a choice.
   *
   * @default - by the key: RS256 for RSA, ES256 for P-256, EdDSA for Ed25519
   */
  readonly algorithm?: SigningAlgorithm;
  /**
   * What an encrypted key file is opened with. Not looked at where the file is not encrypted.
   *
   * @default - none: an encrypted file is refused
   */
  readonly passphrase?: string;
}

/**
 * Reads a private signing key from a PEM file, encrypted or not: PKCS#8, PKCS#1 or SEC1, holding an RSA key of at least 2048
 * bits, a P-256 key or an Ed25519 key. One signature is made and checked, so that a damaged key is no surprise later.
 *
 * Does not check: the file's permissions, or whether the issuer knows the key.
 *
 * @throws {KeyError} `ERR_KEY_UNREADABLE`, `ERR_KEY_FORMAT`, `ERR_KEY_TYPE` (also for an algorithm the key cannot sign
 *   with) or `ERR_KEY_SIZE`; each names the file
 * @see RFC 7518 section 3, RFC 8037 section 3.1
 */
export function loadSigningKey(file: string, options: SigningKeyOptions = {}): SigningKey {
  let pem: string;
  try {
    pem = readFileSync(file, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new KeyError(
      "ERR_KEY_UNREADABLE",
      `key file ${file} cannot be read (${code}); check the path and that this user may read it`,
      cause,
    );
  }
  const privateKey = parsePrivateKey(pem, file, options.passphrase);
  const algorithm = chooseAlgorithm(privateKey, file, options.algorithm);
  const short = shortageOf(privateKey);
  if (short) {
    throw new KeyError(
      "ERR_KEY_SIZE",
      `key file ${file} must hold an RSA key of at least ${short.least} bits, got: ${short.bits}; make a new key`,
    );
  }
  checkHalves(privateKey, algorithm, file);
  return { privateKey, kid: keyIdOf(createPublicKey(privateKey)), algorithm };
}

/** A changed byte leaves many a file well-formed, but its two halves no pair: found here, not in the issuer's refusal. */
function checkHalves(key: KeyObject, algorithm: SigningAlgorithm, file: string): void {
  const { digest, options } = ALGORITHMS[algorithm];
  const sample = Buffer.from("sample");
  try {
    if (verify(digest, sample, { key: createPublicKey(key), ...options }, sign(digest, sample, { key, ...options })))
      return;
  } catch {
    // the numbers are no key at all
  }
  throw new KeyError(
    "ERR_KEY_FORMAT",
    `key file ${file} holds a damaged key: its public half does not confirm its signatures`,
  );
}

function chooseAlgorithm(key: KeyObject, file: string, asked?: SigningAlgorithm): SigningAlgorithm {
  const [usual, ...others] = algorithmsOf(key);
  if (usual === undefined) {
    throw new KeyError(
      "ERR_KEY_TYPE",
      `key file ${file} must hold ${ANY_KEY}, got: ${kindOf(key)}; make one with SigningKeyPair or openssl genpkey`,
    );
  }
  if (asked === undefined || asked === usual || others.includes(asked)) return asked ?? usual;
  throw new KeyError(
    "ERR_KEY_TYPE",
    `key file ${file} must hold a key for ${asked}, got: ${kindOf(key)}, which signs ${[usual, ...others].join(" or ")}`,
  );
}

function parsePrivateKey(pem: string, file: string, passphrase?: string): KeyObject {
  // openssl writes an EC key's parameters before it, and others a certificate.
  const label = (/-----BEGIN ([A-Z0-9 ]{0,18}PRIVATE KEY)-----/.exec(pem) ??
    /-----BEGIN ([A-Z0-9 ]{1,30})-----/.exec(pem))?.[1];
  const refuse = (got: string, cause?: unknown) =>
    new KeyError(
      "ERR_KEY_FORMAT",
      `key file ${file} must hold a PEM private key ("BEGIN PRIVATE KEY"), got: ${got}`,
      cause,
    );
  if (label === undefined) throw refuse(pem.trim() === "" ? "an empty file" : "no PEM");
  if (!label.endsWith("PRIVATE KEY")) throw refuse(`"BEGIN ${label}"`);
  const encrypted = label.includes("ENCRYPTED") || pem.includes("Proc-Type: 4,ENCRYPTED");
  if (encrypted && passphrase === undefined) {
    throw refuse("an encrypted key; give its passphrase (KEY_PASSPHRASE or KEY_PASSPHRASE_FILE)");
  }
  try {
    return createPrivateKey(encrypted ? { key: pem, passphrase } : pem);
  } catch (cause) {
    throw refuse(
      encrypted ? "an encrypted key that the passphrase does not open, or a damaged one" : "a damaged key",
      cause,
    );
  }
}
