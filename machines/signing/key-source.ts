import { SIGNING_ALGORITHMS, type SigningAlgorithm } from "../../constructs/keys/algorithms";
import { quoted } from "../../constructs/keys/shown";
import { KeyError, MachineError, OptionError } from "../errors";
import type { SigningKey } from "./parse-signing-key";

/** A key that signs elsewhere, such as in hardware or in a cloud's key management, and never leaves it. */
export interface Signer {
  /**
   * The key id by which the issuer knows the key: 1 to 255 visible ASCII characters. If Keycloak has the key from a
   * certificate, use `keyIdOf`. If it has the key from a JWKS, use the `kid` there.
   */
  readonly kid: string;
  /** The algorithm it signs with. It must be the one that the client is declared with. */
  readonly algorithm: SigningAlgorithm;
  /**
   * Signs an assertion's header and claims within 5 s. `data` is a copy, and the signer may keep or change it. The
   * signature must be in the form of JWS:
   *
   * - `RS256`: RSASSA-PKCS1-v1_5 with SHA-256; as many bytes as the modulus
   * - `PS256`: RSASSA-PSS with SHA-256, MGF1 with SHA-256 and 32 bytes of salt; as many bytes as the modulus
   * - `ES256`: ECDSA on P-256 with SHA-256; r and s of 32 bytes each, not DER, which many services return
   * - those with 384 and 512: the same with SHA-384 and SHA-512, 48 and 64 bytes of salt, P-384 with 48 bytes and P-521
   *   with 66 bytes each
   * - `EdDSA`: Ed25519; 64 bytes
   *
   * Calls may overlap. Each signs a different assertion, so do not cache answers.
   *
   * @see RFC 7518 sections 3.3 to 3.5, RFC 8037 section 3.1
   */
  sign(data: Uint8Array): Promise<Uint8Array>;
}

/**
 * A key, a signer, or a function that returns one, such as {@link watchSigningKey} makes. The function is called for
 * each signature, so a new key is used without a restart. It must not return a promise.
 */
export type KeySource = SigningKey | Signer | (() => SigningKey | Signer);

/**
 * Checks a source ahead of its use. The answer of a function is checked later, at each signature.
 *
 * @throws {OptionError} `ERR_OPTION` if it is neither key, signer nor function, if its `kid` is not 1 to 255 visible
 *   ASCII characters, or if its algorithm is not a {@link SigningAlgorithm}
 */
export function checkKeySource(source: KeySource): void {
  if (typeof source !== "function") checkKey(source);
}

/**
 * Gives the key or signer to sign with now.
 *
 * @throws {MachineError} `ERR_OPTION` as {@link checkKeySource}. `ERR_SIGNER` if a function throws anything but a
 *   `MachineError`
 */
export function currentKey(source: KeySource): SigningKey | Signer {
  const key = typeof source === "function" ? ask(source) : source;
  checkKey(key);
  return key;
}

/** Whether a key signs outside of this process. */
export function isSigner(key: SigningKey | Signer): key is Signer {
  return !("privateKey" in key);
}

function ask(source: () => SigningKey | Signer): SigningKey | Signer {
  try {
    return source();
  } catch (cause) {
    if (cause instanceof MachineError) throw cause;
    throw new KeyError("ERR_SIGNER", "the function that returns the key to sign with failed", cause);
  }
}

function checkKey(key: SigningKey | Signer): void {
  if (typeof key !== "object" || key === null || (isSigner(key) && typeof key.sign !== "function")) {
    const got = key instanceof Promise ? "a promise" : `${key === null ? "null" : typeof key} without both`;
    throw new OptionError(`\`signingKey\` must have a \`privateKey\` or a function \`sign\`, got: ${got}`);
  }
  const { kid, algorithm } = key;
  if (typeof kid !== "string" || !/^[\x21-\x7e]{1,255}$/.test(kid)) {
    throw new OptionError(`\`signingKey.kid\` must be 1 to 255 visible ASCII characters, got: ${quoted(kid)}`);
  }
  if (!SIGNING_ALGORITHMS.includes(algorithm)) {
    throw new OptionError(
      `\`signingKey.algorithm\` must be one of ${SIGNING_ALGORITHMS.join(", ")}, got: ${quoted(algorithm)}`,
    );
  }
}
