import type { SigningAlgorithm } from "../../constructs/keys/algorithms";
import { OptionError } from "../errors";
import { type Log, toStandardError } from "../log";
import { type Observer, watch } from "../observer";
import type { DpopKey } from "../signing/dpop-key";
import type { KeySource } from "../signing/key-source";
import { signingKeyFromVariable } from "../signing/signing-key";
import { watchSigningKey } from "../signing/watch-signing-key";
import { type NetworkOptions, openConnections } from "./connect-to";
import { type Issuer, openIssuer } from "./open-issuer";
import { signingCertificate, tlsCertificate } from "./own-certificates";
import { followTls } from "./tls-options";
import { createTokenClient, type TokenClient } from "./token-client";

export interface MachineOptions extends NetworkOptions {
  /** The machine's client id at the issuer. */
  readonly clientId: string;
  /** Path of its private key in PEM. Changes of the file are followed. @default - none: another one is required */
  readonly keyFile?: string;
  /**
   * Name of the environment variable that holds its private key in PEM, see {@link signingKeyFromVariable}. It is read
   * once.
   *
   * @default - none: another one is required
   */
  readonly keyVariable?: string;
  /** Its key itself, such as a signer in hardware or a cloud. @default - none: another one is required */
  readonly signingKey?: KeySource;
  /** The issuer, exactly as in the `iss` of its tokens. For Keycloak `https://host/realms/NAME`. */
  readonly issuer: string;
  /**
   * The algorithm to sign with, beside a `keyFile` or `keyVariable`.
   *
   * @default - by the key: RS256 for RSA, ES256 for P-256, ES384 for P-384, ES512 for P-521, EdDSA for Ed25519
   */
  readonly algorithm?: SigningAlgorithm;
  /** The passphrase of an encrypted key. @default - none: an encrypted key is refused */
  readonly passphrase?: string;
  /** Scopes to ask for, separated by spaces. @default - the client's default scopes */
  readonly scope?: string;
  /** Other addresses to connect to: `keycloak:8080=127.0.0.1:18080,…` @default - the addresses as they are */
  readonly connectTo?: string;
  /** Accept addresses without TLS. For local development only. @default false */
  readonly allowInsecureHttp?: boolean;
  /** The API that tokens are for. Keycloak does not read it, other issuers may. @default - the parameter is not sent */
  readonly audience?: string;
  /**
   * Binds tokens to a key, so that nobody else can use them (DPoP): `true`, or a key by {@link createDpopKey}.
   *
   * @default false: bearer tokens
   */
  readonly dpop?: boolean | DpopKey;
  /** Share of a token's life after which it is refreshed, at the latest: 0.1 to 0.9. @default 0.75 */
  readonly refreshAfter?: number;
  /** Milliseconds that a call without a token waits while attempts fail: 0 to 600000. @default 10000 */
  readonly patienceMs?: number;
  /** Milliseconds that a call of an API may take, including the body: 1 to 2147483647. @default 30000 */
  readonly callTimeoutMs?: number;
  /** Takes log lines. @default - standard error */
  readonly log?: Log;
  /** Are told what the machine does, see {@link IssuerOptions.observers}. @default - none */
  readonly observers?: readonly Observer[];
  /**
   * Path of the signing key's certificate in PEM. It is read for observers alone, which tell when it ends.
   *
   * @default - beside `keyFile`: NAME.crt for NAME.key, if it is there
   */
  readonly certificateFile?: string;
}

/** A machine: its identity at an issuer, and the calls that it makes. */
export interface Machine extends TokenClient {
  readonly clientId: string;
  readonly issuer: Issuer;
  readonly signingKey: KeySource;
  /** Closes idle connections, so the program can end. Later calls fail. */
  close(): Promise<void>;
}

/**
 * Opens a machine from one set of options: a key file or a signer, an issuer and a token client. {@link createVerifier}
 * and {@link createIntrospector} take its `issuer` and `signingKey`. It sends nothing before the first use.
 *
 * Its `fetch` follows no redirect, so the token goes only to the address that was called. It gives up after
 * `callTimeoutMs`.
 *
 * Does not check: that the issuer can be reached, or knows the client and its key. The permissions of the key file.
 *
 * @example
 * ```ts
 * import { openMachine } from "cdktf-keycloak-m2m/machine";
 *
 * const machine = openMachine({
 *   clientId: "machine-a",
 *   keyFile: "certs/machine-a-signing.key",
 *   issuer: "https://sso.example.org/realms/example",
 * });
 * const response = await machine.fetch("https://api.example.org/orders");
 * await machine.close();
 * ```
 *
 * @throws {MachineError} `ERR_OPTION` for an option out of its bounds, or unless exactly one of `keyFile`,
 *   `keyVariable` and `signingKey` is given. An `ERR_KEY_…` code for a key that cannot be used
 * @see RFC 6749 section 4.4, RFC 7523 section 2.2
 */
export function openMachine(options: MachineOptions): Machine {
  const { clientId, scope, audience, dpop, refreshAfter, patienceMs, log } = options;
  const signingKey = keyOf(options);
  const tls = options.tls && followTls(options.tls, log ?? toStandardError); // one for both, so both present the same
  const issuer = openIssuer({ ...options, tls });
  const connections = openConnections(options.connectTo, {
    fetch: options.fetch,
    dispatcher: options.dispatcher,
    tls,
    timeoutMs: options.callTimeoutMs ?? 30_000,
    maxResponseBytes: -1,
  });
  const { fetch } = connections;
  const tokens = createTokenClient(issuer, {
    clientId,
    signingKey,
    scope,
    audience,
    dpop,
    refreshAfter,
    patienceMs,
    fetch,
    log,
  });
  const ends = watchCertificates(options, issuer, signingKey, tls);
  return {
    ...tokens,
    clientId,
    issuer,
    signingKey,
    close: async () => {
      for (const end of ends) end();
      await Promise.all([issuer.close(), connections.close()]);
    },
  };
}

/** Only observers want to know when certificates end. */
function watchCertificates(
  { clientId, keyFile, certificateFile }: MachineOptions,
  { observer }: Issuer,
  signingKey: KeySource,
  tls: ReturnType<typeof followTls> | undefined,
): (() => void)[] {
  if (!observer) return [];
  const signing = signingCertificate({ clientId, signingKey, keyFile, certificateFile });
  const ofTls = tls?.certificateFile === undefined ? undefined : tlsCertificate(clientId, tls);
  return [signing, ofTls].flatMap((certificate) => (certificate ? [watch(observer, certificate)] : []));
}

function keyOf(options: MachineOptions): KeySource {
  const { keyFile, keyVariable, signingKey, algorithm, passphrase } = options;
  const given = Object.entries({ keyFile, keyVariable, signingKey }).filter(([, value]) => value !== undefined);
  if (given.length !== 1) {
    const got = given.map(([name]) => `\`${name}\``).join(" and ") || "none";
    throw new OptionError(`exactly one of \`keyFile\`, \`keyVariable\` and \`signingKey\` must be given, got: ${got}`);
  }
  if (keyFile !== undefined) return watchSigningKey(keyFile, options);
  return signingKey ?? signingKeyFromVariable(keyVariable!, { algorithm, passphrase });
}
