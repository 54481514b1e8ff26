import { randomBytes, sign } from "node:crypto";
import type { ClientAuth } from "oauth4webapi";
import { ALGORITHMS } from "../../constructs/keys/algorithms";
import { shown } from "../../constructs/keys/shown";
import { isPlain } from "../../network/plain-text";
import { OptionError } from "../errors";
import { askSigner } from "./ask-signer";
import { currentKey, isSigner, type KeySource } from "./key-source";
import type { SigningKey } from "./parse-signing-key";

/** The content of an assertion, and the key that signs it. */
export interface AssertionOptions {
  /** The client's id. It becomes the assertion's `iss` and `sub`. */
  readonly clientId: string;
  /** The issuer, exactly as its discovery document names it. It becomes the assertion's `aud`, as one plain string. */
  readonly issuer: string;
  readonly signingKey: KeySource;
  /**
   * Seconds from `iat` to `exp`, 1 to 60. Keycloak refuses an assertion 60 s after its `iat`, whatever `exp` says.
   *
   * @default 60
   */
  readonly lifetimeSeconds?: number;
  /**
   * The clock.
   *
   * @default - the system clock
   */
  readonly now?: () => Date;
}

/**
 * Signs a client assertion. An assertion is good for one request, since the issuer accepts each `jti` once. Sign a new
 * one for each attempt.
 *
 * - Header: `alg`, `typ` and `kid`.
 * - Claims: `iss` = `sub` = client id, `aud`, `iat`, `exp` and `jti`.
 * - The `jti` is eight characters of the key id (`_` for those outside base64url), a dot, and 128 random bits.
 *   Keycloak's login events keep the `jti` but no key id, so they show which key signed.
 *
 * A {@link Signer} gets 5 s, and the form of its answer is checked.
 *
 * Does not check: that the issuer knows the client and the key. That this machine's clock is right: Keycloak tolerates
 * one that is up to 15 s ahead, or less than `lifetimeSeconds` behind. That a signer's signature is correct.
 *
 * @example
 * ```ts
 * import { loadSigningKey, signAssertion } from "cdktf-keycloak-m2m/machine";
 *
 * const assertion = await signAssertion({
 *   clientId: "machine-a",
 *   issuer: "https://sso.example.org/realms/example",
 *   signingKey: loadSigningKey("certs/machine-a-signing.key"),
 * });
 * ```
 *
 * @throws {MachineError} `ERR_OPTION` for an empty client id or issuer, a lifetime outside 1 to 60, or a key without a
 *   usable `kid`, algorithm and way to sign. `ERR_SIGNER` if a signer fails, hangs or gives no signature
 * @see RFC 7523 section 3, RFC 7521 section 4.2, RFC 7515 section 5.1
 */
export async function signAssertion(options: AssertionOptions): Promise<string> {
  const { clientId, issuer, signingKey, lifetimeSeconds = 60, now = () => new Date() } = options;
  checkClientId(clientId);
  if (issuer === "") throw new OptionError("`issuer` must not be empty");
  if (!Number.isInteger(lifetimeSeconds) || lifetimeSeconds < 1 || lifetimeSeconds > 60) {
    throw new OptionError(`\`lifetimeSeconds\` must be a whole number from 1 to 60, got: ${shown(lifetimeSeconds)}`);
  }
  const key = currentKey(signingKey);
  const issuedAt = Math.floor(now().getTime() / 1000);
  const header = { alg: key.algorithm, typ: "JWT", kid: key.kid };
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: issuer,
    jti: newId(key.kid),
    iat: issuedAt,
    exp: issuedAt + lifetimeSeconds,
  };
  const signed = `${encode(header)}.${encode(claims)}`;
  // Small buffers share memory with others. A signer gets memory of its own.
  const signature = isSigner(key)
    ? await askSigner(key, new TextEncoder().encode(signed))
    : signHere(key, Buffer.from(signed));
  return `${signed}.${signature.toString("base64url")}`;
}

/** Checks a client id. @throws {OptionError} `ERR_OPTION` if it is empty, or not plain text */
export function checkClientId(clientId: string): void {
  if (clientId === "") throw new OptionError("`clientId` must not be empty");
  if (typeof clientId !== "string" || !isPlain(clientId)) throw new OptionError("`clientId` must be text of one line");
}

/**
 * Client authentication for requests of oauth4webapi: a new assertion for each request, dated by `now`.
 *
 * @internal its types are of an ES module
 */
export function authenticateWith(signingKey: KeySource, now?: () => Date): ClientAuth {
  return async (server, client, body) => {
    const clientId = client.client_id;
    body.set("client_id", clientId);
    body.set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    body.set("client_assertion", await signAssertion({ clientId, issuer: server.issuer, signingKey, now }));
  };
}

function newId(kid: string): string {
  return `${kid.slice(0, 8).replace(/[^\w-]/g, "_")}.${randomBytes(16).toString("base64url")}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}

/** Signs a header and claims in compact form. RFC 7515 section 7.1 */
export function signCompact(header: object, claims: object, key: Omit<SigningKey, "kid">): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${signHere(key, Buffer.from(signed)).toString("base64url")}`;
}

function signHere({ privateKey: key, algorithm }: Omit<SigningKey, "kid">, data: Buffer): Buffer {
  const { digest, options } = ALGORITHMS[algorithm];
  return sign(digest, data, { key, ...options });
}
