import { decodeJwt } from "jose";
import {
  clientCredentialsGrantRequest,
  processClientCredentialsResponse,
  ResponseBodyError,
  type TokenEndpointResponse,
} from "oauth4webapi";
import { shown } from "../../constructs/keys/shown";
import { isPlain } from "../../network/plain-text";
import { IssuerError, OptionError } from "../errors";
import { observe } from "../observer";
import { readScopes } from "../scopes";
import type { DpopKey } from "../signing/dpop-key";
import type { KeySource } from "../signing/key-source";
import { authenticateWith, checkClientId } from "../signing/sign-assertion";
import { withNewAssertion } from "./new-assertion";
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
  /**
   * The key that the token is to be bound to, see {@link createDpopKey}.
   *
   * @default - none: a bearer token
   */
  readonly dpop?: DpopKey;
}

/** A longer life counts as a day, so a token that says it lives for ever is replaced all the same. */
const longestSeconds = 24 * 60 * 60;

/** An access token, as the issuer granted it. */
export interface AccessToken {
  readonly accessToken: string;
  /** Seconds from the grant until the token expires: above 0, a day at most. Absent if the issuer does not tell. */
  readonly expiresInSeconds?: number;
  /** The granted scopes, separated by spaces. */
  readonly scope?: string;
}

/**
 * Gets an access token by the client_credentials grant. A signed assertion authenticates the client. It makes one
 * request, without cache and retry; only an assertion that Keycloak takes for a replay, or that was dated by what is known of its clock,
 * is signed anew, once. Services need {@link createTokenClient}, which has both.
 *
 * Does not check: the access token itself. The called API judges it. Whether the granted scopes are those asked for.
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
 * @throws {MachineError} `ERR_OPTION` for an invalid scope. `ERR_UNREACHABLE`, `ERR_ISSUER_RESPONSE`, `ERR_CLIENT_REFUSED` with the issuer's reason, or as
 *   {@link signAssertion}
 * @see RFC 6749 section 4.4, RFC 7523 section 2.2, RFC 8705 section 5, RFC 9449 section 5
 */
export async function requestToken(issuer: Issuer, request: TokenRequest): Promise<AccessToken> {
  return requestAgain(issuer, request, false);
}

/** The same; `isRetry`: it follows a request that failed. */
export async function requestAgain(issuer: Issuer, request: TokenRequest, isRetry: boolean): Promise<AccessToken> {
  const { observer, issuer: name } = issuer;
  const operation = { name: "token_request", clientId: request.clientId, issuer: name, isRetry } as const;
  return observe(observer, operation, () => grant(issuer, request));
}

async function grant(issuer: Issuer, request: TokenRequest): Promise<AccessToken> {
  const { clientId, signingKey, scope, audience, dpop } = request;
  checkClientId(clientId);
  checkAudience(audience);
  const scopes = readScopes(scope);
  const server = await issuer.metadata();
  const client = { client_id: clientId, use_mtls_endpoint_aliases: issuer.hasClientCertificate };
  const parameters = new URLSearchParams({
    ...(scopes.length > 0 && { scope: scopes.join(" ") }),
    ...(audience && { audience }),
  });
  const authentication = authenticateWith(signingKey, issuer.clock.issuerNow);
  const aliases = issuer.hasClientCertificate ? server.mtls_endpoint_aliases : undefined;
  const url = aliases?.token_endpoint ?? server.token_endpoint ?? "";
  const ask = async (mayRepeat: boolean): Promise<Answer> => {
    const headers = dpop && url !== "" && { headers: { dpop: dpop.proof({ method: "POST", url }) } };
    const options = { ...issuer.requestOptions, ...headers };
    const sentAt = issuer.now();
    const response = await clientCredentialsGrantRequest(server, client, authentication, parameters, options);
    const hasNonce = url !== "" && dpop?.remember(url, response);
    try {
      return { sentAt, response, granted: await processClientCredentialsResponse(server, client, response) };
    } catch (error) {
      if (!(mayRepeat && hasNonce && demandsNonce(error))) throw error;
      return await ask(false);
    }
  };
  try {
    const { sentAt, response, granted } = await withNewAssertion(issuer.clock, () => ask(true));
    checkGranted(granted, issuer, dpop !== undefined);
    const issuedAt = readIssuedAt(granted.access_token);
    // Only if there is no `Date`: some issuers put an earlier time into `iat`.
    if (issuedAt && !readDate(response)) issuer.clock.observe(issuedAt, sentAt);
    const { access_token: accessToken, expires_in } = granted;
    const expiresInSeconds = expires_in === undefined ? undefined : Math.min(expires_in, longestSeconds);
    return { accessToken, expiresInSeconds, scope: granted.scope };
  } catch (cause) {
    throw explainIssuerError(cause, issuer.issuer, `a token for ${shown(clientId)}`);
  }
}

interface Answer {
  readonly sentAt: Date;
  readonly response: Response;
  readonly granted: TokenEndpointResponse;
}

/** RFC 9449 section 8 */
function demandsNonce(error: unknown): boolean {
  return error instanceof ResponseBodyError && error.error === "use_dpop_nonce";
}

/** Checks the API that tokens are for. @throws {OptionError} `ERR_OPTION` for something else than plain text */
export function checkAudience(audience: string | undefined): void {
  if (audience === undefined || (typeof audience === "string" && isPlain(audience))) return;
  throw new OptionError("`audience` must be text of one line");
}

/** Checks what this library can use, before an error about a header quotes the token. RFC 6750 section 2.1 */
function checkGranted(granted: TokenEndpointResponse, { issuer }: Issuer, bound: boolean): void {
  const { access_token, token_type, expires_in = 1 } = granted;
  const refuse = (what: string) => {
    throw new IssuerError("ERR_ISSUER_RESPONSE", `${issuer} granted a token ${what}`);
  };
  if (!/^[\x21-\x7e]+$/.test(access_token)) refuse("with characters that no header can hold");
  // A token of another type is bound to a key of the client, and an API refuses it without a proof.
  if (!bound && token_type !== "bearer") {
    refuse(
      `of type "${token_type}" where a bearer token is needed; set the option \`dpop\`, or turn DPoP off for the client`,
    );
  }
  if (bound && token_type !== "dpop") {
    refuse(
      `of type "${token_type}" where one that is bound to a key is needed; the issuer may not support DPoP (Keycloak does from 26.4 on)`,
    );
  }
  if (!(expires_in > 0)) refuse(`that lives ${expires_in} s`);
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
