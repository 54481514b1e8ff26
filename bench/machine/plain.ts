// What a program does that uses jose and oauth4webapi directly, with what their documentation shows.
import type { KeyObject, webcrypto } from "node:crypto";
import {
  type AuthorizationServer,
  allowInsecureRequests,
  type ClientAuth,
  clientCredentialsGrantRequest,
  customFetch,
  discoveryRequest,
  introspectionRequest,
  PrivateKeyJwt,
  processClientCredentialsResponse,
  processDiscoveryResponse,
  processIntrospectionResponse,
} from "oauth4webapi";
import { openConnections, type SigningKey } from "../../machines";

export interface PlainClient {
  grant(): Promise<{ accessToken: string; expiresInSeconds: number }>;
  introspect(token: string): Promise<{ active: boolean }>;
  close(): Promise<void>;
}

/** A machine by oauth4webapi alone: a request a call. Only the way to the address is the library's. */
export async function plainClient(
  issuer: string,
  connectTo: string,
  clientId: string,
  signingKey: SigningKey,
): Promise<PlainClient> {
  const connections = openConnections(connectTo, { timeoutMs: 30_000 });
  const options = { [customFetch]: connections.fetch, [allowInsecureRequests]: true };
  const url = new URL(issuer);
  const server: AuthorizationServer = await processDiscoveryResponse(url, await discoveryRequest(url, options));
  const client = { client_id: clientId };
  const { kid } = signingKey;
  const authentication: ClientAuth = PrivateKeyJwt({ key: await webKey(signingKey), kid });
  return {
    async grant() {
      const parameters = new URLSearchParams();
      const response = await clientCredentialsGrantRequest(server, client, authentication, parameters, options);
      const { access_token, expires_in = 0 } = await processClientCredentialsResponse(server, client, response);
      return { accessToken: access_token, expiresInSeconds: expires_in };
    },
    async introspect(token) {
      const response = await introspectionRequest(server, client, authentication, token, options);
      return processIntrospectionResponse(server, client, response);
    },
    close: connections.close,
  };
}

/** oauth4webapi takes keys of Web Crypto. */
function webKey({ privateKey, algorithm }: { privateKey: KeyObject; algorithm: string }): Promise<webcrypto.CryptoKey> {
  const names: Record<string, Parameters<typeof crypto.subtle.importKey>[2]> = {
    RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
    PS256: { name: "RSA-PSS", hash: "SHA-256" },
    ES256: { name: "ECDSA", namedCurve: "P-256" },
    ES384: { name: "ECDSA", namedCurve: "P-384" },
    ES512: { name: "ECDSA", namedCurve: "P-521" },
    EdDSA: { name: "Ed25519" },
  };
  const der = privateKey.export({ type: "pkcs8", format: "der" });
  return crypto.subtle.importKey("pkcs8", der, names[algorithm]!, false, ["sign"]);
}
