import { SIGNING_ALGORITHMS, type SigningAlgorithm } from "../../constructs/keys/algorithms";
import { KeyError, MachineError, OptionError } from "../errors";
import type { SigningKey } from "./signing-key";

/** A key that signs elsewhere, in hardware or a cloud's key management, and does not come out of there. */
export interface Signer {
  /**
   * The key id the issuer knows the key by, 1 to 255 visible ASCII characters. For a key that Keycloak has from a
   * certificate it is what `keyIdOf` gives; in a JWKS it is what stands there.
   */
  readonly kid: string;
  /** What it signs with: the algorithm the client is declared with. */
  readonly algorithm: SigningAlgorithm;
  /**
   * Signs, within 5 s. It is given an assertion's header and claims in memory of their own, and gives the signature as JWS
   * has it:
   *
   * - `RS256`: RSASSA-PKCS1-v1_5 with SHA-256, as long as the modulus
   * - `PS256`: RSASSA-PSS with SHA-256, MGF1 with SHA-256 and 32 bytes of salt, as long as the modulus
   * - `ES256`: ECDSA on P-256 with SHA-256, r and s of 32 bytes each; not DER, which many services give
   * - `EdDSA`: Ed25519, 64 bytes
   *
   * Calls may be made at the same time. Each signs another assertion, so an answer is no good for a second call.
   *
   * @see RFC 7518 sections 3.3 to 3.5, RFC 8037 section 3.1
   */
  sign(data: Uint8Array): Promise<Uint8Array>;
}

/**
 * A key, a signer, or what gives the one to sign with now, as `watchSigningKey` does. A function is asked for each
 * signature, so that another key is taken up without a restart; it gives an answer at once, no promise.
 */
export type KeySource = SigningKey | Signer | (() => SigningKey | Signer);

/**
 * Checks a source as far as that can be done ahead: what a function gives is looked at when it gives it.
 *
 * @throws {OptionError} `ERR_OPTION` for what is neither key, signer nor function, a `kid` that is not 1 to 255 visible
 *   ASCII characters, or another algorithm
 */
export function checkKeySource(source: KeySource): void {
  if (typeof source !== "function") checkKey(source);
}

/**
 * The key or signer to sign with now.
 *
 * @throws {MachineError} `ERR_OPTION` as {@link checkKeySource}; `ERR_SIGNER` where a function throws what is none of
 *   ours
 */
export function currentKey(source: KeySource): SigningKey | Signer {
  const key = typeof source === "function" ? ask(source) : source;
  checkKey(key);
  return key;
}

/** Whether a key signs elsewhere. */
export function isSigner(key: SigningKey | Signer): key is Signer {
  return !("privateKey" in key);
}

function ask(source: () => SigningKey | Signer): SigningKey | Signer {
  try {
    return source();
  } catch (cause) {
    if (cause instanceof MachineError) throw cause;
    throw new KeyError("ERR_SIGNER", "the function that gives the key to sign with has failed", cause);
  }
}

function checkKey(key: SigningKey | Signer): void {
  if (typeof key !== "object" || key === null || (isSigner(key) && typeof key.sign !== "function")) {
    const got = key instanceof Promise ? "a promise" : `${key === null ? "null" : typeof key} without both`;
    throw new OptionError(`\`signingKey\` must have a \`privateKey\` or a function \`sign\`, got: ${got}`);
  }
  const { kid, algorithm } = key;
  if (typeof kid !== "string" || !/^[\x21-\x7e]{1,255}$/.test(kid)) {
    throw new OptionError(`\`signingKey.kid\` must be 1 to 255 visible ASCII characters, got: ${inWords(kid)}`);
  }
  if (!SIGNING_ALGORITHMS.includes(algorithm)) {
    throw new OptionError(
      `\`signingKey.algorithm\` must be one of ${SIGNING_ALGORITHMS.join(", ")}, got: ${inWords(algorithm)}`,
    );
  }
}

function inWords(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 64)) : typeof value;
}
