import type { DeclaredRealm, DeclaredScope } from "./declared";
import { BY_HAND, type Difference, UP_GIVES, UP_REPAIRS } from "./difference";
import type { LiveMapper, LiveRealm, LiveScope } from "./live";

/** Names that Keycloak has for declared scopes that were renamed by hand: declared name by the name there. */
export function renamedScopes(declared: DeclaredRealm, live: LiveRealm): Map<string, string> {
  const strangers = [...live.scopes.values()].filter(({ name }) => !declared.scopes.has(name));
  const lost = [...declared.scopes.values()].filter(({ name, isElsewhere }) => !isElsewhere && !live.scopes.has(name));
  return new Map(
    lost.flatMap(({ name, mappers }) => {
      const isIt = ({ allMappers }: LiveScope) => allMappers.some((one) => mappers.has(one.name));
      const found = strangers.find(isIt);
      return found ? [[found.name, name] as const] : [];
    }),
  );
}

/** The same realm, in which each renamed scope has its declared name. */
export function underDeclaredNames(live: LiveRealm, renamed: ReadonlyMap<string, string>): LiveRealm {
  if (renamed.size === 0) return live;
  const nameOf = (name: string) => renamed.get(name) ?? name;
  const byName = <T>(map: ReadonlyMap<string, T>) => new Map([...map].map(([name, value]) => [nameOf(name), value]));
  const clients = [...live.clients].map(([id, client]) => [id, { ...client, scopes: byName(client.scopes) }] as const);
  return { ...live, scopes: byName(live.scopes), clients: new Map(clients) };
}

/** What differs in the client scopes of a realm. */
export function scopeDifferences(
  declared: DeclaredRealm,
  live: LiveRealm,
  renamed: ReadonlyMap<string, string>,
): Difference[] {
  const names = [...renamed].map(([there, name]): Difference => {
    const text = `the scope ${name} is called ${there} in Keycloak, so that no request for ${name} is granted: ${UP_REPAIRS}`;
    return { kind: "scope-renamed", scope: name, text };
  });
  const declaredOnes = [...declared.scopes.values()].flatMap((scope) => oneScope(scope, live.scopes.get(scope.name)));
  return [...names, ...declaredOnes, ...othersWithAudiences(declared, live)];
}

function oneScope(scope: DeclaredScope, live: LiveScope | undefined): Difference[] {
  const { name, isNamed, isElsewhere } = scope;
  const about = (kind: Difference["kind"], text: string): Difference => ({ kind, scope: name, text });
  if (!live) {
    const remedy = isElsewhere ? "deploy the configuration that declares it" : "`m2m up` makes it";
    return [about("scope-missing", `the scope ${name} is not there: ${remedy}`)];
  }
  if (isElsewhere) {
    const lost = scope.audiences.filter((audience) => !live.audiences.includes(audience));
    const remedy = "deploy the configuration that declares it";
    return lost.map((api) => about("scope-mapper-missing", `the scope ${name} puts no ${api} into aud: ${remedy}`));
  }
  const hidden = `the scope ${name} is no longer named in tokens ("Include in token scope" is off), so that APIs do not see it: ${UP_REPAIRS}`;
  const shown = `the scope ${name} is named in tokens ("Include in token scope" is on), though it is declared not to be: ${UP_REPAIRS}`;
  return [
    ...(isNamed && !live.isNamed ? [about("scope-not-named", hidden)] : []),
    ...(!isNamed && live.isNamed ? [about("scope-named", shown)] : []),
    ...[...scope.mappers].flatMap(([mapper, audiences]) => {
      const found = live.allMappers.find((one) => one.name === mapper);
      return oneMapper(name, mapper, audiences, found);
    }),
    ...live.allMappers.filter((mapper) => !scope.mappers.has(mapper.name)).map((mapper) => added(name, mapper)),
  ];
}

function oneMapper(scope: string, mapper: string, audiences: readonly string[], live?: LiveMapper): Difference[] {
  const what = audiences.length > 0 ? `puts ${audiences.join(", ")} into aud` : `is declared`;
  if (!live) {
    const text = `the mapper ${mapper} of the scope ${scope}, which ${what}, is not there: ${UP_GIVES}`;
    return [{ kind: "scope-mapper-missing", scope, text }];
  }
  if (audiences.length === 0 || sameTexts(audiences, live.audiences)) return [];
  const now = live.audiences.length === 0 ? "nothing" : live.audiences.join(", ");
  const text = `the mapper ${mapper} of the scope ${scope} puts ${now} into aud, not ${audiences.join(", ")}: ${UP_REPAIRS}`;
  return [{ kind: "scope-mapper-changed", scope, text }];
}

function added(scope: string, { name, kind, audiences }: LiveMapper): Difference {
  const what = audiences.length > 0 ? `puts ${audiences.join(", ")} into aud` : `is of the kind ${kind}`;
  const text = `the mapper ${name} of the scope ${scope}, which ${what}, is not declared: ${BY_HAND}`;
  return { kind: "scope-mapper-added", scope, text };
}

/** Scopes that are not declared here, but that declared clients have: Keycloak's own, into which somebody put an audience. */
function othersWithAudiences(declared: DeclaredRealm, live: LiveRealm): Difference[] {
  const had = new Set([...declared.machines.values()].flatMap(({ scopes }) => [...scopes.keys()]));
  return [...live.scopes].flatMap(([name, scope]) => {
    if (!had.has(name) || declared.scopes.has(name)) return [];
    return scope.allMappers.filter(({ audiences }) => audiences.length > 0).map((mapper) => added(name, mapper));
  });
}

export function sameTexts(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text) => other.includes(text));
}
