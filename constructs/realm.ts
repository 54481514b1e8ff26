import { type TerraformResource, TerraformStack } from "cdktf";
import { Construct, type IConstruct, type IDependable } from "constructs";
import type { KeycloakProvider } from "../.gen/providers/keycloak/provider";
import { Realm as RealmResource } from "../.gen/providers/keycloak/realm";
import { RealmDefaultClientScopes } from "../.gen/providers/keycloak/realm-default-client-scopes";
import { RealmOptionalClientScopes } from "../.gen/providers/keycloak/realm-optional-client-scopes";
import { realmMarker } from "./contract/markers";
import { shown } from "./keys/shown";
import { check, checkKnown, type Known } from "./private/checks";
import { claim } from "./private/claims";
import { failOn, ValidationError } from "./private/errors";
import { holdOrder, waitWith } from "./private/held-order";
import { adminEventsExpiration, declareEvents } from "./private/realm-events";
import { checkRealmProps, internalId, type RealmSignatureAlgorithm } from "./private/realm-props";
import type { IKeycloakServer } from "./server";

/** A realm that clients can be declared in. */
export interface IRealm {
  readonly realmName: string;
  readonly server: IKeycloakServer;
  /** Issuer of its tokens, and audience of client assertions (RFC 8414). */
  readonly issuer: string;
  /** Where clients get access tokens (RFC 6749 section 3.2). */
  readonly tokenEndpoint: string;
  /** Where its public keys are (RFC 7517). */
  readonly jwksUri: string;
  /** What it signs tokens with, where that is declared here. */
  readonly signatureAlgorithm?: RealmSignatureAlgorithm;
  /** Default scopes of its new clients, where they are declared here. */
  readonly defaultClientScopes?: readonly string[];
  /** Optional scopes of its new clients, where they are declared here. */
  readonly optionalClientScopes?: readonly string[];
  /** The provider to declare resources of this realm with, in the stack of `scope`. */
  keycloakProvider(scope: Construct): KeycloakProvider;
  /** What has to be there before the first resource of this realm, in the stack of `scope`. */
  dependencies(scope: Construct): IDependable[];
  /** Registers a client id; throws where the realm has it already. */
  claimClientId(scope: Construct, clientId: string): void;
}

/** Properties of a {@link Realm}. */
export interface RealmProps {
  readonly server: IKeycloakServer;
  /** Name of the realm, part of its issuer. */
  readonly realmName: string;
  /**
   * How long access tokens are valid, in seconds. Short is safer: an API that verifies offline accepts a revoked
   * token until it ends.
   *
   * @default 300
   */
  readonly accessTokenLifespanSeconds?: number;
  /**
   * What access tokens are signed with. Verifiers have to accept it first. There also has to be a key for it
   * (`RealmKeys`), or Keycloak makes one at the first token.
   *
   * @default Keycloak's own, RS256
   */
  readonly signatureAlgorithm?: RealmSignatureAlgorithm;
  /**
   * How long Keycloak keeps the sign-ins of machines, granted and refused, in seconds. They tell which key a machine
   * signs with, and `m2m events` who was refused. No other event of the realm is kept then, and those of administrators
   * only with `adminEventsSeconds`. The log stays.
   *
   * @default - not declared: Keycloak keeps none, unless somebody configured it elsewhere
   */
  readonly loginEventsSeconds?: number;
  /**
   * How long Keycloak keeps who changed what in the realm, in seconds: `m2m drift` names who made a change by hand. What a
   * change said is not kept, since it may hold secrets. A deploy makes such events too, several for each resource.
   *
   * @default - not declared: none are kept if `loginEventsSeconds` is given, else what somebody configured elsewhere
   */
  readonly adminEventsSeconds?: number;
  /**
   * Default scopes that Keycloak gives to clients made later. The scopes have to exist; those that come with a realm do.
   * If the clients declare the same scopes and `service_account`, which Keycloak adds by itself, making a client takes
   * four calls less.
   *
   * @default Keycloak's own
   */
  readonly defaultClientScopes?: readonly string[];
  /**
   * Optional scopes that Keycloak gives to clients made later. If the clients declare the same ones, each takes five calls
   * less.
   *
   * @default Keycloak's own
   */
  readonly optionalClientScopes?: readonly string[];
}

