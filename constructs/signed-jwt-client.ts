import { Token } from "cdktf";
import { Construct } from "constructs";
import { OpenidClient } from "../.gen/providers/keycloak/openid-client";
import { certificateBinding, dpopBinding } from "./contract/client-keys";
import { tlsFilesMarker } from "./contract/markers";
import { audienceScopeName } from "./contract/scope-names";
import { literal } from "./contract/terraform-text";
import { type Audience, audienceScope } from "./private/audience-scope";
import { checkKnown, checkTokenLifespan, type Known } from "./private/checks";
import { checkBinding, checkClientId, checkGrant, checkRealmScopes, checkScopes } from "./private/client-checks";
import { ClientScopes, type SharedScope } from "./private/client-scopes";
import { failOn } from "./private/errors";
import { type ClaimValue, checkClaims, fixedClaims } from "./private/fixed-claims";
import { holdOrder } from "./private/held-order";
import { noteImportedApi } from "./private/imported-api";
import { ClientRoles, grantRoles, type RoleOwner } from "./private/role-grant";
import { signingClient } from "./private/signing-client";
import { dependables, type IRealm } from "./realm";
import type { IPublicKeys } from "./signing-key";
import type { ITlsCertificate } from "./tls";

/** What every machine's token carries: its service account and Keycloak's standard claims. */
const DEFAULT_SCOPES = ["service_account", "profile", "basic", "email"];

/** Declared, since Keycloak otherwise gives a client all optional scopes of the realm, `offline_access` among them. */
const OPTIONAL_SCOPES = ["address"];

/** A machine that signs in with a signed JWT. */
export interface ISignedJwtClient {
  readonly realm: IRealm;
  /** The client id, which is also `iss` and `sub` of its assertions. */
  readonly clientId: string;
  /**
   * Lets another machine call this one: tokens of the caller carry this client id in `aud`, and nobody else's do.
   *
   * Emits, once for this client, the client scope `audience-CLIENT_ID` with an audience mapper, and makes it a default
   * scope of the caller. Granting twice changes nothing.
   *
   * @param options roles of this client that the caller gets with it
   */
  grantCall(caller: SignedJwtClient, options?: GrantOptions): void;
}

/** Options of {@link ISignedJwtClient.grantCall}. */
export interface GrantOptions {
  /**
   * Roles of the called client, by name. The caller's tokens carry them below `resource_access.CLIENT_ID.roles`. A client
   * that is declared here gets the roles; those of one declared elsewhere have to exist.
   *
   * @default - none
   */
  readonly roles?: readonly string[];
}

/** Properties of a {@link SignedJwtClient}. */
export interface SignedJwtClientProps {
  readonly realm: IRealm;
  /** The client id, which is also `iss` and `sub` of its assertions. */
  readonly clientId: string;
  /** The key whose signatures Keycloak accepts from this client: a {@link SigningKeyPair}, or keys made elsewhere. */
  readonly signingKey: IPublicKeys;
  /**
   * Scopes in every token of this client, in place of the usual ones.
   *
   * @default ["service_account", "profile", "basic", "email"]
   */
  readonly defaultScopes?: readonly string[];
  /**
   * Scopes that a token request may ask for, in place of the usual one.
   *
   * @default ["address"]
   */
  readonly optionalScopes?: readonly string[];
  /**
   * Leaves its scopes to the realm's `defaultClientScopes` and `optionalClientScopes`. That makes one resource in place of
   * three, which counts if there are many machines. Terraform then does not see scopes that somebody attaches or detaches
   * by hand, and a later change of the realm's lists does not reach this client. A caller that is granted a call still has
   * its own list of default scopes.
   *
   * @default false
   */
  readonly scopesOfRealm?: boolean;
  /**
   * How long its access tokens are valid, in seconds: 1 to 86400. Keycloak keeps the last value if it is taken away: to go
   * back, give the realm's.
   *
   * @default - the realm's
   */
  readonly accessTokenLifespanSeconds?: number;
  /**
   * Claims that each of its access tokens carries: texts, whole numbers or booleans by name.
   *
   * @default - none
   */
  readonly claims?: Readonly<Record<string, ClaimValue>>;
  /**
   * What its access tokens are bound to, so that nobody else can use them.
   *
   * - A certificate of usage "client" or "peer": the one that the machine shows when it asks for a token, and when it calls
   *   (mutual TLS). The server has to ask for certificates (`clientCertificates`) and trust its CA.
   * - `"dpop"`: a key that the machine proves to hold at each request. The machine library does it by `dpop: true`.
   *
   * Keycloak then grants no token without.
   *
   * @default - nothing: whoever reads a token may use it until it ends
   * @see RFC 8705 section 3, RFC 9449
   */
  readonly boundTo?: "dpop" | ITlsCertificate;
}

const PROPS: Known<SignedJwtClientProps> = {
  realm: true,
  clientId: true,
  signingKey: true,
  defaultScopes: true,
  optionalScopes: true,
  scopesOfRealm: true,
  accessTokenLifespanSeconds: true,
  claims: true,
  boundTo: true,
};

/**
 * A confidential client that authenticates with a JWT it signs itself (`client-jwt`, RFC 7523 section 2.2) and gets
 * access tokens for its own service account (RFC 6749 section 4.4). Every other flow is off, there are no refresh
 * tokens, and a JWKS URL set by hand is overruled.
 *
 * Emits a client, its default scopes and its optional scopes; with `scopesOfRealm` the client alone.
 */
