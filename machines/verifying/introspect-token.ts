import { introspectionRequest, processIntrospectionResponse, ResponseBodyError } from "oauth4webapi";
import { shown } from "../../constructs/keys/shown";
import { withNewAssertion } from "../calling/new-assertion";
import { explainIssuerError, type Issuer } from "../calling/open-issuer";
import { IssuerError, OptionError, TokenError } from "../errors";
import { note, observe } from "../observer";
import { checkKeySource, type KeySource } from "../signing/key-source";
import { authenticateWith, checkClientId } from "../signing/sign-assertion";
import { checkText, isText, parseToken } from "./parse-token";
import {
  checkNotExpired,
  checkRules,
  readClaims,
  type TokenRules,
  unlessBound,
  type VerifyToken,
  wrongClaim,
} from "./verified-token";
import { nameOf, VerifiedTokens } from "./verified-tokens";

export interface IntrospectorOptions extends TokenRules {
  /** The API's own client at the issuer. From Keycloak 26.4.12 on, it must be in the token's `aud`. */
  readonly clientId: string;
  readonly signingKey: KeySource;
  /**
   * Seconds for which an active token is not asked about again: 0 to 60. A token that is revoked meanwhile is accepted
   * for that time.
   *
   * @default 0: every call asks
   */
  readonly cacheSeconds?: number;
}

/** Active tokens that are remembered, if `cacheSeconds` is set. */
const mostRemembered = 1000;

/**
 * Makes an online verifier. It asks the issuer about each token, and authenticates by a new assertion of its own. A
 * revoked token, a disabled client and a realm's not-before count at once. It also checks `iss`, `exp` and the rules,
 * because an active token may be for another API. Each call makes one request to the issuer, unless `cacheSeconds` is
 * set.
 *
 * Does not check: the signature, which the issuer checks. Roles of the realm. Whether the token was used before.
 *
 * @example
 * ```ts
 * import { createIntrospector, loadSigningKey, openIssuer } from "cdktf-keycloak-m2m/machine";
 *
 * const verify = createIntrospector(openIssuer({ issuer: "https://sso.example.org/realms/example" }), {
 *   audience: "machine-b",
 *   clientId: "machine-b",
 *   signingKey: loadSigningKey("certs/machine-b-signing.key"),
 * });
 * ```
 *
 * @throws {OptionError} `ERR_OPTION` at once for an empty client id or audience, an unusable key, or `cacheSeconds` out
 *   of its bounds. The verifier throws {@link TokenError} for a token to refuse (`ERR_TOKEN_INACTIVE` if the issuer
 *   says so). It throws `ERR_UNREACHABLE`, `ERR_ISSUER_RESPONSE`, `ERR_CLIENT_REFUSED` (this API's own client) or
 *   `ERR_SIGNER` if there is no verdict
 * @see RFC 7662 sections 2 and 4, RFC 7523 section 2.2, RFC 8705 section 5
 */
export function createIntrospector(issuer: Issuer, options: IntrospectorOptions): VerifyToken {
  const { clientId, signingKey, cacheSeconds = 0 } = options;
  checkRules(options);
  checkClientId(clientId);
  checkKeySource(signingKey);
  if (!(cacheSeconds >= 0 && cacheSeconds <= 60)) {
    throw new OptionError(`\`cacheSeconds\` must be a number from 0 to 60, got: ${shown(cacheSeconds)}`);
  }
  const client = { client_id: clientId, use_mtls_endpoint_aliases: issuer.hasClientCertificate };
  const authentication = authenticateWith(signingKey, issuer.clock.issuerNow);
  const requestOptions = { ...issuer.requestOptions, additionalParameters: { token_type_hint: "access_token" } };
  const known = new VerifiedTokens(cacheSeconds === 0 ? 0 : mostRemembered);

  const introspect = async (token: string) => {
    const server = await issuer.metadata();
    try {
      return await withNewAssertion(issuer.clock, async () => {
        const response = await introspectionRequest(server, client, authentication, token, requestOptions);
        return await processIntrospectionResponse(server, client, response);
      });
    } catch (cause) {
      if (cause instanceof ResponseBodyError && cause.status === 400 && cause.error === "invalid_request") {
        // The client was accepted. Keycloak answers so if it cannot read the token, and after a failure of its own.
        parseToken(token);
        throw new IssuerError(
          "ERR_ISSUER_RESPONSE",
          `${issuer.issuer} could not judge a token; try again later`,
          cause,
        );
      }
      throw explainIssuerError(cause, issuer.issuer, `a verdict on a token, asked for by ${clientId}`);
    }
  };

  const { observer } = issuer;
  const verification = { name: "verification", way: "online", issuer: issuer.issuer } as const;
  const hit = { name: "verification_cache_hit", way: "online" } as const;

  const verify = async (token: string) => {
    checkText(token);
    const answer = await introspect(token);
    if (!answer.active) {
      throw new TokenError("ERR_TOKEN_INACTIVE", "the token is revoked, has expired or is not for this API");
    }
    if (answer.iss !== issuer.issuer) throw wrongClaim("iss", "is missing or wrong");
    const verified = readClaims(answer, options);
    checkNotExpired(verified, options, issuer.now());
    return verified;
  };
  const judge = async (token: string) => {
    if (!isText(token)) return await observe(observer, verification, () => verify(token)); // which refuses it
    const now = issuer.now().getTime();
    const name = nameOf(token);
    const remembered = known.get(name, now);
    if (remembered) {
      if (observer) note(observer, hit);
      return remembered;
    }
    const verified = await observe(observer, verification, () => verify(token));
    known.put(name, verified, now, now + cacheSeconds * 1000);
    return verified;
  };
  return async (token, options) => unlessBound(await judge(token), options);
}
