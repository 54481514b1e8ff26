import { decodeJwt } from "jose";
import { clientCredentialsGrantRequest, processClientCredentialsResponse } from "oauth4webapi";
import { shown } from "../../constructs/keys/shown";
import { IssuerError } from "../errors";
import type { KeySource } from "../signing/key-source";
import { authenticateWith, checkClientId } from "../signing/sign-assertion";
import { explainIssuerError, type Issuer, readDate } from "./open-issuer";

export interface TokenRequest {
  readonly clientId: string;
  readonly signingKey: KeySource;
  /**
   * Scopes to ask for, separated by spaces.
   *
   * @default - the client's default scopes
   */
  readonly scope?: string;
  /**
   * The API that the token is for, sent as the parameter `audience`. Keycloak does not read it: its audiences come from
   * scopes (`grantCall`). Other issuers may need it.
   *
   * @default - the parameter is not sent
   */
  readonly audience?: string;
}

/** An access token, as the issuer granted it. */
export interface AccessToken {
  readonly accessToken: string;
  /** Seconds from the grant until the token expires. Absent if the issuer does not tell. */
  readonly expiresInSeconds?: number;
  /** The granted scopes, separated by spaces. */
  readonly scope?: string;
}

/**
 * Gets an access token by the client_credentials grant. A signed assertion authenticates the client. It makes one
 * request, without cache and retry. Services need {@link createTokenClient}, which has both.
 *
 * Does not check: the access token itself. The called API judges it.
 *
 * @example
 * ```ts
 * import { loadSigningKey, openIssuer, requestToken } from "cdktf-keycloak-m2m/machine";
 *
 * const issuer = openIssuer({ issuer: "https://sso.example.org/realms/example" });
 * const { accessToken, expiresInSeconds } = await requestToken(issuer, {
 *   clientId: "machine-a",
 *   signingKey: loadSigningKey("certs/machine-a-signing.key"),
 * });
 * ```
 *
 * @throws {MachineError} `ERR_UNREACHABLE`, `ERR_ISSUER_RESPONSE`, `ERR_CLIENT_REFUSED` with the issuer's reason, or as
 *   {@link signAssertion}
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
    // Only if there is no `Date`: some issuers put an earlier time into `iat`.
    if (issuedAt && !readDate(response)) issuer.clock.observe(issuedAt, sentAt);
    return { accessToken: granted.access_token, expiresInSeconds: granted.expires_in, scope: granted.scope };
  } catch (cause) {
    throw explainIssuerError(cause, issuer.issuer, `a token for ${shown(clientId)}`);
  }
}

/** Finds a token that no header can hold, before an error about the header quotes it. RFC 6750 section 2.1 */
function checkCharacters(accessToken: string, { issuer }: Issuer): void {
  if (/^[\x21-\x7e]+$/.test(accessToken)) return;
  throw new IssuerError("ERR_ISSUER_RESPONSE", `${issuer} granted a token with characters that no header can hold`);
}

/** When the token was made, by the issuer's clock. `undefined` if the token does not tell. */
function readIssuedAt(accessToken: string): Date | undefined {
  try {
    const { iat } = decodeJwt(accessToken);
    return iat === undefined ? undefined : new Date(iat * 1000);
  } catch {
    return undefined; // an opaque token: only the API can read it
  }
}
