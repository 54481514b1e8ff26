import { TerraformStack } from "cdktf";
import { Construct, type IDependable } from "constructs";
import { DataKeycloakOpenidClient } from "../../.gen/providers/keycloak/data-keycloak-openid-client";
import { DataKeycloakRole } from "../../.gen/providers/keycloak/data-keycloak-role";
import { GenericRoleMapper } from "../../.gen/providers/keycloak/generic-role-mapper";
import type { OpenidClient } from "../../.gen/providers/keycloak/openid-client";
import { OpenidClientServiceAccountRole } from "../../.gen/providers/keycloak/openid-client-service-account-role";
import { Role } from "../../.gen/providers/keycloak/role";
import { literal } from "../contract/terraform-text";
import { quoted } from "../keys/shown";
import { dependables, type IRealm } from "../realm";

/** Keycloak's scope whose mapper writes `resource_access` into access tokens. */
export const ROLES_SCOPE = "roles";

export function checkRoles(roles: readonly string[]): string[] {
  const wrong = roles.filter((name, index) => !/^\S(.{0,253}\S)?$/.test(name) || roles.indexOf(name) !== index);
  return wrong.length === 0
    ? []
    : [`\`roles\` must hold names of up to 255 characters, each once, got: ${quoted(roles)}`];
}

/** The roles that a client declares for its callers, each once. */
export class ClientRoles {
  private readonly roles = new Map<string, Role>();

  constructor(
    readonly owner: Construct,
    readonly realm: IRealm,
    readonly client: OpenidClient,
  ) {}

  /** The role of a name, declared when it is first needed. */
  role(name: string): Role {
    const role =
      this.roles.get(name) ??
      new Role(this.owner, idOf("Role", name), {
        provider: this.realm.keycloakProvider(this.owner),
        realmId: this.realm.realmName,
        clientId: this.client.id,
        name: literal(name),
      });
    this.roles.set(name, role);
    return role;
  }
}

/** A client that has roles. Without `roles` they are declared elsewhere. */
export interface RoleOwner {
  readonly clientId: string;
  readonly roles?: ClientRoles;
}

/** A client that gets roles. */
export interface RoleTaker {
  readonly scope: Construct;
  readonly realm: IRealm;
  readonly resource: OpenidClient;
}

/**
 * Gives roles of one client to the service account of another, and lets them into its tokens: a client without full scope
 * also needs each role in its scope. Granting twice changes nothing.
 */
export function grantRoles(owner: RoleOwner, taker: RoleTaker, names: readonly string[]): void {
  const { scope, realm, resource } = taker;
  const shared = { provider: realm.keycloakProvider(scope), realmId: realm.realmName };
  const home = childOf(scope, idOf("Roles", owner.clientId), (id) => new Construct(scope, id));
  for (const name of names.filter((one) => !home.node.tryFindChild(idOf("Role", one)))) {
    const grant = new Construct(home, idOf("Role", name));
    const { clientUuid, roleId } = found(owner, home, taker, name);
    new OpenidClientServiceAccountRole(grant, "ServiceAccount", {
      ...shared,
      serviceAccountUserId: resource.serviceAccountUserId,
      clientId: clientUuid,
      role: literal(name),
      dependsOn: owner.roles && isHere(owner.roles, scope) ? [owner.roles.role(name)] : [],
    });
    new GenericRoleMapper(grant, "Scope", { ...shared, clientId: resource.id, roleId });
  }
}

/** The ids of the client and its role: references within a stack, so that Terraform orders by them, and lookups otherwise. */
function found(owner: RoleOwner, home: Construct, { scope, realm }: RoleTaker, name: string) {
  const declared = owner.roles?.role(name);
  if (owner.roles && declared && isHere(owner.roles, scope)) {
    return { clientUuid: owner.roles.client.id, roleId: declared.id };
  }
  if (owner.roles) TerraformStack.of(scope).addDependency(TerraformStack.of(owner.roles.owner));
  const shared = { provider: realm.keycloakProvider(scope), realmId: realm.realmName };
  const dependsOn = dependables(realm.dependencies(scope) as IDependable[]);
  const wanted = { ...shared, clientId: literal(owner.clientId), dependsOn };
  const client = childOf(home, "Client", (id) => new DataKeycloakOpenidClient(home, id, wanted));
  const known = { ...shared, clientId: client.id, name: literal(name) };
  return { clientUuid: client.id, roleId: new DataKeycloakRole(home, idOf("Known", name), known).id };
}

/** The id of a construct. No two names share one: a slash in an id would be written as two dashes. */
function idOf(kind: string, name: string): string {
  return `${kind}-${encodeURIComponent(name)}`;
}

/** A child that is made when it is first needed. */
function childOf<T extends Construct>(scope: Construct, id: string, make: (id: string) => T): T {
  return (scope.node.tryFindChild(id) as T | undefined) ?? make(id);
}

function isHere({ owner }: ClientRoles, scope: Construct): boolean {
  return TerraformStack.of(owner) === TerraformStack.of(scope);
}