export class SignedJwtClient extends Construct implements ISignedJwtClient {
  /**
   * A client that another configuration declares. Its audience scope has to exist already: a call has to have been
   * granted where the client is declared.
   */
  static fromClientId(scope: Construct, id: string, attributes: { realm: IRealm; clientId: string }): ISignedJwtClient {
    return new ImportedClient(scope, id, attributes);
  }

  readonly realm: IRealm;
  readonly clientId: string;
  readonly signingKey: IPublicKeys;
  /** What its access tokens are bound to. */
  readonly boundTo?: "dpop" | ITlsCertificate;
  /** The client's id in Keycloak's admin API, known once it is deployed. */
  readonly uuid: string;
  /** The id of its service account, a user, known once it is deployed. */
  readonly serviceAccountUserId: string;

  private readonly resource: OpenidClient;
  /**
   * The clients of this app that may call it.
   *
   * @internal
   */
  readonly _callers: SignedJwtClient[] = [];
  private readonly scopes: ClientScopes;
  private readonly roles: ClientRoles;
  private audience?: SharedScope;

  constructor(scope: Construct, id: string, props: SignedJwtClientProps) {
    super(scope, id);
    holdOrder(this);
    const { realm, clientId, signingKey, defaultScopes = DEFAULT_SCOPES, optionalScopes = OPTIONAL_SCOPES } = props;
    const { accessTokenLifespanSeconds: seconds, claims = {}, boundTo } = props;
    failOn(this, [
      ...checkKnown(props, PROPS),
      ...checkClientId(clientId),
      ...checkScopes(defaultScopes, optionalScopes),
      ...checkRealmScopes(props),
      ...(seconds === undefined || Token.isUnresolved(seconds) ? [] : checkTokenLifespan(seconds)),
      ...checkClaims(claims),
      ...checkBinding(boundTo, realm),
    ]);
    realm.claimClientId(this, clientId);
    this.realm = realm;
    this.clientId = clientId;
    this.signingKey = signingKey;
    this.boundTo = boundTo;

    const { defaultClientScopes: ofRealm } = realm;
    const provider = realm.keycloakProvider(this);
    this.resource = new OpenidClient(this, "Resource", {
      provider,
      realmId: realm.realmName,
      ...signingClient(clientId, signingKey, certificateBinding(typeof boundTo === "object")),
      fullScopeAllowed: false,
      ...(seconds !== undefined && { accessTokenLifespan: String(seconds) }),
      ...dpopBinding(boundTo === "dpop"),
      dependsOn: dependables(realm.dependencies(this)),
    });
    if (typeof boundTo === "object") this.resource.addOverride(...tlsFilesMarker(boundTo.files));
    this.uuid = this.resource.id;
    this.serviceAccountUserId = this.resource.serviceAccountUserId;
    this.roles = new ClientRoles(this, realm, this.resource);
    fixedClaims(this, realm, this.resource, claims);
    const areOfRealm = props.scopesOfRealm === true && ofRealm !== undefined;
    const defaults = areOfRealm ? ["service_account", ...ofRealm] : defaultScopes;
    const optional = areOfRealm ? (realm.optionalClientScopes ?? []) : optionalScopes;
    this.scopes = new ClientScopes(this, realm, this.resource, {
      defaults,
      optional,
      areOfRealm: props.scopesOfRealm === true,
    });
  }

  grantCall(caller: SignedJwtClient, options: GrantOptions = {}): void {
    const { roles = [] } = options;
    checkGrant(this, this, caller, options);
    caller._giveScope(this._audienceScope());
    this._noteCaller(caller);
    caller.takesRoles({ clientId: this.clientId, roles: this.roles }, roles);
  }

  /** @internal The scope that puts this client into `aud`, declared when it is first needed. */
  _audienceScope(): SharedScope {
    const name = audienceScopeName(this.clientId);
    const text = { name, description: `audience ${this.clientId}`, isNamed: false };
    this.audience ??= audienceScope(this, this.realm, text, this._audienceInTokens);
    return this.audience;
  }

  /** @internal */
  get _audienceInTokens(): Audience {
    return { includedClientAudience: this.resource.clientId };
  }

  /** @internal Gives this client a scope. */
  _giveScope(scope: SharedScope, isOptional = false): void {
    this.scopes.grant(scope, isOptional);
  }

  /** @internal Notes that a client may call this one. */
  _noteCaller(caller: SignedJwtClient): void {
    this._callers.push(caller);
  }

  /** @internal The caller's side of a grant by a client declared elsewhere. */
  static callElsewhere(caller: SignedJwtClient, called: ISignedJwtClient, roles: readonly string[]): void {
    caller._giveScope({ name: literal(audienceScopeName(called.clientId)) });
    caller.takesRoles({ clientId: called.clientId }, roles);
  }

  private takesRoles(owner: RoleOwner, names: readonly string[]): void {
    if (names.length === 0) return;
    this.scopes.needRoles();
    grantRoles(owner, { scope: this, realm: this.realm, resource: this.resource }, names);
  }
}

class ImportedClient extends Construct implements ISignedJwtClient {
  readonly realm: IRealm;
  readonly clientId: string;

  constructor(scope: Construct, id: string, attributes: { realm: IRealm; clientId: string }) {
    super(scope, id);
    failOn(this, [...checkKnown(attributes, { realm: true, clientId: true }), ...checkClientId(attributes.clientId)]);
    this.realm = attributes.realm;
    this.clientId = attributes.clientId;
    noteImportedApi(this, this.realm, this.clientId, []);
  }

  grantCall(caller: SignedJwtClient, options: GrantOptions = {}): void {
    checkGrant(this, this, caller, options);
    SignedJwtClient.callElsewhere(caller, this, options.roles ?? []);
  }
}
