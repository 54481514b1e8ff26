import { isCertificateBound, isDpopBound } from "../../constructs/contract/client-keys";
import { importedApisIn, realmsIn } from "../../constructs/contract/markers";
import { loginsIn } from "../keycloak/login";
import type { Stack } from "../project/project";
import type { Binding, Machine, Role, Scope, Way } from "./model";
import { type Arguments, References } from "./references";

/** A client scope that this project declares, or refers to. */
export interface DeclaredScope extends Scope {
  /** What each of its mappers puts into `aud`: nothing, for one of another kind. */
  readonly mappers: ReadonlyMap<string, readonly string[]>;
  /** Whether another configuration declares it. */
  readonly isElsewhere: boolean;
}

/** A client that this project declares. */
export interface DeclaredMachine extends Machine {
  /** Its arguments, as they stand in the JSON. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The lists of scopes that are declared. One that is not is what Keycloak gave the client when it was made. */
  readonly lists: ReadonlySet<Way>;
  /** The names of its mappers that put nothing into `aud`. */
  readonly otherMappers: ReadonlySet<string>;
}

/** What a project declares in one realm. */
export interface DeclaredRealm {
  /** The server's address for Terraform. */
  readonly url: string;
  readonly realmName: string;
  /** Who reaches it. */
  readonly stack: Stack;
  readonly alias: string | undefined;
  /** Whether the project declares the realm itself, not only things in it. */
  isDeclared: boolean;
  /** What an API is called in tokens, in the order of the declarations. */
  readonly apis: Set<string>;
  readonly scopes: Map<string, DeclaredScope>;
  readonly machines: Map<string, DeclaredMachine>;
  /** Declared clients that do not sign in for themselves, such as a web application's: with what they may call. */
  readonly others: Map<string, Machine>;
}

/** The realm of Keycloak's administrators, where the deployer is. */
const MASTER = "master";

/** The scope that Keycloak gives to each client with a service account, and takes with it. */
export const OF_SERVICE_ACCOUNTS = "service_account";

/** What the stacks declare, by realm. Realm `master` is left out: who administers Keycloak calls no API. */
export function declaredRealms(stacks: readonly Stack[]): DeclaredRealm[] {
  const realms = new Map<string, DeclaredRealm>();
  for (const stack of stacks) {
    for (const { url, realmName } of realmsIn(stack.json)) {
      const key = keyOf(url, realmName);
      if (realmName === MASTER || realms.has(key)) continue;
      const alias = loginsIn(stack).find((login) => login.url === url)?.alias;
      const empty = {
        isDeclared: false,
        apis: new Set<string>(),
        scopes: new Map(),
        machines: new Map(),
        others: new Map(),
      };
      realms.set(key, { url, realmName, stack, alias, ...empty });
    }
  }
  const readers = stacks.map((stack) => new StackReader(stack, realms));
  for (const reader of readers) reader.scopes();
  for (const reader of readers) reader.machines();
  const used = [...realms].filter(([, { machines, scopes }]) => machines.size + scopes.size > 0);
  return used.sort(([one], [other]) => (one < other ? -1 : 1)).map(([, realm]) => realm);
}

/** Stacks may write the address of one server in several ways. */
function keyOf(url: string | undefined, realm: string): string {
  return `${url !== undefined && URL.canParse(url) ? new URL(url).href : url} ${realm}`;
}

/** Reads one stack into the realms. */
class StackReader {
  private readonly refer: References;
  private readonly urls: ReadonlyMap<string, string | undefined>;

  constructor(
    private readonly stack: Stack,
    private readonly realms: ReadonlyMap<string, DeclaredRealm>,
  ) {
    this.refer = new References(stack.json);
    this.urls = new Map(loginsIn(stack).map(({ alias, url }) => [`keycloak${alias ? `.${alias}` : ""}`, url]));
  }

  scopes(): void {
    for (const resource of this.refer.all("keycloak_realm")) {
      const realm = this.realm(resource.provider, resource.realm);
      if (realm) realm.isDeclared = true;
    }
    for (const resource of this.refer.all("keycloak_openid_client_scope")) this.scope(resource);
    for (const { url, realmName, audience, scopes, audienceScope } of importedApisIn(this.stack.json)) {
      const realm = this.realms.get(keyOf(url, realmName));
      realm?.apis.add(audience);
      for (const name of [...scopes, audienceScope]) {
        const mappers = new Map([[name, [audience]]]);
        const scope = { name, audiences: [audience], isNamed: name !== audienceScope, mappers, isElsewhere: true };
        if (realm && !realm.scopes.has(name)) realm.scopes.set(name, scope);
      }
    }
  }

