import { decodeJwt } from "jose";
import { clientCredentialsGrantRequest, processClientCredentialsResponse } from "oauth4webapi";
import { IssuerError } from "../errors";
import type { KeySource } from "../signing/key-source";
import { authenticateWith, checkClientId } from "../signing/sign-assertion";
import { explainIssuerError, type Issuer, readDate } from "./open-issuer";

export interface TokenRequest {
  readonly clientId: string;
  readonly signingKey: KeySource;
  /**
   * Scopes to ask for, parted by spaces.
   *
   * @default - the client's default scopes
   */
  readonly scope?: string;
  /**
   * The API that the token is for, as the parameter `audience`. Keycloak does not read it: there the audience comes by
   * scopes (`grantCall`). Other issuers want it.
   *
   * @default - the parameter is not sent
   */
  readonly audience?: string;
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
 * no cache, no retry; a second call signs a fresh assertion. Services want `createTokenClient`, which adds all that.
 *
 * Does not check: the access token itself, which is the called API's to judge.
 *
 * @throws {MachineError} `ERR_UNREACHABLE`, `ERR_ISSUER_RESPONSE`, `ERR_CLIENT_REFUSED` with the issuer's reason, or as
 *   `signAssertion`
 * @see RFC 6749 section 4.4, RFC 7523 section 2.2
 */
export async function requestToken(issuer: Issuer, request: TokenRequest): Promise<AccessToken> {
  const { clientId, signingKey, scope, audience } = request;
  checkClientId(clientId);
  const server = await issuer.metadata();
  const client = { client_id: clientId };
  const parameters = new URLSearchParams({ ...(scope && { scope }), ...(audience && { audience }) });
  try {
    const sentAt = issuer.now();
    const response = await clientCredentialsGrantRequest(
      server,
      client,
      authenticateWith(signingKey, issuer.clock.issuerNow),
      parameters,
      issuer.requestOptions,
    );
    const granted = await processClientCredentialsResponse(server, client, response);
    checkCharacters(granted.access_token, issuer);
    const issuedAt = readIssuedAt(granted.access_token);
    // Only where there is no `Date`: some issuers date their tokens back.
    if (issuedAt && !readDate(response)) issuer.clock.observe(issuedAt, sentAt);
    return { accessToken: granted.access_token, expiresInSeconds: granted.expires_in, scope: granted.scope };
  } catch (cause) {
    throw explainIssuerError(cause, issuer.issuer, `a token for ${clientId}`);
  }
}

/** A token that fits into no header is found here, before an error about the header quotes it. RFC 6750 section 2.1 */
function checkCharacters(accessToken: string, { issuer }: Issuer): void {
  if (/^[\x21-\x7e]+$/.test(accessToken)) return;
  throw new IssuerError("ERR_ISSUER_RESPONSE", `${issuer} granted a token with characters that no header can hold`);
}

/** When the issuer's clock said the token was made, where it is a JWT that tells. */
function readIssuedAt(accessToken: string): Date | undefined {
  try {
    const { iat } = decodeJwt(accessToken);
    return iat === undefined ? undefined : new Date(iat * 1000);
  } catch {
    return undefined; // an opaque token, or none that can be read: the API's to judge
  }
}
