import type { ImportedApiDescription } from "../../constructs/contract/markers";
import { audienceIn } from "../../constructs/contract/scope-names";
import { type Access, accessOf, type Way } from "../grants/model";
import { ClientReader, type MappedScope, type ReadMachine } from "../grants/read-clients";
import type { Arguments } from "../grants/references";
import type { World } from "./world";

/** A client at one moment, with what it may call. */
export interface Client extends ReadMachine {
  readonly realm: string;
  readonly access: ReadonlyMap<string, Access>;
}

/** The clients and scopes of a world. */
export class Directory {
  private readonly reader: ClientReader;
  private readonly byRealm = new Map<string, ReadonlyMap<string, MappedScope>>();

  /** @param before what was there before: a client keeps the scopes that its realm gave it when it was made */
  constructor(
    readonly world: World,
    private readonly imported: readonly ImportedApiDescription[],
    private readonly before?: Directory,
  ) {
    this.reader = new ClientReader(world.refer);
  }

  clients(): string[] {
    return [...this.world.at.keys()].filter((address) => /(^|\.)keycloak_openid_client\.[^.]+$/.test(address));
  }

  client(address: string): Client | undefined {
    const resource = this.world.at.get(address);
    if (!resource) return undefined;
    const realm = this.realmOf(resource);
    const giving = this.before?.world.at.has(address) ? this.before : this;
    const machine = this.reader.machine(resource, (way) => giving.ofRealm(realm, way));
    return { ...machine, realm, access: accessOf(machine, this.withOthers(realm, [...machine.scopes.keys()])) };
  }

  scope(resource: Arguments): MappedScope {
    return this.reader.scope(resource);
  }

  realmOf({ realm_id }: Arguments): string {
    return this.world.refer.text(realm_id);
  }

  /** A scope for an audience that another configuration declares, and to which nothing here refers any more, or by hand. */
  private withOthers(realm: string, names: readonly string[]): ReadonlyMap<string, MappedScope> {
    const known = this.scopes(realm);
    const all = new Map(known);
    for (const name of names) {
      const audience = known.has(name) ? undefined : audienceIn(name);
      if (audience !== undefined) all.set(name, { name, audiences: [audience], isNamed: false, mappers: new Map() });
    }
    return all;
  }

  private scopes(realm: string): ReadonlyMap<string, MappedScope> {
    const known = this.byRealm.get(realm);
    if (known) return known;
    const found = new Map<string, MappedScope>();
    for (const { realmName, audience, scopes, audienceScope } of this.imported) {
      for (const name of realmName === realm ? [...scopes, audienceScope] : []) {
        found.set(name, { name, audiences: [audience], isNamed: name !== audienceScope, mappers: new Map() });
      }
    }
    for (const resource of this.world.refer.all("keycloak_openid_client_scope")) {
      const scope = this.reader.scope(resource);
      if (this.realmOf(resource) === realm) found.set(scope.name, scope);
    }
    this.byRealm.set(realm, found);
    return found;
  }

  isNamed(realm: string, scope: string): boolean {
    return (this.scopes(realm).get(scope)?.isNamed ?? audienceIn(scope) === undefined) !== false;
  }

  private ofRealm(realm: string, way: Way): string[] {
    const lists = this.world.refer.all(`keycloak_realm_${way}_client_scopes`);
    return lists.filter((one) => this.realmOf(one) === realm).flatMap((one) => this.reader.listed(one, way));
  }
}
