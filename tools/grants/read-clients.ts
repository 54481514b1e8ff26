import { isCertificateBound, isDpopBound } from "../../constructs/contract/client-keys";
import type { Binding, Machine, Role, Scope, Way } from "./model";
import type { Arguments, References } from "./references";

/** A client scope, with its mappers. */
export interface MappedScope extends Scope {
  /** What each of its mappers puts into `aud`: nothing, for one of another kind. */
  readonly mappers: ReadonlyMap<string, readonly string[]>;
}

/** A client, with what its resources say of it. */
export interface ReadMachine extends Machine {
  /** Its arguments, as they stand in the JSON. */
  readonly settings: Arguments;
  /** The lists of scopes that are declared. One that is not is what Keycloak gave the client when it was made. */
  readonly lists: ReadonlySet<Way>;
  /** The names of its mappers that put nothing into `aud`. */
  readonly otherMappers: ReadonlySet<string>;
}

/** Reads clients and their scopes from resources that refer to each other. */
export class ClientReader {
  constructor(private readonly refer: References) {}

  scope(resource: Arguments): MappedScope {
    const mappers = this.mappers("client_scope_id", resource);
    const audiences = [...new Set([...mappers.values()].flat())];
    const isNamed = resource.include_in_token_scope !== false;
    return { name: this.refer.text(resource.name), audiences, isNamed, mappers };
  }

  /** @param ofRealm what the realm gives to a client that declares no list of its own */
  machine(resource: Arguments, ofRealm: (way: Way) => readonly string[]): ReadMachine {
    const list = (way: Way) => {
      const [found] = this.refer.ofTarget(`keycloak_openid_client_${way}_scopes`, "client_id", resource);
      return found && this.listed(found, way);
    };
    const [defaults, optional] = [list("default"), list("optional")];
    const scopes = new Map<string, Way>();
    for (const name of optional ?? ofRealm("optional")) scopes.set(name, "optional");
    for (const name of defaults ?? ofRealm("default")) scopes.set(name, "default");
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

  /** The scopes in a list of a client, or of a realm. */
  listed(list: Arguments, way: Way): string[] {
    return ((list[`${way}_scopes`] ?? []) as unknown[]).map((one) => this.refer.text(one));
  }

  /** The mappers of a scope or client: what each puts into `aud`. */
  private mappers(parent: "client_scope_id" | "client_id", target: Arguments): Map<string, string[]> {
    const all = this.refer.types(/^keycloak_.*_mapper$/).flatMap((type) => this.refer.ofTarget(type, parent, target));
    const named = all.filter(({ name }) => name !== undefined); // a mapping of roles has none
    return new Map(named.map((one) => [this.refer.text(one.name), this.audiences(one)]));
  }

  private audiences({ included_custom_audience, included_client_audience }: Arguments): string[] {
    const given = [included_client_audience, included_custom_audience].filter((value) => (value ?? "") !== "");
    return given.map((value) => this.refer.clientId(value) ?? this.refer.text(value));
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
