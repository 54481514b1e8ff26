import { TerraformLocal, type TerraformResource } from "cdktf";
import { Construct } from "constructs";
import { DataKeycloakOpenidClient } from "../../.gen/providers/keycloak/data-keycloak-openid-client";
import { DataKeycloakRole } from "../../.gen/providers/keycloak/data-keycloak-role";
import type { OpenidClient } from "../../.gen/providers/keycloak/openid-client";
import { OpenidClientServiceAccountRole } from "../../.gen/providers/keycloak/openid-client-service-account-role";
import type { KeycloakProvider } from "../../.gen/providers/keycloak/provider";
import { Role } from "../../.gen/providers/keycloak/role";
import { type IRealm, isDeclaredRealm } from "../realm";
import { addressOf, type Rights } from "./deployer-order";

/** For its own client, whose key changes, and for its own rights: giving roles takes `manage-users`. */
const IN_MASTER = { ManageClients: "manage-clients", ManageUsers: "manage-users" };

/** For finding `create-realm`, a role of `master` itself. */
const TO_MAKE_REALMS = { ViewRealm: "view-realm" };

/** For a realm's settings, the sign-ins that it keeps, and the roles of its machines, which are users to Keycloak. */
const OF_DECLARED_REALMS = { ManageRealm: "manage-realm", ManageEvents: "manage-events", ManageUsers: "manage-users" };

/**
 * The rights of a deployer's service account. Each right is a role, and has a resource of its own.
 *
 * Realm `master` has a client `REALM-realm` for every realm. The roles of that client are the rights in the realm.
 *
 * If the app declares realms, the deployer may make realms. Keycloak's role for that is `create-realm`, which only an
 * administrator of everything may give or take: a deployer that had it could not destroy itself. So the deployer gets a role
 * of its own client instead, which includes `create-realm`. The first deploy makes that role, by the password. The deployer may
 * take and remove it. Keycloak gives every right in a realm to whoever made it.
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
    /** It manages the clients of the realms, and nothing else. */
    ofAnotherApp: boolean,
  ) {
    const isOwn = (realm: IRealm) => !ofAnotherApp && isDeclaredRealm(realm);
    const declares = realms.some(isOwn);
    const names = { ...IN_MASTER, ...(declares && TO_MAKE_REALMS) };
    const master = ofAnotherApp ? [] : this.rolesOf(deployer, "MasterRealm", this.onceThere("master-realm"), names);
    this.inMaster = [client, ...master, ...(declares ? this.makesRealms(deployer, master) : [])];
    this.inRealms = realms.flatMap((realm) => {
      const scope = new Construct(deployer, `Rights-${realm.realmName}`);
      const roles = { ...(isOwn(realm) && OF_DECLARED_REALMS), ManageClients: "manage-clients" };
      return this.rolesOf(scope, "Realm", this.nameOfRealmClient(realm), roles, this.inMaster);
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
   * The local value is needed: Terraform reads a data source again at the apply if a resource that it refers to changes. Then
   * every change of a realm's settings would take each right and give it again.
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

  private nameOfRealmClient(realm: IRealm): string {
    return isDeclaredRealm(realm)
      ? `${realm._resource.getStringAttribute("id")}-realm`
      : this.onceThere(`${realm.realmName}-realm`);
  }

  /** A name that Terraform knows only after it has made the deployer's client, so a first plan needs no server. */
  private onceThere(name: string): string {
    return `\${${addressOf(this.client)}.id == "" ? "" : ${JSON.stringify(name)}}`;
  }
}