const PROPS: Known<RealmProps> = {
  server: true,
  realmName: true,
  accessTokenLifespanSeconds: true,
  signatureAlgorithm: true,
  loginEventsSeconds: true,
  adminEventsSeconds: true,
  defaultClientScopes: true,
  optionalClientScopes: true,
};

/** Names a realm by the address of its server, since several objects may stand for one server. */
export function realmOf(server: IKeycloakServer, realmName: string): string {
  return `${new URL(server.url).href} realm ${realmName}`;
}

const REALM_NAME_RULE =
  "must be 1 to 255 letters, digits, dots, dashes, underscores or tildes, as it is part of the issuer";

abstract class RealmBase extends Construct implements IRealm {
  readonly server: IKeycloakServer;
  readonly realmName: string;
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly jwksUri: string;

  /** @internal The resource of a realm that the app declares itself. */
  abstract readonly _resource?: TerraformResource;

  /** @param problems those of further props, to be told together */
  constructor(scope: Construct, id: string, { server, realmName }: ExistingRealm, problems: readonly string[] = []) {
    super(scope, id);
    holdOrder(this);
    failOn(this, [
      ...check("realmName", realmName, (name) => /^[\w.~-]{1,255}$/.test(name), REALM_NAME_RULE),
      ...problems,
    ]);
    this.server = server;
    this.realmName = realmName;
    this.issuer = `${server.issuerBase}/realms/${realmName}`;
    this.tokenEndpoint = `${this.issuer}/protocol/openid-connect/token`;
    this.jwksUri = `${this.issuer}/protocol/openid-connect/certs`;
    const marker = realmMarker(this.node.addr, { url: server.url, realmName, issuer: this.issuer });
    TerraformStack.of(this).addOverride(...marker);
  }

  keycloakProvider(scope: Construct): KeycloakProvider {
    return this.server.keycloakProvider(scope);
  }

  claimClientId(scope: Construct, clientId: string): void {
    const taken = claim(scope, `${realmOf(this.server, this.realmName)} client ${clientId}`);
    if (taken !== undefined) {
      throw new ValidationError(
        scope,
        `\`clientId\` must be unique in realm ${shown(this.realmName)}, got: ${shown(clientId)}, which ${taken} declares already`,
      );
    }
  }

  abstract dependencies(scope: Construct): IDependable[];
}

/** A realm whose clients are machines. */
export class Realm extends RealmBase {
  /** A realm that exists already. */
  static fromRealmName(scope: Construct, id: string, attributes: ExistingRealm): IRealm & IConstruct {
    return new ImportedRealm(scope, id, attributes);
  }

  /**
   * A realm of a `keycloak_realm` resource of your own, with settings that {@link Realm} does not have. What is declared in
   * it comes after the resource.
   */
  static fromResource(scope: Construct, id: string, attributes: RealmAttributes): IRealm & IConstruct {
    return new RealmOfResource(scope, id, attributes);
  }

  /** @internal */
  override readonly _resource: TerraformResource;
  readonly signatureAlgorithm?: RealmSignatureAlgorithm;
  readonly defaultClientScopes?: readonly string[];
  readonly optionalClientScopes?: readonly string[];
  /** The realm, and what it gives to clients made later. */
  private readonly resources: IDependable[];

  constructor(scope: Construct, id: string, props: RealmProps) {
    const seconds = props.accessTokenLifespanSeconds ?? 300;
    super(scope, id, props, [...checkKnown(props, PROPS), ...checkRealmProps(props)]);
    failOn(this, checkName(this, this.node.path));
    const provider = props.server.keycloakProvider(this);
    const realm = new RealmResource(this, "Resource", {
      provider,
      realm: props.realmName,
      ...internalId(props.realmName),
      enabled: true,
      accessTokenLifespan: terraformDuration(seconds),
      defaultSignatureAlgorithm: props.signatureAlgorithm,
      // One issuer for everybody, whatever address a request came by.
      attributes: { frontendUrl: props.server.issuerBase, ...adminEventsExpiration(props) },
      dependsOn: dependables(props.server.dependencies(this)),
    });
    this._resource = realm;
    this.signatureAlgorithm = props.signatureAlgorithm;
    this.defaultClientScopes = props.defaultClientScopes;
    this.optionalClientScopes = props.optionalClientScopes;
    this.resources = [realm, ...this.clientScopes(props, realm)];
    declareEvents(this, provider, props, realm);
  }

