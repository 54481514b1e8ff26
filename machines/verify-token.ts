import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey, jwtVerify, type RemoteJWKSet } from "jose";
import { IssuerError, MachineError, OptionError, TokenError } from "./errors";
import type { Issuer } from "./open-issuer";
import { readClaims, type VerifiedToken, wrongClaim } from "./verified-token";

export interface VerifierOptions {
  /** The name this API goes by in a token's `aud`. Required: without it, a token meant for any other API would do. */
  readonly audience: string;
  /**
   * The signature algorithms to accept, asymmetric ones only.
   *
   * @default ["RS256"], what a Keycloak realm signs with unless told otherwise
   */
  readonly algorithms?: readonly string[];
  /**
   * Seconds by which `exp` and `nbf` may be missed.
   *
   * @default 0
   */
  readonly clockToleranceSeconds?: number;
}

/** Verifies one access token. */
export type VerifyToken = (token: string) => Promise<VerifiedToken>;

const asymmetric = /^((RS|PS|ES)(256|384|512)|EdDSA|Ed25519)$/;
/** The header types of an access token: Keycloak's own, and that of RFC 9068, a client setting there. */
const headerTypes = ["jwt", "at+jwt"];

/**
 * Makes an offline verifier: form, algorithm, header type, signature by the issuer's published keys, `iss`, `aud`,
 * `exp` (required), `nbf`, that it is an access token, and that it names a caller and a subject.
 *
 * The keys are fetched at the first token and kept ten minutes. A token that names an unknown key makes them be
 * fetched again, at most once a second, so that new realm keys work at once. So verification goes on for up to ten
 * minutes while the issuer is away, and no longer.
 *
 * Does not check: revocation, a disabled client, or a realm's not-before, which are seen only online
 * (`createIntrospector`); scopes and roles; whether the token was used before.
 *
 * @throws {OptionError} `ERR_OPTION` at once for an empty audience or an algorithm that is not asymmetric. The verifier
 *   throws {@link TokenError} for a token to refuse, and `ERR_UNREACHABLE` or `ERR_ISSUER_RESPONSE` if the keys cannot
 *   be had
 * @see RFC 9068 section 4, RFC 8725 section 3, RFC 7517 section 5
 */
export function createVerifier(issuer: Issuer, options: VerifierOptions): VerifyToken {
  const { audience, algorithms = ["RS256"], clockToleranceSeconds = 0 } = options;
  checkAudience(audience);
  const odd = algorithms.find((algorithm) => !asymmetric.test(algorithm));
  if (algorithms.length === 0 || odd !== undefined) {
    throw new OptionError(`\`algorithms\` must list asymmetric algorithms such as RS256, got: ${odd ?? "none"}`);
  }
  const getKey = keysOf(issuer);

  return async (token) => {
    if (!isCompactJws(token)) {
      throw new TokenError("ERR_TOKEN_MALFORMED", "the token must be a signed JWT: three parts in base64url");
    }
    try {
      const { payload, protectedHeader } = await jwtVerify(token, getKey, {
        issuer: issuer.issuer,
        audience,
        algorithms: [...algorithms],
        requiredClaims: ["exp", "iat"],
        clockTolerance: clockToleranceSeconds,
        currentDate: issuer.now(),
      });
      const type = String(protectedHeader.typ).toLowerCase().replace("application/", "");
      if (!headerTypes.includes(type)) {
        throw new TokenError("ERR_TOKEN_TYPE", 'the token\'s header type must be "JWT" or "at+jwt"');
      }
      return readClaims(payload);
    } catch (error) {
      throw error instanceof MachineError ? error : explainTokenError(error);
    }
  };
}

/** Checks the name of an API. @throws {OptionError} `ERR_OPTION` if it is missing or empty or not printable ASCII */
export function checkAudience(audience: unknown): void {
  if (typeof audience !== "string" || !/^[\x20-\x7e]*[\x21-\x7e][\x20-\x7e]*$/.test(audience)) {
    throw new OptionError(
      "`audience` must name this API in printable ASCII: an API without an audience takes any token",
    );
  }
}

/** Strict where base64url decoders are lax: no padding, no white space, no other alphabet, no stray bits. */
function isCompactJws(token: string): boolean {
  const parts = token.split(".");
  return parts.length === 3 && parts.every((part) => Buffer.from(part, "base64url").toString("base64url") === part);
}

function keysOf(issuer: Issuer): JWTVerifyGetKey {
  let address: string | undefined;
  let keys: RemoteJWKSet;
  return async (header, jws) => {
    try {
      const { jwks_uri = "" } = await issuer.metadata();
      if (address !== jwks_uri) {
        keys = createRemoteJWKSet(new URL(jwks_uri), { cooldownDuration: 1000, [customFetch]: issuer.fetch });
        address = jwks_uri;
      }
      return await keys(header, jws);
    } catch (error) {
      // What the token chose is the token's fault; anything else is the issuer's.
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      if (error instanceof MachineError) throw error;
      throw new IssuerError("ERR_ISSUER_RESPONSE", `${issuer.issuer} did not answer with its public keys`, error);
    }
  };
}

function explainTokenError(error: unknown): TokenError {
  if (error instanceof errors.JWTExpired) {
    return new TokenError("ERR_TOKEN_EXPIRED", "the token has expired", { claim: "exp", cause: error });
  }
  if (error instanceof errors.JWTClaimValidationFailed) return wrongClaim(error.claim, "is missing or wrong", error);
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return new TokenError("ERR_TOKEN_ALGORITHM", "the token's signature algorithm is not allowed", { cause: error });
  }
  if (
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
  ) {
    return new TokenError("ERR_TOKEN_SIGNATURE", "the token is not signed by a key of the issuer", { cause: error });
  }
  return new TokenError("ERR_TOKEN_MALFORMED", "the token is not a well-formed signed JWT", { cause: error });
}
