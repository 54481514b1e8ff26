import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import {
  ALGORITHMS,
  ANY_KEY,
  algorithmsOf,
  kindOf,
  type SigningAlgorithm,
  unfitSizeOf,
} from "../../constructs/keys/algorithms";
import { slownessOf } from "../../constructs/keys/derivation";
import { readTextFile, UnreadableFile } from "../../constructs/keys/read-file";
import { shown } from "../../constructs/keys/shown";
import { KeyError } from "../errors";
import { keyIdOf } from "./key-id";

/** A private key in this process, with the id by which Keycloak knows it. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  /** base64url(SHA-256(DER SubjectPublicKeyInfo)). Keycloak computes the same for a client's certificate. */
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
}

export interface SigningKeyOptions {
  /**
   * The algorithm to sign with. It must be the one that the client is declared with. Only an RSA key leaves a choice.
   *
   * @default - by the key: RS256 for RSA, ES256 for P-256, EdDSA for Ed25519
   */
  readonly algorithm?: SigningAlgorithm;
  /**
   * The passphrase of an encrypted key file. Not used if the file is not encrypted.
   *
   * @default - none: an encrypted file is refused
   */
  readonly passphrase?: string;
}

/**
 * Reads a private signing key from a PEM file, encrypted or not. The key is RSA of at least 2048 bits, P-256 or
 * Ed25519, in PKCS#8, PKCS#1 or SEC1. The function makes and checks one signature, so a damaged key fails here and not
 * later.
 *
 * Does not check: the file's permissions, or whether the issuer knows the key.
 *
 * @example
 * ```ts
 * import { loadSigningKey } from "cdktf-keycloak-m2m/machine";
 *
 * const signingKey = loadSigningKey("certs/machine-a-signing.key", { algorithm: "PS256" });
 * ```
 *
 * @throws {KeyError} `ERR_KEY_UNREADABLE`, `ERR_KEY_FORMAT`, `ERR_KEY_SIZE`, or `ERR_KEY_TYPE` (also if the key cannot
 *   sign with the algorithm). The message names the file
 * @see RFC 7518 section 3, RFC 8037 section 3.1
 */
export function loadSigningKey(file: string, options: SigningKeyOptions = {}): SigningKey {
  const where = `key file ${shown(file)}`;
  let pem: string;
  try {
    pem = readTextFile(file);
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    throw new KeyError(
      "ERR_KEY_UNREADABLE",
      `${where} cannot be read (${error.got}); check the path and that this user may read it`,
    );
  }
  const privateKey = parsePrivateKey(pem, where, options.passphrase);
  const algorithm = chooseAlgorithm(privateKey, where, options.algorithm);
  const unfit = unfitSizeOf(privateKey);
  if (unfit) {
    throw new KeyError(
      "ERR_KEY_SIZE",
      `${where} must hold an RSA key of ${unfit.rule}, got: ${unfit.bits}; make a new key`,
    );
  }
  checkHalves(privateKey, algorithm, where);
  return { privateKey, kid: keyIdOf(createPublicKey(privateKey)), algorithm };
}

/** With one byte changed, a key file often still parses, but its halves no longer match. Only a signature shows it. */
function checkHalves(key: KeyObject, algorithm: SigningAlgorithm, where: string): void {
  const { digest, options } = ALGORITHMS[algorithm];
  const sample = Buffer.from("sample");
  try {
    if (verify(digest, sample, { key: createPublicKey(key), ...options }, sign(digest, sample, { key, ...options })))
      return;
  } catch {
    // The numbers are not a key at all.
  }
  throw new KeyError(
    "ERR_KEY_FORMAT",
    `${where} holds a damaged key: its public half does not match its signatures; restore it from a backup`,
  );
}

function chooseAlgorithm(key: KeyObject, where: string, asked?: SigningAlgorithm): SigningAlgorithm {
  const [usual, ...others] = algorithmsOf(key);
  if (usual === undefined) {
    throw new KeyError(
      "ERR_KEY_TYPE",
      `${where} must hold ${ANY_KEY}, got: ${kindOf(key)}; make one with SigningKeyPair or openssl genpkey`,
    );
  }
  if (asked === undefined || asked === usual || others.includes(asked)) return asked ?? usual;
  throw new KeyError(
    "ERR_KEY_TYPE",
    `${where} must hold a key for ${asked}, got: ${kindOf(key)}, which signs with ${[usual, ...others].join(" or ")}`,
  );
}

function parsePrivateKey(pem: string, where: string, passphrase?: string): KeyObject {
  // openssl writes the parameters of an EC key before the key. Other tools write a certificate there.
  const label = (/-----BEGIN ([A-Z0-9 ]{0,18}PRIVATE KEY)-----/.exec(pem) ??
    /-----BEGIN ([A-Z0-9 ]{1,30})-----/.exec(pem))?.[1];
  const refuse = (got: string, cause?: unknown) =>
    new KeyError("ERR_KEY_FORMAT", `${where} must hold a PEM private key ("BEGIN PRIVATE KEY"), got: ${got}`, cause);
  if (label === undefined) throw refuse(pem.trim() === "" ? "an empty file" : "no PEM");
  if (!label.endsWith("PRIVATE KEY")) throw refuse(`"BEGIN ${label}"`);
  const encrypted = label.includes("ENCRYPTED") || pem.includes("Proc-Type: 4,ENCRYPTED");
  if (encrypted && passphrase === undefined) {
    throw refuse("an encrypted key; give its passphrase (KEY_PASSPHRASE or KEY_PASSPHRASE_FILE)");
  }
  const slow = slownessOf(pem);
  if (slow) throw refuse(slow);
  try {
    return createPrivateKey(encrypted ? { key: pem, passphrase } : pem);
  } catch (cause) {
    throw refuse(encrypted ? "an encrypted key that is damaged or has another passphrase" : "a damaged key", cause);
  }
}
