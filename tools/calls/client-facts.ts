import type { DeclaredClient } from "./declared-clients";
import { algorithmOf, keyInside } from "./environment";

/** What a machine in any language needs to sign in as a client. */
export interface ClientFacts {
  /** As variables, by the names that the machines of this package read. */
  readonly variables: Readonly<Record<string, string>>;
  /** What is not known here, or does not fit. */
  readonly warnings: readonly string[];
}

/** @param connectTo other addresses for hosts that only containers can resolve */
export function clientFacts(client: DeclaredClient, connectTo: string): ClientFacts {
  const { clientId, realm, keyFile, certificateFile, tls } = client;
  const inFile = keyFile === undefined ? undefined : keyInside(keyFile);
  const kid = inFile ?? client.kid;
  const variables = {
    ISSUER: realm.issuer,
    ASSERTION_AUDIENCE: realm.issuer,
    TOKEN_ENDPOINT: `${endpoints(realm)}/token`,
    JWKS_URI: `${endpoints(realm)}/certs`,
    CLIENT_ID: clientId,
    KEY_ID: kid,
    ALGORITHM: algorithmOf(client.algorithm, kid),
    KEY_FILE: keyFile,
    CERTIFICATE_FILE: certificateFile,
    CONNECT_TO: connectTo || undefined,
    ALLOW_INSECURE_HTTP: realm.issuer.startsWith("http:") ? "true" : undefined,
    DPOP: client.isDpopBound ? "true" : undefined,
    TLS_CA_FILE: tls.caFile,
    TLS_CERTIFICATE_FILE: tls.certificateFile,
    TLS_KEY_FILE: tls.keyFile,
  };
  const known = Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { variables: Object.fromEntries(known), warnings: warningsOf(client, inFile) };
}

/** The endpoints of a realm, as this machine reaches them. */
function endpoints({ url, realmName }: DeclaredClient["realm"]): string {
  return `${url}/realms/${realmName}/protocol/openid-connect`;
}

function warningsOf({ clientId, keyFile, keysAt, accepted }: DeclaredClient, inFile: string | undefined): string[] {
  if (keysAt !== undefined) {
    return [
      `Keycloak fetches the keys of ${clientId} from ${keysAt}: KEY_ID and KEY_FILE are known to that machine alone`,
    ];
  }
  if (keyFile === undefined) {
    return [`the private key of ${clientId} was made elsewhere: where its file is, is not known here (no KEY_FILE)`];
  }
  if (inFile === undefined) return [`${keyFile} cannot be read here; KEY_ID is that of the key that is to be in it`];
  if (accepted.includes(inFile)) return [];
  return [
    `${keyFile} holds key ${inFile}, which Keycloak is not to accept from ${clientId}; bring the key that belongs to its certificate there`,
  ];
}
