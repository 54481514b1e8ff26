import { errors, type JWTVerifyOptions, type JWTVerifyResult, jwtVerify } from "jose";
import { shown } from "../../constructs/keys/shown";
import type { Issuer } from "../calling/open-issuer";
import { IssuerError, MachineError, OptionError, TokenError } from "../errors";
import { note, observe } from "../observer";
import { IssuerKeys } from "./issuer-keys";
import { isText, parseToken } from "./parse-token";
import {
  checkList,
  checkNotExpired,
  checkRules,
  checkWhole,
  readClaims,
  type TokenRules,
  unlessBound,
  type VerifyToken,
  wrongClaim,
} from "./verified-token";
import { nameOf, VerifiedTokens } from "./verified-tokens";

export interface VerifierOptions extends TokenRules {
  /**
   * The signature algorithms to accept. Only asymmetric ones are allowed.
   *
   * @default ["RS256"], the default of a Keycloak realm
   */
  readonly algorithms?: readonly string[];
  /**
   * Seconds that the issuer's keys stay in use while it cannot be reached: 0 to 604800 (a week). At least five minutes.
   *
   * @default 86400, a day
   */
  readonly maxStaleSeconds?: number;
  /**
   * Verified tokens that are remembered by their SHA-256: 0 to 1000000. The next call with such a token needs no
   * signature check. 0 remembers none.
   *
   * @default 1000
   */
  readonly cacheSize?: number;
}

/** An issuer may use more algorithms than the machines here do, so this is not the table of `constructs/keys`. */
const asymmetric = /^((RS|PS|ES)(256|384|512)|EdDSA|Ed25519)$/;
/** The header types of access tokens: Keycloak's default, and that of RFC 9068, which is a setting of a client. */
const headerTypes = /^(application\/)?(at\+)?jwt$/i;

/**
 * Makes an offline verifier. It checks:
 *
 * - the form, strictly
 * - the algorithm, the header type, and the signature by the issuer's published keys
 * - `iss`, `aud`, `exp` (required), `nbf`, the authorized parties, the scopes and the roles of this API's client
 * - that it is an access token, and names a caller and a subject
 *
 * The verifier fetches the issuer's keys at the first token. When they are five minutes old, a call fetches them again
 * in the background. When they are ten minutes old, a call waits for the new ones. A key that the issuer has withdrawn
 * is therefore refused after at most ten minutes. A token of an unknown key causes a fetch at once, but at most once a
 * second. While the issuer cannot be reached, the keys in hand stay in use for `maxStaleSeconds`.
 *
 * Does not check: revocation, a disabled client, or a realm's not-before, which only {@link createIntrospector} sees.
 * Roles of the realm. That `iat` is past. Whether the token was used before.
 *
 * @example
 * ```ts
 * import { createVerifier, openIssuer } from "cdktf-keycloak-m2m/machine";
 *
 * declare const token: string;
 * const issuer = openIssuer({ issuer: "https://sso.example.org/realms/example" });
 * const verify = createVerifier(issuer, { audience: "machine-b", algorithms: ["RS256", "ES256"] });
 * const { caller, scopes } = await verify(token);
 * ```
 *
 * @throws {OptionError} `ERR_OPTION` at once for an empty audience, an algorithm that is not asymmetric, or a number
 *   out of its bounds. The verifier throws {@link TokenError} for a token to refuse. It throws `ERR_UNREACHABLE` or
 *   `ERR_ISSUER_RESPONSE` if it has no keys to judge by, or the key of the token is broken or weak
 * @see RFC 9068 section 4, RFC 8725 section 3, RFC 7517 section 5
 */
