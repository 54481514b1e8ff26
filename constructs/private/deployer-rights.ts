import { TerraformLocal, type TerraformResource } from "cdktf";
import { Construct } from "constructs";
import { DataKeycloakOpenidClient } from "../../.gen/providers/keycloak/data-keycloak-openid-client";
import { DataKeycloakRole } from "../../.gen/providers/keycloak/data-keycloak-role";
import type { OpenidClient } from "../../.gen/providers/keycloak/openid-client";
import { OpenidClientServiceAccountRole } from "../../.gen/providers/keycloak/openid-client-service-account-role";
import type { KeycloakProvider } from "../../.gen/providers/keycloak/provider";
import { Realm as RealmResource } from "../../.gen/providers/keycloak/realm";
import { Role } from "../../.gen/providers/keycloak/role";
import { type IRealm, Realm } from "../realm";
import { addressOf, type Rights } from "./deployer-order";

/** Its own client, whose key changes, and its own rights: who takes and gives roles manages users. */
const IN_MASTER = { ManageClients: "manage-clients", ManageUsers: "manage-users" };

/** To find `create-realm`, a role of `master` itself. */
const TO_MAKE_REALMS = { ViewRealm: "view-realm" };

/** Its settings, and which sign-ins it keeps. */
const OF_DECLARED_REALMS = { ManageRealm: "manage-realm", ManageEvents: "manage-events" };

/**
 * The rights of a deployer's service account, each a role of its own resource.
 *
 * Realm `master` has a client `REALM-realm` for every realm, whose roles are the rights in it. Where realms are declared, it
 * may make them. The role for that, `create-realm`, only an administrator of everything may give or take, so that a deployer
 * that had it could not be destroyed by itself. It has a role of its own client in its place, of which that is a part and
 * which the first deploy, by the password, puts together; to take and to remove it is within its rights. Keycloak gives
 * whoever makes a realm every right in it.
 *
 * @see https://www.keycloak.org/docs/latest/server_admin/#_per_realm_admin_permissions
 */
export class DeployerRights implements Rights {
  readonly inMaster: readonly TerraformResource[];
  readonly inRealms: readonly TerraformResource[];

  constructor(
    deployer: Construct,
    private readonly provider: KeycloakProvider,
    private readonly client: OpenidClient,
    realms: readonly IRealm[],
  ) {
    const declares = realms.some((realm) => realm instanceof Realm);
    const names = { ...IN_MASTER, ...(declares && TO_MAKE_REALMS) };
    const master = this.rolesOf(deployer, "MasterRealm", this.onceThere("master-realm"), names);
    this.inMaster = [client, ...master, ...(declares ? this.makesRealms(deployer, master) : [])];
    this.inRealms = realms.flatMap((realm) => {
      const scope = new Construct(deployer, `Rights-${realm.realmName}`);
      const roles = { ...(realm instanceof Realm && OF_DECLARED_REALMS), ManageClients: "manage-clients" };
      return this.rolesOf(scope, "Realm", this.nameOfRealmClient(deployer, realm), roles, this.inMaster);
    });
  }

  private makesRealms(scope: Construct, after: readonly TerraformResource[]): TerraformResource[] {
    const shared = { provider: this.provider, realmId: "master" };
    const name = new TerraformLocal(scope, "CreateRealmName", this.onceThere("create-realm"));
    const createRealm = new DataKeycloakRole(scope, "CreateRealm", { ...shared, name: name.asString });
    const role = new Role(scope, "MakeRealms", {
      ...shared,
      clientId: this.client.id,
      name: "make-realms",
      description: "may make realms",
      compositeRoles: [createRealm.id],
      dependsOn: [...after],
    });
    const given = new OpenidClientServiceAccountRole(scope, "MayMakeRealms", {
      ...shared,
      serviceAccountUserId: this.client.serviceAccountUserId,
      clientId: this.client.id,
      role: role.name,
    });
    return [role, given];
  }

  /**
   * By way of a local value: a data source that refers to a resource directly is read anew at the apply whenever that
   * resource changes, and each right would be taken and given again with a realm's every setting.
   */
  private rolesOf(
    scope: Construct,
    id: string,
    clientId: string,
    roles: Record<string, string>,
    after: readonly TerraformResource[] = [],
  ): TerraformResource[] {
    const name = new TerraformLocal(scope, `${id}ClientId`, clientId);
    const client = new DataKeycloakOpenidClient(scope, `${id}Client`, {
      provider: this.provider,
      realmId: "master",
      clientId: name.asString,
    });
    return Object.entries(roles).map(
      ([roleId, role]) =>
        new OpenidClientServiceAccountRole(scope, roleId, {
          provider: this.provider,
          realmId: "master",
          serviceAccountUserId: this.client.serviceAccountUserId,
          clientId: client.id,
          role,
          dependsOn: [...after],
        }),
    );
  }

  private nameOfRealmClient(scope: Construct, realm: IRealm): string {
    const resource = realm.dependencies(scope).find((one) => one instanceof RealmResource);
    const isDeclared = realm instanceof Realm && resource !== undefined;
    return isDeclared ? `${resource.id}-realm` : this.onceThere(`${realm.realmName}-realm`);
  }

  /** A name that is known only once the deployer's client is there, so that a first plan needs no server. */
  private onceThere(name: string): string {
    return `\${${addressOf(this.client)}.id == "" ? "" : ${JSON.stringify(name)}}`;
  }
}
