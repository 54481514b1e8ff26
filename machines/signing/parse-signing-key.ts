import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import {
  ALGORITHMS,
  ANY_KEY,
  algorithmsOf,
  inWords,
  kindOf,
  type SigningAlgorithm,
  unfitSizeOf,
} from "../../constructs/keys/algorithms";
import { slownessOf } from "../../constructs/keys/derivation";
import { isWholeKey, otherForm, withLineEnds } from "../../constructs/keys/other-forms";
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
   * @default - by the key: RS256 for RSA, ES256 for P-256, ES384 for P-384, ES512 for P-521, EdDSA for Ed25519
   */
  readonly algorithm?: SigningAlgorithm;
  /**
   * The passphrase of an encrypted key file. Not used if the file is not encrypted.
   *
   * @default - none: an encrypted file is refused
   */
  readonly passphrase?: string;
}

/** Reads a private key from PEM; `where` names it in errors. @throws {KeyError} as {@link loadSigningKey} */
export function parseSigningKey(bytes: Buffer, where: string, options: SigningKeyOptions): SigningKey {
  const privateKey = parsePrivateKey(bytes, where, options.passphrase);
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
    `${where} must hold a key for ${asked}, got: ${kindOf(key)}, which signs with ${inWords([usual, ...others])}`,
  );
}

function parsePrivateKey(bytes: Buffer, where: string, passphrase?: string): KeyObject {
  const pem = withLineEnds(bytes.toString("utf8"));
  // openssl writes the parameters of an EC key before the key. Other tools write a certificate there.
  const label = (/-----BEGIN ([A-Z0-9 ]{0,18}PRIVATE KEY)-----/.exec(pem) ??
    /-----BEGIN ([A-Z0-9 ]{1,30})-----/.exec(pem))?.[1];
  const refuse = (got: string, cause?: unknown) =>
    new KeyError("ERR_KEY_FORMAT", `${where} must hold a PEM private key ("BEGIN PRIVATE KEY"), got: ${got}`, cause);
  const other = otherForm(bytes);
  if (other) throw refuse(other);
  if (label === undefined) throw refuse("no PEM");
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
    throw refuse(encrypted ? whyNotOpened(cause) : isWholeKey(pem) ? UNKNOWN_KIND : "a damaged key", cause);
  }
}

const UNKNOWN_KIND = `a key of a kind that this OpenSSL (${process.versions.openssl}) does not know`;

function whyNotOpened(cause: unknown): string {
  return /UNSUPPORTED/i.test(String((cause as NodeJS.ErrnoException).code))
    ? "an encrypted key that is damaged, or encrypted in a way that OpenSSL does not open any more; encrypt it again: openssl pkcs8 -topk8 -provider legacy -provider default"
    : "an encrypted key that is damaged or has another passphrase";
}
