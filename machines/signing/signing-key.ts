import { readBytes, UnreadableFile } from "../../constructs/keys/read-file";
import { shown } from "../../constructs/keys/shown";
import { KeyError } from "../errors";
import { parseSigningKey, type SigningKey, type SigningKeyOptions } from "./parse-signing-key";

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
  let bytes: Buffer;
  try {
    bytes = readBytes(file);
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    throw new KeyError(
      "ERR_KEY_UNREADABLE",
      `${where} cannot be read (${error.got}); check the path and that this user may read it`,
    );
  }
  return parseSigningKey(bytes, where, options);
}

/**
 * Reads a private signing key from an environment variable that holds its PEM text, as platforms without files give it.
 * Line ends may be written as `\\n`, and quotes may stand around. Other programs that this one starts inherit the
 * variable: a file is the better place.
 *
 * Does not check: whether the issuer knows the key. It is read once, so another key needs a restart.
 *
 * @example
 * ```ts
 * import { signingKeyFromVariable } from "cdktf-keycloak-m2m/machine";
 *
 * const signingKey = signingKeyFromVariable("BILLING_KEY", { algorithm: "PS256" });
 * ```
 *
 * @param name of the variable, not its value
 * @throws {KeyError} as {@link loadSigningKey}; `ERR_KEY_UNREADABLE` if the variable is not set. The message names the
 *   variable
 */
export function signingKeyFromVariable(
  name: string,
  options: SigningKeyOptions & { readonly env?: Readonly<Record<string, string | undefined>> } = {},
): SigningKey {
  const { env = process.env, ...rest } = options;
  const where = `the environment variable ${shown(name)}`;
  const text = env[name];
  if (text) return parseSigningKey(Buffer.from(text), where, rest);
  throw new KeyError(
    "ERR_KEY_UNREADABLE",
    `${where} cannot be read (${text === undefined ? "not set" : "empty"}); put the PEM text of the private key there`,
  );
}
