import type { Construct } from "constructs";
import { quoted, shown } from "../keys/shown";
import { type IRealm, Realm } from "../realm";
import type { ITlsCertificate } from "../tls";
import { checkClientCertificate } from "./certificate-checks";
import { check, checkKnown } from "./checks";
import { failOn } from "./errors";
import { checkRoles } from "./role-grant";

interface ClientInRealm {
  readonly clientId: string;
  readonly realm: IRealm;
}

/** Checks a grant. @throws {ValidationError} */
export function checkGrant(
  scope: Construct,
  called: ClientInRealm,
  caller: ClientInRealm,
  options: { readonly roles?: readonly string[] },
): void {
  const problems = [...checkKnown(options, { roles: true }), ...checkRoles(options.roles ?? [])];
  if (called.clientId === caller.clientId) {
    problems.push(
      `\`caller\` must be another client, got: ${shown(caller.clientId)} itself; a machine needs no token to call itself`,
    );
  }
  if (called.realm.issuer !== caller.realm.issuer) {
    problems.push(
      `\`caller\` must be in the same realm, as a token's audience and issuer belong together, got: ${caller.realm.issuer} calling into ${called.realm.issuer}`,
    );
  }
  failOn(scope, problems);
}

export function checkClientId(clientId: string): string[] {
  const rule = "must be 1 to 255 visible ASCII characters (RFC 6749 appendix A.1)";
  return check("clientId", clientId, (id) => /^[\x21-\x7e]{1,255}$/.test(id), rule);
}

/** Checks what tokens are bound to. */
export function checkBinding(to: "dpop" | ITlsCertificate | undefined, { server }: IRealm): string[] {
  if (to === undefined || to === "dpop") return [];
  if (typeof to !== "object" || !("thumbprint" in to)) {
    return check("boundTo", to, () => false, 'must be "dpop" or a certificate, such as a TlsCertificate');
  }
  if (server.clientCertificates === "none") {
    return [
      '`boundTo` a certificate needs a server that asks for one, got: `clientCertificates` "none"; set it to "request" or "required"',
    ];
  }
  return [
    // Machines are told it in a list with commas.
    ...(/^[^\s,]([^,]*[^\s,])?$/.test(to.commonName)
      ? []
      : [
          `\`boundTo\` must be a certificate whose common name is not empty and has no comma, got: ${quoted(to.commonName)}; have it issued for another name`,
        ]),
    ...(server.authority ? checkClientCertificate("boundTo", to, server.authority) : []),
  ];
}

export function checkScopes(defaults: readonly string[], optional: readonly string[]): string[] {
  const both = optional.filter((name) => defaults.includes(name));
  if (both.length === 0) return [];
  return [
    `\`optionalScopes\` must not repeat default scopes, got: ${shown(both.join(", "))} in both; leave them in one`,
  ];
}

interface ScopeProps {
  readonly realm: IRealm;
  readonly scopesOfRealm?: boolean;
  readonly defaultScopes?: readonly string[];
  readonly optionalScopes?: readonly string[];
}

export function checkRealmScopes({ realm, scopesOfRealm, defaultScopes, optionalScopes }: ScopeProps): string[] {
  if (!scopesOfRealm) return [];
  const own = Object.entries({ defaultScopes, optionalScopes }).filter(([, value]) => value !== undefined);
  return [
    ...own.map(([prop]) => `\`${prop}\` must be left out beside \`scopesOfRealm\`; declare the scopes in the realm`),
    ...(realm instanceof Realm && !(realm.defaultClientScopes && realm.optionalClientScopes)
      ? [
          "`scopesOfRealm` needs `defaultClientScopes` and `optionalClientScopes` of the realm: Keycloak's own have `offline_access` among them",
        ]
      : []),
  ];
}
