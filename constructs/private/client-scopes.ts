import { Lazy, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import type { OpenidClient } from "../../.gen/providers/keycloak/openid-client";
import { OpenidClientDefaultScopes } from "../../.gen/providers/keycloak/openid-client-default-scopes";
import { OpenidClientOptionalScopes } from "../../.gen/providers/keycloak/openid-client-optional-scopes";
import type { IRealm } from "../realm";
import { ROLES_SCOPE } from "./role-grant";

/** A client scope that several clients have. */
export interface SharedScope {
  /** As it stands in the JSON. */
  readonly name: string;
  /** Where it is declared; absent for one that is declared elsewhere. */
  readonly declared?: {
    readonly owner: Construct;
    /** The scope's name, once all of it exists. */
    readonly reference: string;
  };
}

/** The scopes that a client has of its own, without any grant. */
export interface OwnScopes {
  readonly defaults: readonly string[];
  readonly optional: readonly string[];
  /** Whether Keycloak gives them to the client, so that no list is declared before one is needed. */
  readonly areOfRealm: boolean;
}

/** The two lists of a client's scopes: in every token, and where a request asks for them. */
export class ClientScopes {
  private readonly granted = { default: new Map<string, SharedScope>(), optional: new Map<string, SharedScope>() };
  private defaultList?: OpenidClientDefaultScopes;
  private optionalList?: OpenidClientOptionalScopes;
  private hasRoles = false;

  constructor(
    private readonly client: Construct,
    private readonly realm: IRealm,
    private readonly resource: OpenidClient,
    private readonly own: OwnScopes,
  ) {
    if (!own.areOfRealm) this.optionalScopes();
  }

  /** Adds a scope. One that is in every token need not be asked for, so that default wins over optional. */
  grant(scope: SharedScope, isOptional: boolean): void {
    const { granted } = this;
    if (isOptional && granted.default.has(scope.name)) return;
    granted[isOptional ? "optional" : "default"].set(scope.name, scope);
    if (!isOptional) granted.optional.delete(scope.name);
    if (isOptional) this.optionalScopes();
    else this.defaultScopes();
  }

  /** Lets roles into the tokens. */
  needRoles(): void {
    this.hasRoles = true;
  }

  /** Its own list, made when it is first needed. */
  private defaultScopes(): OpenidClientDefaultScopes {
    this.defaultList ??= new OpenidClientDefaultScopes(this.client, "DefaultScopes", {
      ...this.shared(),
      defaultScopes: Lazy.listValue({ produce: () => this.allDefaults() }),
    });
    return this.defaultList;
  }

  private optionalScopes(): void {
    this.optionalList ??= new OpenidClientOptionalScopes(this.client, "OptionalScopes", {
      ...this.shared(),
      optionalScopes: Lazy.listValue({ produce: () => [...this.own.optional, ...this.names("optional")] }),
      dependsOn: [this.defaultScopes()], // a scope that moves from one list to the other has to leave the first
    });
  }

  private shared() {
    const { client, realm, resource } = this;
    return { provider: realm.keycloakProvider(client), realmId: realm.realmName, clientId: resource.id };
  }

  private allDefaults(): string[] {
    const needsRoles = this.hasRoles && !this.own.defaults.includes(ROLES_SCOPE);
    return [...this.own.defaults, ...(needsRoles ? [ROLES_SCOPE] : []), ...this.names("default")];
  }

  /** References within the stack, so that Terraform orders by them; plain names otherwise. */
  private names(list: "default" | "optional"): string[] {
    const stack = TerraformStack.of(this.client);
    return [...this.granted[list].values()].map(({ name, declared }) => {
      if (declared && TerraformStack.of(declared.owner) === stack) return declared.reference;
      if (declared) stack.addDependency(TerraformStack.of(declared.owner));
      return name;
    });
  }
}
