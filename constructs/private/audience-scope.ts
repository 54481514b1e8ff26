import type { Construct } from "constructs";
import { OpenidAudienceProtocolMapper } from "../../.gen/providers/keycloak/openid-audience-protocol-mapper";
import type { OpenidClient } from "../../.gen/providers/keycloak/openid-client";
import { OpenidClientScope } from "../../.gen/providers/keycloak/openid-client-scope";
import { literal } from "../contract/terraform-text";
import { dependables, type IRealm } from "../realm";

/** The client scope, shared by all callers of one client, that puts its id into `aud` of their access tokens. */
export class AudienceScope {
  /** As it stands in the JSON. */
  static nameFor(clientId: string): string {
    return `audience-${literal(clientId)}`;
  }

  readonly name: string;
  /** The scope's name, once its mapper exists: a caller that has it gets the audience from its first token on. */
  readonly reference: string;

  constructor(
    readonly owner: Construct,
    realm: IRealm,
    clientId: string,
    client: OpenidClient,
  ) {
    this.name = AudienceScope.nameFor(clientId);
    const provider = realm.keycloakProvider(owner);
    const scope = new OpenidClientScope(owner, "AudienceScope", {
      provider,
      realmId: realm.realmName,
      name: this.name,
      description: `audience ${literal(clientId)}`,
      includeInTokenScope: false,
      dependsOn: dependables(realm.dependencies(owner)),
    });
    new OpenidAudienceProtocolMapper(owner, "AudienceMapper", {
      provider,
      realmId: realm.realmName,
      clientScopeId: scope.id,
      name: this.name,
      includedClientAudience: client.clientId,
      addToIdToken: false,
    });
    this.reference = scope.name;
  }
}
