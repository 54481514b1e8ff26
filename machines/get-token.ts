import { clientCredentialsGrantRequest, processClientCredentialsResponse } from "oauth4webapi";
import { OptionError } from "./errors";
import { explainIssuerError, type Issuer } from "./open-issuer";
import { authenticateWith } from "./sign-assertion";
import type { SigningKey } from "./signing-key";

export interface TokenRequest {
  readonly clientId: string;
  readonly signingKey: SigningKey;
  /**
   * Scopes to ask for, parted by spaces.
   *
   * @default - the client's default scopes
   */
  readonly scope?: string;
}

/** An access token as the issuer granted it. */
export interface AccessToken {
  readonly accessToken: string;
  /** Seconds the token is good for, counted from the grant; absent if the issuer does not say. */
  readonly expiresInSeconds?: number;
  /** The scopes granted, parted by spaces. */
  readonly scope?: string;
}

/**
 * Gets an access token by the client_credentials grant, the client authenticated by a signed assertion. One request,
 * no cache, no retry; a second call signs a fresh assertion.
 *
 * Does not check: the access token itself, which is the called API's to judge.
 *
 * @throws {MachineError} `ERR_UNREACHABLE`, `ERR_ISSUER_RESPONSE`, or `ERR_CLIENT_REFUSED` with the issuer's reason
 * @see RFC 6749 section 4.4, RFC 7523 section 2.2
 */
export async function getToken(issuer: Issuer, request: TokenRequest): Promise<AccessToken> {
  const { clientId, signingKey, scope } = request;
  if (clientId === "") throw new OptionError("`clientId` must not be empty");
  const server = await issuer.metadata();
  const client = { client_id: clientId };
  const parameters = new URLSearchParams(scope ? { scope } : {});
  try {
    const response = await clientCredentialsGrantRequest(
      server,
      client,
      authenticateWith(signingKey),
      parameters,
      issuer.requestOptions,
    );
    const granted = await processClientCredentialsResponse(server, client, response);
    return { accessToken: granted.access_token, expiresInSeconds: granted.expires_in, scope: granted.scope };
  } catch (cause) {
    throw explainIssuerError(cause, issuer.issuer, `a token for ${clientId}`);
  }
}
