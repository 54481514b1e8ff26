import { SIGNING_ALGORITHMS, type SigningAlgorithm } from "../constructs/keys/algorithms";
import { readTextFile, UnreadableFile } from "../constructs/keys/read-file";
import { shown } from "../constructs/keys/shown";
import type { MachineOptions } from "./calling/open-machine";
import type { TlsOptions } from "./calling/tls-options";
import { OptionError } from "./errors";
import { signingKeyFromVariable } from "./signing/signing-key";

/** The environment of a program. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings of a machine. Defaults are those of the article. Plain http is off as soon as `ISSUER` or one of
 * the variables in `addresses` is set.
 *
 * @throws {MachineError} `ERR_OPTION` for a setting of another form; an `ERR_KEY_…` code for a key in a variable
 */
export function readMachine(env: Environment, name: string, ...addresses: string[]): MachineOptions {
  return {
    clientId: readText(env, "CLIENT_ID", name),
    ...readKey(env, name),
    issuer: readText(env, "ISSUER", "http://keycloak:8080/realms/sjwt-example"),
    connectTo: env.CONNECT_TO,
    allowInsecureHttp: readAllowInsecureHttp(env, "ISSUER", ...addresses),
    scope: env.SCOPE || undefined,
    dpop: readSwitch(env, "DPOP", false),
    certificateFile: env.CERTIFICATE_FILE || undefined,
    tls: readTls(env),
  };
}

/**
 * Reads the files of TLS: CAs to trust, and the machine's own certificate with its key.
 *
 * @throws {OptionError} `ERR_OPTION` for a certificate without a key, or a key without a certificate
 */
function readTls(env: Environment): TlsOptions | undefined {
  const caFile = env.TLS_CA_FILE || undefined;
  const certificateFile = env.TLS_CERTIFICATE_FILE || undefined;
  const keyFile = env.TLS_KEY_FILE || undefined;
  if ((certificateFile === undefined) !== (keyFile === undefined)) {
    const [got, other] =
      keyFile === undefined ? ["TLS_CERTIFICATE_FILE", "TLS_KEY_FILE"] : ["TLS_KEY_FILE", "TLS_CERTIFICATE_FILE"];
    throw new OptionError(
      `TLS_CERTIFICATE_FILE and TLS_KEY_FILE must be set together, got: ${got} alone; set ${other} too`,
    );
  }
  return (caFile ?? certificateFile) ? { caFile, certificateFile, keyFile } : undefined;
}

/** Reads where the key is: in the variable that `KEY_VARIABLE` names, or else in the file of `KEY_FILE`. */
function readKey(
  env: Environment,
  name: string,
): Pick<MachineOptions, "keyFile" | "signingKey" | "algorithm" | "passphrase"> {
  const options = { algorithm: readAlgorithm(env), passphrase: readPassphrase(env) };
  if (env.KEY_VARIABLE) return { signingKey: signingKeyFromVariable(env.KEY_VARIABLE, { ...options, env }) };
  return { keyFile: readText(env, "KEY_FILE", `certs/${name}-signing.key`), ...options };
}

/** Reads a text. An empty one counts as not set. */
export function readText(env: Environment, name: string, fallback: string): string {
  return env[name] || fallback;
}

/** Reads `ALGORITHM`. If it is not set, the key decides. @throws {OptionError} `ERR_OPTION` for another text */
function readAlgorithm(env: Environment): SigningAlgorithm | undefined {
  if (!env.ALGORITHM) return undefined;
  const known = SIGNING_ALGORITHMS.find((algorithm) => algorithm === env.ALGORITHM);
  if (known) return known;
  throw new OptionError(`ALGORITHM must be one of ${SIGNING_ALGORITHMS.join(", ")}, got: ${shown(env.ALGORITHM)}`);
}

/**
 * Reads `KEY_PASSPHRASE`, or the first line of the file in `KEY_PASSPHRASE_FILE`, which is how containers get secrets.
 *
 * @throws {OptionError} `ERR_OPTION` for a file that cannot be read, or whose first line is empty
 */
export function readPassphrase(env: Environment): string | undefined {
  const file = env.KEY_PASSPHRASE_FILE;
  if (!file) return env.KEY_PASSPHRASE || undefined;
  let passphrase: string | undefined;
  try {
    [passphrase] = readTextFile(file).split(/\r?\n/);
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    throw new OptionError(`KEY_PASSPHRASE_FILE must name a file that can be read, got: ${shown(file)} (${error.got})`);
  }
  // An empty passphrase would protect nothing.
  if (passphrase) return passphrase;
  throw new OptionError(
    `KEY_PASSPHRASE_FILE must name a file whose first line is the passphrase, got: an empty line in ${shown(file)}`,
  );
}

/**
 * Reads `ALLOW_INSECURE_HTTP`, `true` or `false`. If it is not set, http is allowed only while none of the named
 * addresses is set: the defaults are the article's local environment, which has no TLS.
 *
 * @throws {OptionError} `ERR_OPTION` for any other text
 */
function readAllowInsecureHttp(env: Environment, ...addresses: string[]): boolean {
  return readSwitch(
    env,
    "ALLOW_INSECURE_HTTP",
    addresses.every((name) => !env[name]),
  );
}

/** Reads `true` or `false`. @throws {OptionError} `ERR_OPTION` for any other text */
export function readSwitch(env: Environment, name: string, fallback: boolean): boolean {
  const value = readText(env, name, String(fallback));
  if (value === "true" || value === "false") return value === "true";
  throw new OptionError(`${name} must be true or false, got: ${shown(value)}`);
}

/** Reads a whole number from `least` to `most`. @throws {OptionError} `ERR_OPTION` */
export function readNumber(env: Environment, name: string, fallback: number, least: number, most: number): number {
  const value = readText(env, name, String(fallback));
  if (!/^\d{1,9}$/.test(value) || Number(value) < least || Number(value) > most) {
    throw new OptionError(`${name} must be a whole number from ${least} to ${most}, got: ${shown(value)}`);
  }
  return Number(value);
}
