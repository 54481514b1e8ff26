import { clientDifferences, strangers } from "./client-differences";
import type { DeclaredRealm } from "./declared";
import type { Difference } from "./difference";
import type { LiveClient, LiveRealm } from "./live";
import { type Access, accessOf, type Binding, type Machine, type Way } from "./model";
import { renamedScopes, scopeDifferences, underDeclaredNames } from "./scope-differences";

/** Who may call what in one realm: the stable shape of `m2m who-can --json`. */
export interface RealmMatrix {
  readonly url: string;
  readonly realm: string;
  /** The APIs that are declared, or referred to, with their scopes. */
  readonly apis: readonly { readonly audience: string; readonly scopes: readonly string[] }[];
  readonly machines: readonly MachineRow[];
  /** What Keycloak has otherwise; empty without `--live`. */
  readonly differences: readonly Difference[];
  /** Whether Keycloak told the roles of service accounts; absent without `--live`. */
  readonly rolesKnown?: boolean;
}

export interface MachineRow {
  readonly client: string;
  /** Whether this project declares it. */
  readonly declared: boolean;
  /** Whether it is in Keycloak and can sign in; absent without `--live`. */
  readonly live?: "ok" | "disabled" | "missing";
  /** What its tokens are bound to, as declared, or as Keycloak has it where it is not declared here. */
  readonly boundTo: Binding;
  readonly calls: readonly Call[];
}

/** What a machine may do at one API. */
export interface Call {
  readonly api: string;
  readonly scopes: readonly Held[];
  /** Roles of the API that its tokens carry. */
  readonly roles: readonly Held[];
  /** Mappers of the client itself that put the API into `aud`. */
  readonly mappers: readonly Held[];
}

/** Something that a machine's tokens carry: in each of them, where a request asks for it, or not at all. */
export interface Held {
  readonly name: string;
  readonly declared: Way | "no";
  /** Absent without `--live`. */
  readonly live?: Way | "no";
  /** Of a scope that does not stand in `scope` of tokens: it gives the call alone. */
  readonly named?: false;
}

/** @param live what Keycloak has, where that was asked for; `missing` for a realm that is not there */
export function realmMatrix(declared: DeclaredRealm, live?: LiveRealm | "missing"): RealmMatrix {
  const { url, realmName: realm } = declared;
  if (live === undefined) return { ...facts(declared), machines: rows(declared), differences: [] };
  if (live === "missing") {
    const text = `the realm ${realm} is not at ${url}: \`m2m up\` makes what is declared`;
    return { ...facts(declared), machines: rows(declared, NOTHING), differences: [{ kind: "realm-missing", text }] };
  }
  const renamed = renamedScopes(declared, live);
  const there = underDeclaredNames(live, renamed);
  const differences = [...scopeDifferences(declared, there, renamed), ...clientDifferences(declared, there)];
  return { ...facts(declared), machines: rows(declared, there), differences, rolesKnown: live.knowsRoles };
}

const NOTHING: LiveRealm = { scopes: new Map(), clients: new Map(), knowsRoles: false };

function facts({ url, realmName: realm, apis, scopes }: DeclaredRealm) {
  const namesOf = (audience: string) =>
    [...scopes.values()].filter((one) => one.isNamed && one.audiences.includes(audience)).map(({ name }) => name);
  const listed = [...apis].sort().map((audience) => ({ audience, scopes: namesOf(audience).sort() }));
  return { url, realm, apis: listed };
}

function rows(declared: DeclaredRealm, live?: LiveRealm): MachineRow[] {
  const own = [...declared.machines.values()].map((machine): MachineRow => {
    const client = live?.clients.get(machine.clientId);
    const calls = callsOf(declared, live, machine, client);
    return {
      client: machine.clientId,
      declared: true,
      ...(live && { live: stateOf(client) }),
      ...bound(machine),
      calls,
    };
  });
  const others = live ? strangers(declared, live) : [];
  const foreign = others.map((client): MachineRow => {
    const calls = callsOf(declared, live, undefined, client);
    return {
      client: client.clientId,
      declared: false,
      live: client.isEnabled ? "ok" : "disabled",
      ...bound(client),
      calls,
    };
  });
  return [...own, ...foreign].sort((one, two) => (one.client < two.client ? -1 : 1));
}

function bound({ boundTo }: Machine) {
  return { boundTo };
}

function stateOf(client: LiveClient | undefined): "ok" | "disabled" | "missing" {
  if (!client) return "missing";
  return client.isEnabled && client.isMachine && client.isAccountEnabled ? "ok" : "disabled";
}

function callsOf(
  declared: DeclaredRealm,
  live: LiveRealm | undefined,
  machine: Machine | undefined,
  client: Machine | undefined,
): Call[] {
  const wanted = machine ? accessOf(machine, declared.scopes) : new Map<string, Access>();
  const there = client && live ? accessOf(client, live.scopes) : new Map<string, Access>();
  const isNamed = (name: string) => (declared.scopes.get(name) ?? live?.scopes.get(name))?.isNamed !== false;
  const both = (one: ReadonlyMap<string, Way> = new Map(), two: ReadonlyMap<string, Way> = new Map()): Held[] =>
    [...new Set([...one.keys(), ...two.keys()])].sort().map((name) => ({
      name,
      declared: one.get(name) ?? "no",
      ...(live && { live: two.get(name) ?? "no" }),
    }));
  return [...new Set([...wanted.keys(), ...there.keys()])].sort().map((api) => {
    const [one, two] = [wanted.get(api), there.get(api)];
    const scopes = both(one?.scopes, two?.scopes).map((held) => ({ ...held, ...(!isNamed(held.name) && NOT_NAMED) }));
    const roles =
      live && !live.knowsRoles
        ? both(always(one?.roles), always(one?.roles))
        : both(always(one?.roles), always(two?.roles));
    return { api, scopes, roles, mappers: both(always(one?.mappers), always(two?.mappers)) };
  });
}

const NOT_NAMED = { named: false } as const;

function always(names: ReadonlySet<string> = new Set()): ReadonlyMap<string, Way> {
  return new Map([...names].map((name) => [name, "default"]));
}
