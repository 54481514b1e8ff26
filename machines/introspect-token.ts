import { introspectionRequest, processIntrospectionResponse, ResponseBodyError } from "oauth4webapi";
import { OptionError, TokenError } from "./errors";
import { explainIssuerError, type Issuer } from "./open-issuer";
import { authenticateWith } from "./sign-assertion";
import type { SigningKey } from "./signing-key";
import { audienceOf, readClaims, wrongClaim } from "./verified-token";
import { checkAudience, type VerifyToken } from "./verify-token";

export interface IntrospectorOptions {
  /** The API's own client at the issuer. Keycloak from 26.4.12 on wants it in the token's `aud`. */
  readonly clientId: string;
  readonly signingKey: SigningKey;
  /** The name this API goes by in a token's `aud`. */
  readonly audience: string;
}

/**
 * Makes an online verifier: asks the issuer about each token, authenticated by a fresh assertion of its own. So a
 * revoked token, a disabled client and a realm's not-before count at once. The answer's `iss`, `aud` and `exp` are
 * checked too, because an active token may still be one for another API.
 *
 * One request to the issuer for each token: no cache. Does not check: the signature itself (the issuer does); scopes
 * and roles; whether the token was used before.
 *
 * @throws {OptionError} `ERR_OPTION` at once for an empty client id or audience. The verifier throws
 *   {@link TokenError} for a token to refuse (`ERR_TOKEN_INACTIVE` if the issuer says so), and `ERR_UNREACHABLE`,
 *   `ERR_ISSUER_RESPONSE` or `ERR_CLIENT_REFUSED` (this API's own client) if the issuer gives no verdict
 * @see RFC 7662 sections 2 and 4, RFC 7523 section 2.2
 */
export function createIntrospector(issuer: Issuer, options: IntrospectorOptions): VerifyToken {
  const { clientId, signingKey, audience } = options;
  checkAudience(audience);
  if (clientId === "") throw new OptionError("`clientId` must not be empty");
  const client = { client_id: clientId };
  const authentication = authenticateWith(signingKey);
  const requestOptions = { ...issuer.requestOptions, additionalParameters: { token_type_hint: "access_token" } };

  const introspect = async (token: string) => {
    const server = await issuer.metadata();
    try {
      const response = await introspectionRequest(server, client, authentication, token, requestOptions);
      return await processIntrospectionResponse(server, client, response);
    } catch (cause) {
      if (cause instanceof ResponseBodyError && cause.status === 400 && cause.error === "invalid_request") {
        // The client was accepted and the request is always the same, but for the token.
        throw new TokenError("ERR_TOKEN_MALFORMED", "the issuer cannot read the token", { cause });
      }
      throw explainIssuerError(cause, issuer.issuer, `a verdict on a token, asked for by ${clientId}`);
    }
  };

  return async (token) => {
    const answer = await introspect(token);
    if (!answer.active) {
      throw new TokenError("ERR_TOKEN_INACTIVE", "the token is revoked, has expired or is not for this API");
    }
    if (answer.iss !== issuer.issuer) throw wrongClaim("iss", "is missing or wrong");
    if (!audienceOf(answer).includes(audience)) throw wrongClaim("aud", "is missing or wrong");
    const verified = readClaims(answer);
    if (verified.expiresAt * 1000 <= issuer.now().getTime()) {
      throw new TokenError("ERR_TOKEN_EXPIRED", "the token has expired", { claim: "exp" });
    }
    return verified;
  };
}