  dependencies(scope: Construct): IDependable[] {
    const own = TerraformStack.of(this);
    const other = TerraformStack.of(scope);
    if (own === other) return [...this.resources];
    other.addDependency(own);
    return [];
  }

  private clientScopes({ defaultClientScopes, optionalClientScopes }: RealmProps, realm: RealmResource): IDependable[] {
    const shared = { provider: this.keycloakProvider(this), realmId: this.realmName };
    const made: IDependable[] = [];
    if (defaultClientScopes) {
      made.push(
        new RealmDefaultClientScopes(this, "DefaultClientScopes", {
          ...shared,
          defaultScopes: [...defaultClientScopes],
          dependsOn: [realm],
        }),
      );
    }
    if (optionalClientScopes) {
      made.push(
        new RealmOptionalClientScopes(this, "OptionalClientScopes", {
          ...shared,
          optionalScopes: [...optionalClientScopes],
          // A scope that moves from one list to the other has to leave the first.
          dependsOn: dependables(made.length > 0 ? made : [realm]),
        }),
      );
    }
    return made;
  }
}

/** A realm is declared once, by the construct of a path. */
function checkName(realm: IRealm & Construct, path: string): string[] {
  const taken = claim(realm, realmOf(realm.server, realm.realmName), path) ?? path;
  if (taken === path) return [];
  return [
    `\`realmName\` must be unique on its server, got: ${shown(realm.realmName)}, which ${taken} declares already; hand that realm on, or use Realm.fromRealmName`,
  ];
}

/** A realm that the app declares. */
export type DeclaredRealm = RealmBase & { readonly _resource: TerraformResource };

/** Whether the app declares a realm itself, by whatever construct. */
export function isDeclaredRealm(realm: unknown): realm is DeclaredRealm {
  return realm instanceof RealmBase && realm._resource !== undefined;
}

/** What identifies a realm that exists. */
type ExistingRealm = Pick<RealmProps, "server" | "realmName">;

class ImportedRealm extends RealmBase {
  override readonly _resource = undefined;

  constructor(scope: Construct, id: string, attributes: ExistingRealm) {
    super(scope, id, attributes, checkKnown(attributes, { server: true, realmName: true }));
  }

  dependencies(scope: Construct): IDependable[] {
    waitWith(scope, this);
    return this.server.dependencies(scope);
  }
}

/** What {@link Realm.fromResource} needs of a resource. The class may be of any bindings. */
export interface KeycloakRealmResource extends TerraformResource {
  /** The realm's name as it was given: a text, and no reference, since it is part of the issuer. */
  readonly realmInput?: string;
}

/** What identifies a realm by its resource. */
export interface RealmAttributes {
  /** The server that it is on, as the resource's own provider reaches it. */
  readonly server: IKeycloakServer;
  /** A `keycloak_realm`: `Realm` of `cdktf-keycloak-m2m/bindings/realm`, or of bindings by `cdktf get`. */
  readonly resource: KeycloakRealmResource;
}

class RealmOfResource extends RealmBase {
  override readonly _resource: TerraformResource;

  constructor(scope: Construct, id: string, attributes: RealmAttributes) {
    const { server, resource } = attributes;
    super(scope, id, { server, realmName: resource?.realmInput ?? "" }, [
      ...checkKnown(attributes, { server: true, resource: true }),
      ...check(
        "resource",
        resource?.terraformResourceType,
        (type) => type === "keycloak_realm",
        "must be a keycloak_realm",
      ),
    ]);
    failOn(this, checkName(this, resource.node.path));
    this._resource = resource;
    // As a Realm does: without this, a destroy could remove the server first.
    resource.node.addDependency(...server.dependencies(resource));
    holdOrder(resource);
  }

  dependencies(scope: Construct): IDependable[] {
    const [own, other] = [TerraformStack.of(this._resource), TerraformStack.of(scope)];
    waitWith(scope, this);
    if (own === other) return [this._resource];
    other.addDependency(own);
    return [];
  }
}

/** cdktf wants its own type of dependable. Only resources are ever given here, and they are of both types. */
export function dependables(list: IDependable[]): RealmResource[] {
  return list as RealmResource[];
}

/** Seconds as the provider writes them back ("5m0s"), so that a later plan is empty. */
function terraformDuration(seconds: number): string {
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  if (h > 0) return `${h}h${m}m${s}s`;
  return m > 0 ? `${m}m${s}s` : `${s}s`;
}
