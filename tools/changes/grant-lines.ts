import { type Access, REALM } from "../grants/model";
import { ADDED, CHANGED, type Change, REMOVED } from "./change";
import { itemsOf } from "./client-words";
import type { Client, Directory } from "./directory";

/** A line of a grant, and what it is made of: scopes and roles that come or go with it need no line of their own. */
export interface GrantLine extends Omit<Change, "addresses"> {
  readonly caller: string;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
}

const NOTHING: Access = { scopes: new Map(), mappers: new Set(), roles: new Set() };

/** What changes in what one client may call. */
export function grantLines(
  caller: string,
  was: Client,
  is: Client,
  [before, after]: readonly [Directory, Directory],
): GrantLine[] {
  const apis = new Set([...was.access.keys(), ...is.access.keys()]);
  return [...apis].flatMap((api) => {
    const [had, has] = [was.access.get(api) ?? NOTHING, is.access.get(api) ?? NOTHING];
    const shared = {
      kind: "grant" as const,
      name: `${is.clientId} → ${api === REALM ? "the realm" : api}`,
      realm: is.realm,
      caller,
    };
    const isWhole = had.scopes.size + had.mappers.size + had.roles.size === 0 || isEmpty(has);
    const line = (how: typeof ADDED | typeof REMOVED | typeof CHANGED, part: Access, details: readonly string[]) => ({
      ...shared,
      ...how,
      details: details.length > 0 || isWhole ? details : ["the call without a scope"],
      scopes: [...part.scopes.keys()],
      roles: [...part.roles],
    });
    const [got, lost] = [minus(has, had), minus(had, has)];
    const ways = [...has.scopes].filter(([name, way]) => had.scopes.has(name) && had.scopes.get(name) !== way);
    const changed: Access = { ...NOTHING, scopes: new Map(ways) };
    return [
      ...(isEmpty(got) ? [] : [line(ADDED, got, itemsOf(got, is.realm, after))]),
      ...(isEmpty(changed)
        ? []
        : [
            line(
              CHANGED,
              changed,
              ways.map(([name, way]) => `${nameOf(name, is, after)} ${WAYS[way]}`),
            ),
          ]),
      ...(isEmpty(lost) ? [] : [line(REMOVED, lost, itemsOf(lost, was.realm, before))]),
    ];
  });
}

const WAYS = { optional: "only where asked for", default: "in every token" } as const;

function nameOf(scope: string, { realm }: Client, directory: Directory): string {
  return directory.isNamed(realm, scope) ? scope : "the call";
}

function minus(one: Access, other: Access): Access {
  return {
    scopes: new Map([...one.scopes].filter(([name]) => !other.scopes.has(name))),
    mappers: new Set([...one.mappers].filter((name) => !other.mappers.has(name))),
    roles: new Set([...one.roles].filter((name) => !other.roles.has(name))),
  };
}

function isEmpty({ scopes, mappers, roles }: Access): boolean {
  return scopes.size + mappers.size + roles.size === 0;
}
