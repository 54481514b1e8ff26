import { randomBytes } from "node:crypto";
import { SignJWT } from "jose";
import type { ClientAuth } from "oauth4webapi";
import { OptionError } from "./errors";
import type { SigningKey } from "./signing-key";

/** What {@link signAssertion} puts into the assertion. */
export interface AssertionOptions {
  /** The client's id: the assertion's `iss` and `sub`. */
  readonly clientId: string;
  /** The issuer as its discovery document names it, one plain string: the assertion's `aud`. */
  readonly issuer: string;
  readonly signingKey: SigningKey;
  /**
   * Seconds from `iat` to `exp`, 1 to 60: Keycloak refuses an assertion 60 s after its `iat` whatever `exp` says.
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
 * Signs a client assertion: RS256, header `alg`, `typ` and `kid`; claims `iss` = `sub` = client id, `aud`, `iat`,
 * `exp` and a random 128-bit `jti`. Good for one request: sign anew for each attempt, a `jti` is accepted once.
 *
 * Does not check: that the issuer knows the client or the key, or that this machine's clock is right (Keycloak
 * tolerates one that is up to 15 s ahead).
 *
 * @throws {OptionError} `ERR_OPTION` for an empty client id or issuer, or a lifetime outside 1 to 60
 * @see RFC 7523 section 3, RFC 7521 section 4.2
 */
export async function signAssertion(options: AssertionOptions): Promise<string> {
  const { clientId, issuer, signingKey, lifetimeSeconds = 60, now = () => new Date() } = options;
  if (clientId === "") throw new OptionError("`clientId` must not be empty");
  if (issuer === "") throw new OptionError("`issuer` must not be empty");
  if (!Number.isInteger(lifetimeSeconds) || lifetimeSeconds < 1 || lifetimeSeconds > 60) {
    throw new OptionError(`\`lifetimeSeconds\` must be a whole number from 1 to 60, got: ${lifetimeSeconds}`);
  }
  const issuedAt = Math.floor(now().getTime() / 1000);
  return new SignJWT({
    iss: clientId,
    sub: clientId,
    aud: issuer,
    jti: randomBytes(16).toString("base64url"),
    iat: issuedAt,
    exp: issuedAt + lifetimeSeconds,
  })
    .setProtectedHeader({ alg: "RS256", typ: "JWT", kid: signingKey.kid })
    .sign(signingKey.privateKey);
}

/** Client authentication for oauth4webapi's requests by {@link signAssertion}: a fresh assertion each time. */
export function authenticateWith(signingKey: SigningKey): ClientAuth {
  return async (server, client, body) => {
    body.set("client_id", client.client_id);
    body.set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    body.set(
      "client_assertion",
      await signAssertion({ clientId: client.client_id, issuer: server.issuer, signingKey }),
    );
  };
}
