/** How a client has a scope: in every token, or where a request asks for it. */
export type Way = "default" | "optional";

/** A client scope, as far as it decides who may call what. */
export interface Scope {
  readonly name: string;
  /** What it puts into `aud`. */
  readonly audiences: readonly string[];
  /** Whether tokens name it in `scope`. */
  readonly isNamed: boolean;
}

/** A role of a client, or of the realm itself. */
export interface Role {
  readonly owner: string | undefined;
  readonly name: string;
}

/** What a client's tokens are bound to. */
export type Binding = "nothing" | "certificate" | "dpop";

/** A client that signs in for itself, declared or as Keycloak has it. */
export interface Machine {
  readonly clientId: string;
  readonly boundTo: Binding;
  readonly scopes: ReadonlyMap<string, Way>;
  /** What mappers of the client itself put into `aud`, by the mappers' names. */
  readonly mappers: ReadonlyMap<string, readonly string[]>;
  /** The roles of its service account. */
  readonly roles: readonly Role[];
  /** The roles that may stand in its tokens. */
  readonly scopeRoles: readonly Role[];
  /** Whether any role may. */
  readonly hasFullScope: boolean;
}

/** What a machine may do at one API. */
export interface Access {
  readonly scopes: Map<string, Way>;
  /** Mappers of the client that put the API into `aud`. */
  readonly mappers: Set<string>;
  readonly roles: Set<string>;
}

/** Keycloak's scope whose mappers write roles into tokens. */
const ROLES_SCOPE = "roles";

/** What stands in place of an API for roles of the realm itself. */
export const REALM = "(realm)";

/** A role in words, and as a key. */
export function roleText({ owner, name }: Role): string {
  return owner === undefined ? `${name} of the realm` : `${name} of ${owner}`;
}

/** What a machine may do, by API: the audiences of its scopes and mappers, and the clients whose roles its tokens carry. */
export function accessOf(machine: Machine, scopes: ReadonlyMap<string, Scope>): Map<string, Access> {
  const found = new Map<string, Access>();
  const at = (api: string): Access => {
    const access = found.get(api) ?? { scopes: new Map(), mappers: new Set(), roles: new Set() };
    found.set(api, access);
    return access;
  };
  for (const [name, way] of machine.scopes) {
    for (const audience of scopes.get(name)?.audiences ?? []) at(audience).scopes.set(name, way);
  }
  for (const [name, audiences] of machine.mappers) {
    for (const audience of audiences) at(audience).mappers.add(name);
  }
  for (const role of rolesInTokens(machine)) at(role.owner ?? REALM).roles.add(role.name);
  return found;
}

/** A role has to be the service account's and in the client's scope, and one of the client's scopes has to write it. */
function rolesInTokens({ scopes, roles, scopeRoles, hasFullScope }: Machine): readonly Role[] {
  if (!scopes.has(ROLES_SCOPE)) return [];
  if (hasFullScope) return roles;
  const allowed = new Set(scopeRoles.map(roleText));
  return roles.filter((role) => allowed.has(roleText(role)));
}