  machines(): void {
    for (const resource of this.refer.all("keycloak_openid_client")) {
      const realm = this.realm(resource.provider, resource.realm_id);
      if (!realm) continue;
      const machine = this.machine(realm, resource);
      const kind = resource.service_accounts_enabled === true ? realm.machines : realm.others;
      kind.set(machine.clientId, machine);
    }
    for (const { provider, realm_id, client_id } of this.refer.all("keycloak_role")) {
      const owner = this.refer.clientId(client_id);
      if (owner !== undefined) this.realm(provider, realm_id)?.apis.add(owner);
    }
  }

  private realm(provider: unknown, name: unknown): DeclaredRealm | undefined {
    return this.realms.get(keyOf(this.urls.get(String(provider ?? "keycloak")), this.refer.text(name)));
  }

  private scope(resource: Arguments): void {
    const realm = this.realm(resource.provider, resource.realm_id);
    const name = this.refer.text(resource.name);
    const mappers = this.mappers("client_scope_id", resource);
    const audiences = [...new Set([...mappers.values()].flat())];
    for (const audience of audiences) realm?.apis.add(audience);
    const isNamed = resource.include_in_token_scope !== false;
    realm?.scopes.set(name, { name, audiences, isNamed, mappers, isElsewhere: false });
  }

  /** The mappers of a scope or client: what each puts into `aud`. */
  private mappers(parent: "client_scope_id" | "client_id", target: Arguments): Map<string, string[]> {
    const all = this.refer.types(/^keycloak_.*_mapper$/).flatMap((type) => this.refer.ofTarget(type, parent, target));
    const named = all.filter(({ name }) => name !== undefined); // a mapping of roles has none
    return new Map(named.map((one) => [this.refer.text(one.name), this.audiences(one)]));
  }

  private audiences({ included_custom_audience, included_client_audience }: Arguments): string[] {
    const given = [included_client_audience, included_custom_audience].filter((value) => value !== undefined);
    return given.map((value) => this.refer.clientId(value) ?? this.refer.text(value));
  }

  private machine({ url, realmName }: DeclaredRealm, resource: Arguments): DeclaredMachine {
    const list = (way: Way) => {
      const [found] = this.refer.ofTarget(`keycloak_openid_client_${way}_scopes`, "client_id", resource);
      return found && (found[`${way}_scopes`] as unknown[]).map((one) => this.refer.text(one));
    };
    const [defaults, optional] = [list("default"), list("optional")];
    const scopes = new Map<string, Way>();
    for (const name of optional ?? this.ofRealm(url, realmName, "optional")) scopes.set(name, "optional");
    for (const name of defaults ?? this.ofRealm(url, realmName, "default")) scopes.set(name, "default");
    const mappers = this.mappers("client_id", resource);
    const scopeRoles = this.refer.ofTarget("keycloak_generic_role_mapper", "client_id", resource);
    const isAudience = ([, audiences]: readonly [string, readonly string[]]) => audiences.length > 0;
    return {
      clientId: this.refer.text(resource.client_id),
      boundTo: bindingOf(resource),
      scopes,
      mappers: new Map([...mappers].filter(isAudience)),
      otherMappers: new Set([...mappers].filter((one) => !isAudience(one)).map(([name]) => name)),
      roles: this.rolesOf(resource),
      scopeRoles: scopeRoles.flatMap(({ role_id }) => this.refer.role(role_id) ?? []),
      hasFullScope: resource.full_scope_allowed !== false,
      settings: resource,
      lists: new Set<Way>([...(defaults ? (["default"] as const) : []), ...(optional ? (["optional"] as const) : [])]),
    };
  }

  /** What the realm gives to clients that declare no list of their own. */
  private ofRealm(url: string, realmName: string, way: Way): string[] {
    const type = `keycloak_realm_${way}_client_scopes`;
    const realm = this.realms.get(keyOf(url, realmName));
    const found = this.refer.all(type).find((one) => this.realm(one.provider, one.realm_id) === realm);
    const listed = ((found?.[`${way}_scopes`] ?? []) as unknown[]).map((one) => this.refer.text(one));
    return way === "default" ? [OF_SERVICE_ACCOUNTS, ...listed] : listed;
  }

  private rolesOf(client: Arguments): Role[] {
    const its = (kind: string) =>
      this.refer.ofTarget(`keycloak_openid_client_service_account_${kind}`, "service_account_user_id", client);
    const [ofClients, ofRealm] = [its("role"), its("realm_role")];
    return [
      ...ofClients.map(({ client_id, role }) => ({
        owner: this.refer.clientId(client_id),
        name: this.refer.text(role),
      })),
      ...ofRealm.map(({ role }) => ({ owner: undefined, name: this.refer.text(role) })),
    ];
  }
}

function bindingOf(client: Arguments): Binding {
  if (isDpopBound(client)) return "dpop";
  return isCertificateBound(client) ? "certificate" : "nothing";
}
