import { Token } from "cdktf";
import type { Construct } from "constructs";
import type { OpenidClient } from "../../.gen/providers/keycloak/openid-client";
import { OpenidHardcodedClaimProtocolMapper } from "../../.gen/providers/keycloak/openid-hardcoded-claim-protocol-mapper";
import { literal } from "../contract/terraform-text";
import { quoted } from "../keys/shown";
import type { IRealm } from "../realm";

/** A value that every token of a client carries under one name. */
export type ClaimValue = string | number | boolean;

/** What Keycloak writes itself, and verifiers go by. */
const RESERVED = new Set(
  "iss sub aud exp nbf iat jti typ azp acr scope sid client_id auth_time realm_access resource_access cnf".split(" "),
);

export function checkClaims(claims: Readonly<Record<string, ClaimValue>>): string[] {
  return Object.entries(claims).flatMap(([name, value]) => {
    if (RESERVED.has(name))
      return [`\`claims\` must not set ${name}, which Keycloak writes itself; choose another name`];
    if (!/^[\w:/-]{1,100}$/.test(name)) {
      return [`\`claims\` must have names of letters, digits, _, -, : and /, got: ${quoted(name)}`];
    }
    if (Token.isUnresolved(value)) return [];
    const fits = typeof value === "string" ? value !== "" : typeof value === "boolean" || Number.isSafeInteger(value);
    return fits ? [] : [`\`claims\` must give ${name} a text, a whole number or a boolean, got: ${quoted(value)}`];
  });
}

/** Writes fixed claims into a client's access tokens, each by a mapper of its own. */
export function fixedClaims(
  scope: Construct,
  realm: IRealm,
  client: OpenidClient,
  claims: Readonly<Record<string, ClaimValue>>,
): void {
  for (const [name, value] of Object.entries(claims)) {
    new OpenidHardcodedClaimProtocolMapper(scope, `Claim-${name}`, {
      provider: realm.keycloakProvider(scope),
      realmId: realm.realmName,
      clientId: client.id,
      name,
      claimName: name,
      claimValue: literal(String(value)),
      claimValueType: typeof value === "string" ? "String" : typeof value === "number" ? "long" : "boolean",
      addToIdToken: false,
      addToUserinfo: false,
    });
  }
}
