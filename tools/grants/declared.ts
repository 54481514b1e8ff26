import { importedApisIn, realmsIn } from "../../constructs/contract/markers";
import { loginsIn } from "../keycloak/login";
import type { Stack } from "../project/project";
import type { Machine, Way } from "./model";
import { ClientReader, type MappedScope, type ReadMachine } from "./read-clients";
import { type Arguments, References } from "./references";

/** A client scope that this project declares, or refers to. */
export interface DeclaredScope extends MappedScope {
  /** Whether another configuration declares it. */
  readonly isElsewhere: boolean;
}

/** A client that this project declares. */
export type DeclaredMachine = ReadMachine;

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
  private readonly reader: ClientReader;
  private readonly urls: ReadonlyMap<string, string | undefined>;

  constructor(
    private readonly stack: Stack,
    private readonly realms: ReadonlyMap<string, DeclaredRealm>,
  ) {
    this.refer = new References(stack.json);
    this.reader = new ClientReader(this.refer);
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
      const { url, realmName } = realm;
      const machine = this.reader.machine(resource, (way) => this.ofRealm(url, realmName, way));
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
    const scope = this.reader.scope(resource);
    for (const audience of scope.audiences) realm?.apis.add(audience);
    realm?.scopes.set(scope.name, { ...scope, isElsewhere: false });
  }

  /** What the realm gives to clients that declare no list of their own. */
  private ofRealm(url: string, realmName: string, way: Way): string[] {
    const type = `keycloak_realm_${way}_client_scopes`;
    const realm = this.realms.get(keyOf(url, realmName));
    const found = this.refer.all(type).find((one) => this.realm(one.provider, one.realm_id) === realm);
    const listed = found ? this.reader.listed(found, way) : [];
    return way === "default" ? [OF_SERVICE_ACCOUNTS, ...listed] : listed;
  }
}
