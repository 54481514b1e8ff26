import type { SigningAlgorithm } from "../../constructs/keys/algorithms";
import { OptionError } from "../errors";
import type { Log } from "../log";
import type { KeySource } from "../signing/key-source";
import { watchSigningKey } from "../signing/watch-signing-key";
import { openConnections } from "./connect-to";
import { type Issuer, openIssuer } from "./open-issuer";
import { createTokenClient, type TokenClient } from "./token-client";

export interface MachineOptions {
  /** The machine's client id at the issuer. */
  readonly clientId: string;
  /** Path of its private key, PEM. The file is watched. @default - none: `signingKey` has to be given */
  readonly keyFile?: string;
  /** Its key in place of a file, such as a signer in hardware or a cloud. @default - none: `keyFile` has to be given */
  readonly signingKey?: KeySource;
  /** The issuer, for Keycloak `https://host/realms/NAME`: exactly the string in its tokens' `iss`. */
  readonly issuer: string;
  /** What to sign with by a `keyFile`. @default - by the key: RS256 for RSA, ES256 for P-256, EdDSA for Ed25519 */
  readonly algorithm?: SigningAlgorithm;
  /** What an encrypted key file is opened with. @default - none: an encrypted file is refused */
  readonly passphrase?: string;
  /** Scopes to ask for, parted by spaces. @default - the client's default scopes */
  readonly scope?: string;
  /** Where to connect instead: `keycloak:8080=127.0.0.1:18080,…` @default - the addresses as they are */
  readonly connectTo?: string;
  /** Accept addresses without TLS: local development only. @default false */
  readonly allowInsecureHttp?: boolean;
  /** The API that tokens are for, where the issuer reads it; Keycloak does not. @default - the parameter is not sent */
  readonly audience?: string;
  /** Share of a token's life after which it is refreshed at the latest, see `createTokenClient`. @default 0.75 */
  readonly refreshAfter?: number;
  /** Milliseconds that a call waits for its first token while attempts fail. @default 10000 */
  readonly patienceMs?: number;
  /** Milliseconds that a call of an API may take, its answer's body included, 1 to 2147483647. @default 30000 */
  readonly callTimeoutMs?: number;
  /** Takes what is worth a line. @default - standard error */
  readonly log?: Log;
}

/** A machine: its identity at an issuer, and the calls it makes with it. */
export interface Machine extends TokenClient {
  readonly clientId: string;
  readonly issuer: Issuer;
  readonly signingKey: KeySource;
  /** Ends idle connections, so that a program can end; later calls fail. */
  close(): Promise<void>;
}

/**
 * Opens a machine: a watched key or a signer, an issuer and a token client of one set of options. Its `issuer` and
 * `signingKey` are what `createVerifier` and `createIntrospector` take. Nothing is sent before the first use.
 *
 * Its `fetch` does not follow redirects, so that the token goes to the address called and nowhere else, and gives up
 * after `callTimeoutMs`.
 *
 * Does not check: that the issuer is there, knows the client and its key, or that the key file is its owner's alone.
 *
 * @throws {MachineError} `ERR_OPTION`, also unless one of `keyFile` and `signingKey` is given; or a `ERR_KEY_…` code for
 *   the key file
 * @see RFC 6749 section 4.4, RFC 7523 section 2.2
 */
export function openMachine(options: MachineOptions): Machine {
  const { clientId, scope, audience, refreshAfter, patienceMs, log } = options;
  const signingKey = keyOf(options);
  const issuer = openIssuer(options);
  const limits = { timeoutMs: options.callTimeoutMs ?? 30_000, maxResponseBytes: -1 };
  const connections = openConnections(options.connectTo, limits);
  const { fetch } = connections;
  const tokens = createTokenClient(issuer, {
    clientId,
    signingKey,
    scope,
    audience,
    refreshAfter,
    patienceMs,
    fetch,
    log,
  });
  return {
    ...tokens,
    clientId,
    issuer,
    signingKey,
    close: async () => {
      await Promise.all([issuer.close(), connections.close()]);
    },
  };
}

function keyOf(options: MachineOptions): KeySource {
  const { keyFile, signingKey } = options;
  if (keyFile !== undefined && signingKey === undefined) return watchSigningKey(keyFile, options);
  if (keyFile === undefined && signingKey !== undefined) return signingKey;
  const got = keyFile === undefined ? "neither" : "both";
  throw new OptionError(`\`keyFile\` or \`signingKey\` must be given, one of the two, got: ${got}`);
}
