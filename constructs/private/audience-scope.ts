import type { Construct } from "constructs";
import { OpenidAudienceProtocolMapper } from "../../.gen/providers/keycloak/openid-audience-protocol-mapper";
import { OpenidClientScope } from "../../.gen/providers/keycloak/openid-client-scope";
import { literal } from "../contract/terraform-text";
import { shown } from "../keys/shown";
import { dependables, type IRealm, realmOf } from "../realm";
import { claim } from "./claims";
import type { SharedScope } from "./client-scopes";
import { ValidationError } from "./errors";

/** An API's name in `aud`: that of a client, or any text. */
export type Audience = { readonly includedClientAudience: string } | { readonly includedCustomAudience: string };

/** What differs from one scope to another. */
interface ScopeText {
  readonly name: string;
  readonly description: string;
  /** Whether tokens name it in `scope`. */
  readonly isNamed: boolean;
}

/** Declares a client scope, shared by all callers that have it, that puts an API into `aud` of their access tokens. */
export function audienceScope(
  owner: Construct,
  realm: IRealm,
  { name, description, isNamed }: ScopeText,
  audience: Audience,
  ids = { scope: "AudienceScope", mapper: "AudienceMapper" },
): SharedScope {
  const taken = claim(owner, `${realmOf(realm.server, realm.realmName)} client scope ${name}`);
  if (taken !== undefined) {
    throw new ValidationError(
      owner,
      `the client scope ${shown(name)} must be declared once in realm ${shown(realm.realmName)}, got: another one by ${taken}; give one of them another name, or share the construct`,
    );
  }
  const provider = realm.keycloakProvider(owner);
  const scope = new OpenidClientScope(owner, ids.scope, {
    provider,
    realmId: realm.realmName,
    name: literal(name),
    description: literal(description),
    includeInTokenScope: isNamed,
    dependsOn: dependables(realm.dependencies(owner)),
  });
  new OpenidAudienceProtocolMapper(owner, ids.mapper, {
    provider,
    realmId: realm.realmName,
    clientScopeId: scope.id,
    name: literal(name),
    ...audience,
    addToIdToken: false,
  });
  // A caller that has the scope gets the audience from its first token on.
  return { name: literal(name), declared: { owner, reference: scope.name } };
}