export function createVerifier(issuer: Issuer, options: VerifierOptions): VerifyToken {
  const { audience, algorithms = ["RS256"], clockToleranceSeconds = 0 } = options;
  const { maxStaleSeconds = 86_400, cacheSize = 1000 } = options;
  checkRules(options);
  checkAlgorithms(algorithms);
  checkWhole("maxStaleSeconds", maxStaleSeconds, 604_800);
  checkWhole("cacheSize", cacheSize, 1_000_000);
  const keys = new IssuerKeys(issuer, maxStaleSeconds * 1000);
  const known = new VerifiedTokens(cacheSize);
  const { observer } = issuer;
  const verification = { name: "verification", way: "offline", issuer: issuer.issuer } as const;
  const hit = { name: "verification_cache_hit", way: "offline" } as const;

  const verify = async (token: string) => {
    const { header } = parseToken(token);
    if (typeof header.alg !== "string" || !algorithms.includes(header.alg)) {
      throw new TokenError("ERR_TOKEN_ALGORITHM", "the token's signature algorithm is not allowed");
    }
    // Check for a string first: an object of the caller may fail to become one.
    if (typeof header.typ !== "string" || !headerTypes.test(header.typ)) {
      throw new TokenError("ERR_TOKEN_TYPE", 'the token\'s header type must be "JWT" or "at+jwt"');
    }
    const rules: JWTVerifyOptions = {
      issuer: issuer.issuer,
      audience,
      algorithms: [...algorithms],
      requiredClaims: ["exp", "iat"],
      clockTolerance: clockToleranceSeconds,
      currentDate: issuer.now(),
    };
    try {
      const { payload } = await jwtVerify(token, (header, jws) => keys.find(header, jws), rules).catch((error) =>
        verifyByEach(token, error, rules),
      );
      const verified = readClaims(payload, options);
      checkNotExpired(verified, options, issuer.now()); // once more, since fetching the keys may have taken seconds
      return verified;
    } catch (error) {
      throw error instanceof MachineError ? error : explainTokenError(error, issuer);
    }
  };

  const judge = async (token: string) => {
    if (!isText(token)) return await observe(observer, verification, () => verify(token)); // which refuses it
    const name = nameOf(token);
    const generation = keys.generation();
    const now = issuer.now().getTime();
    const remembered = generation && known.get(name, now, generation);
    if (remembered) {
      if (observer) note(observer, hit);
      return remembered;
    }
    const verified = await observe(observer, verification, () => verify(token));
    // If the keys changed meanwhile, the former ones may have judged it.
    if (generation && generation === keys.generation()) {
      known.put(name, verified, now, Number.POSITIVE_INFINITY, generation);
    }
    return verified;
  };
  return async (token, options) => unlessBound(await judge(token), options);
}

function checkAlgorithms(algorithms: readonly string[]): void {
  checkList("algorithms", algorithms);
  const odd = algorithms.find((algorithm) => !asymmetric.test(algorithm));
  if (algorithms.length > 0 && odd === undefined) return;
  throw new OptionError(`\`algorithms\` must list asymmetric algorithms such as RS256, got: ${shown(odd ?? "none")}`);
}

/** Keys of one id that are tried. An issuer that gives one to more is out of order. */
const mostOfOneId = 4;

/** Verifies by each of the keys that have the token's `kid`, if there are several. */
async function verifyByEach(token: string, error: unknown, rules: JWTVerifyOptions): Promise<JWTVerifyResult> {
  if (!(error instanceof errors.JWKSMultipleMatchingKeys) || parseToken(token).header.kid === undefined) throw error;
  let tried = 0;
  for await (const key of error) {
    if (++tried > mostOfOneId) break;
    try {
      return await jwtVerify(token, key, rules);
    } catch (other) {
      if (!(other instanceof errors.JWSSignatureVerificationFailed)) throw other;
    }
  }
  throw error;
}

function explainTokenError(error: unknown, { issuer }: Issuer): MachineError {
  if (error instanceof errors.JWTExpired) {
    return new TokenError("ERR_TOKEN_EXPIRED", "the token has expired", { claim: "exp", cause: error });
  }
  if (error instanceof errors.JWTClaimValidationFailed) return wrongClaim(error.claim, "is missing or wrong", error);
  if (
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
  ) {
    return new TokenError("ERR_TOKEN_SIGNATURE", "the token is not signed by a key of the issuer", { cause: error });
  }
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) {
    return new TokenError("ERR_TOKEN_MALFORMED", "the token is not a well-formed signed JWT", { cause: error });
  }
  // The token has been read, so it is the issuer's key that does not work.
  return new IssuerError("ERR_ISSUER_RESPONSE", `a key of ${issuer} cannot verify a token`, error);
}
