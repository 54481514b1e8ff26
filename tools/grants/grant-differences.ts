import { type DeclaredMachine, OF_SERVICE_ACCOUNTS } from "./declared";
import { about, BY_HAND, type Difference, UP_GIVES, UP_REMOVES, UP_REPAIRS } from "./difference";
import type { LiveClient, LiveRealm } from "./live";
import type { Way } from "./model";
import { sameTexts } from "./scope-differences";

/** The two lists of scopes, and the client's own mappers. */
export function grantDifferences(machine: DeclaredMachine, live: LiveClient, { scopes }: LiveRealm): Difference[] {
  const { clientId: id } = machine;
  const names = new Set([...machine.scopes.keys(), ...live.scopes.keys()]);
  const found = [...names].flatMap((scope): Difference[] => {
    const [wanted, there] = [machine.scopes.get(scope), live.scopes.get(scope)];
    if (wanted === there || (scope === OF_SERVICE_ACCOUNTS && !live.isMachine)) return [];
    const apis = scopes.get(scope)?.audiences ?? [];
    // A list that is not declared is whatever the realm gave: only a way to an API counts.
    if (!isListed(machine, wanted, there) && apis.length === 0) return [];
    if (there === undefined && !scopes.has(scope)) return []; // said of the scope
    return [grant(id, scope, wanted, there, { api: apis.join(", "), isListed: isListed(machine, wanted, there) })];
  });
  return [...found, ...mappers(machine, live)];
}

function isListed({ lists }: DeclaredMachine, ...ways: (Way | undefined)[]): boolean {
  return ways.some((way) => way !== undefined && lists.has(way));
}

function grant(
  id: string,
  scope: string,
  wanted: Way | undefined,
  there: Way | undefined,
  { api, isListed }: { api: string; isListed: boolean },
): Difference {
  const more = { scope };
  const of = api === "" ? `the scope ${scope}` : `the scope ${scope} (API ${api})`;
  const undeclared = `${id} leaves its scopes to the realm (\`scopesOfRealm\`), so \`m2m up\` does not see it: correct it in Keycloak`;
  const end = (remedy: string) => (isListed ? remedy : undeclared);
  if (wanted === undefined) {
    const how = there === "optional" ? " as an optional one" : "";
    const text = `${id} has ${of}${how}, which is not declared (added by hand, or no longer declared): ${end(UP_REMOVES)}`;
    return about("grant-added", id, text, more);
  }
  if (there === undefined) {
    const text = `${id} lacks ${of} (removed by hand, or not deployed yet): ${end(UP_GIVES)}`;
    return about("grant-missing", id, text, more);
  }
  if (there === "optional") {
    const text = `${id} has ${of} as an optional one, so that its tokens carry it only where asked for: ${end(UP_REPAIRS)}`;
    return about("grant-made-optional", id, text, more);
  }
  const text = `${id} has ${of} as a default, so that its every token carries it: ${end(UP_REPAIRS)}`;
  return about("grant-made-default", id, text, more);
}

/** Older Keycloaks give these to each client with a service account. */
const OF_KEYCLOAK = ["Client ID", "Client Host", "Client IP Address"];

function mappers(machine: DeclaredMachine, live: LiveClient): Difference[] {
  const { clientId: id, mappers: audiences, otherMappers } = machine;
  const byName = new Map(live.allMappers.map((mapper) => [mapper.name, mapper]));
  const lost = [...audiences.keys(), ...otherMappers].filter((name) => !byName.has(name));
  const changed = [...audiences].filter(([name, wanted]) => {
    const found = byName.get(name);
    return found && !sameTexts(wanted, found.audiences);
  });
  const added = live.allMappers.filter(
    ({ name }) => !audiences.has(name) && !otherMappers.has(name) && !OF_KEYCLOAK.includes(name),
  );
  return [
    ...lost.map((name) => about("client-mapper-missing", id, `the mapper ${name} of ${id} is not there: ${UP_GIVES}`)),
    ...changed.map(([name]) =>
      about("client-mapper-changed", id, `the mapper ${name} of ${id} puts something else into aud: ${UP_REPAIRS}`),
    ),
    ...added.map(({ name, kind, audiences: apis }) => {
      const what = apis.length > 0 ? `puts ${apis.join(", ")} into aud` : `is of the kind ${kind}`;
      return about(
        "client-mapper-added",
        id,
        `the mapper ${name} of ${id}, which ${what}, is not declared: ${BY_HAND}`,
      );
    }),
  ];
}
