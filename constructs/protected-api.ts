import { Construct } from "constructs";
import { audienceScopeName } from "./contract/scope-names";
import { literal } from "./contract/terraform-text";
import { checkApiGrant, checkAudience, checkScopeNames } from "./private/api-checks";
import { type Audience, audienceScope } from "./private/audience-scope";
import { checkKnown, type Known } from "./private/checks";
import type { SharedScope } from "./private/client-scopes";
import { failOn } from "./private/errors";
import { holdOrder } from "./private/held-order";
import { noteImportedApi } from "./private/imported-api";
import type { IRealm } from "./realm";
import type { SignedJwtClient } from "./signed-jwt-client";

/** An API that machines call, and what they may be granted there. */
export interface IProtectedApi {
  readonly realm: IRealm;
  /** The API's name in `aud` of access tokens. */
  readonly audience: string;
  /** What may be granted, by name. */
  readonly scopes: readonly string[];
  /**
   * Lets a machine call this API: its tokens carry the audience, and these scopes. Granting twice changes nothing.
   *
   * @param scopes of this API, one or several. Without any, the tokens carry the audience alone
   */
  grant(caller: SignedJwtClient, scopes?: string | readonly string[], options?: ApiGrantOptions): void;
}

/** Options of {@link IProtectedApi.grant}. */
export interface ApiGrantOptions {
  /**
   * Whether tokens carry the scopes, and with them the audience, only where a request asks for them (`scope`).
   *
   * @default false: every token of the caller carries them
   */
  readonly optional?: boolean;
}

/** Properties of a {@link ProtectedApi}. */
export interface ProtectedApiProps {
  readonly realm: IRealm;
  /**
   * The API's name in `aud`: its address, or any other name that its verifier expects.
   *
   * @default - the client id of `client`
   */
  readonly audience?: string;
  /**
   * The API's own client, in place of `audience`. Only a client in a token's `aud` may ask Keycloak about it, from 26.4.12 on.
   *
   * @default - none: the API verifies tokens by the realm's keys
   */
  readonly client?: SignedJwtClient;
  /**
   * What may be granted: a description by the name of each scope.
   *
   * @default - nothing but the call itself
   */
  readonly scopes?: Readonly<Record<string, string>>;
}

const PROPS: Known<ProtectedApiProps> = { realm: true, audience: true, client: true, scopes: true };

/** What identifies an API that is declared elsewhere. */
export interface ProtectedApiAttributes {
  readonly realm: IRealm;
  readonly audience: string;
  /**
   * Names of its scopes.
   *
   * @default - none
   */
  readonly scopes?: readonly string[];
}

/**
 * An API, and what machines may be granted there. A machine without a grant gets no token for it.
 *
 * Emits one client scope for each of `scopes`, which puts its own name and the audience into tokens, and one for grants
 * without scopes, where there are some.
 */
export class ProtectedApi extends Construct implements IProtectedApi {
  /** An API that another configuration declares. Scopes that are granted have to exist already. */
  static fromAudience(scope: Construct, id: string, attributes: ProtectedApiAttributes): IProtectedApi {
    return new ImportedApi(scope, id, attributes);
  }

  readonly realm: IRealm;
  readonly audience: string;
  readonly scopes: readonly string[];
  private readonly declared: ReadonlyMap<string, SharedScope>;
  private alone?: SharedScope;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: ProtectedApiProps,
  ) {
    super(scope, id);
    holdOrder(this);
    const { realm, client, audience = client?.clientId ?? "", scopes = {} } = props;
    failOn(this, [
      ...checkKnown(props, PROPS),
      ...checkAudience(audience),
      ...(client && props.audience !== undefined
        ? ["`audience` must be left out beside `client`, whose id it is"]
        : []),
      ...(client && client.realm.issuer !== realm.issuer ? ["`client` must be in `realm`; declare both in one"] : []),
      ...checkScopeNames(Object.keys(scopes)),
    ]);
    this.realm = realm;
    this.audience = audience;
    this.scopes = Object.keys(scopes);
    this.declared = new Map(Object.entries(scopes).map(([name, text]) => [name, this.declareScope(name, text)]));
  }

  grant(caller: SignedJwtClient, scopes: string | readonly string[] = [], options: ApiGrantOptions = {}): void {
    const names = [scopes].flat();
    failOn(this, checkApiGrant(this, caller, names, options));
    const { optional = false } = options;
    if (names.length === 0) caller._giveScope(this.audienceAlone(), optional);
    for (const name of names) caller._giveScope(this.declared.get(name)!, optional);
    this.props.client?._noteCaller(caller);
  }

  private declareScope(name: string, description: string): SharedScope {
    // No two names share an id: a slash in one would be written as two dashes.
    const home = new Construct(this, `Scope-${name.replaceAll(/[%/]/g, encodeURIComponent)}`);
    const ids = { scope: "Resource", mapper: "AudienceMapper" };
    return audienceScope(home, this.realm, { name, description, isNamed: true }, this.inTokens, ids);
  }

  private audienceAlone(): SharedScope {
    if (this.props.client) return this.props.client._audienceScope();
    const text = { name: audienceScopeName(this.audience), description: `audience ${this.audience}`, isNamed: false };
    this.alone ??= audienceScope(this, this.realm, text, this.inTokens);
    return this.alone;
  }

  private get inTokens(): Audience {
    return this.props.client?._audienceInTokens ?? { includedCustomAudience: literal(this.audience) };
  }
}

class ImportedApi extends Construct implements IProtectedApi {
  readonly realm: IRealm;
  readonly audience: string;
  readonly scopes: readonly string[];

  constructor(scope: Construct, id: string, attributes: ProtectedApiAttributes) {
    super(scope, id);
    const { realm, audience, scopes = [] } = attributes;
    failOn(this, [
      ...checkKnown(attributes, { realm: true, audience: true, scopes: true }),
      ...checkAudience(audience),
      ...checkScopeNames(scopes),
    ]);
    this.realm = realm;
    this.audience = audience;
    this.scopes = scopes;
    noteImportedApi(this, realm, audience, scopes);
  }

  grant(caller: SignedJwtClient, scopes: string | readonly string[] = [], options: ApiGrantOptions = {}): void {
    const names = [scopes].flat();
    failOn(this, checkApiGrant(this, caller, names, options));
    for (const name of names.length > 0 ? names : [audienceScopeName(this.audience)]) {
      caller._giveScope({ name: literal(name) }, options.optional);
    }
  }
}
