import { isKeyDescription, type ToldKeys, toldKeys } from "../../constructs/contract/client-keys";
import type { ResourceJson } from "../../constructs/contract/terraform-json";

/** How much of a key id is shown. */
const SHOWN = 8;

const short = (kid: string) => kid.slice(0, SHOWN);

/** The keys of a client that is made, as in `RS256, key hI4p9S8E until 2027-11-29`. */
export function keysInWords(client: ResourceJson): string[] {
  const { algorithms, keys, jwksUri, until } = toldKeys(client);
  const active = keys.filter(({ state }) => state === "active").map(({ kid }) => `key ${short(kid)}`);
  const others = keys
    .filter(({ state }) => state !== "active")
    .map(({ kid, state }) => `key ${short(kid)} ${state ?? "accepted"}`);
  return [
    ...(algorithms.length > 0 ? [algorithms.join(" and ")] : []),
    ...(jwksUri === undefined ? [] : [`keys at ${jwksUri}`]),
    ...active.map((text) => (until === undefined ? text : `${text} until ${until}`)),
    ...others,
  ];
}

/** What changes in a client's keys, and whether its machine is locked out until it signs with another. */
export function keyChanges(before: ResourceJson, after: ResourceJson): { words: string[]; isLockedOut: boolean } {
  const [was, is] = [toldKeys(before), toldKeys(after)];
  // Whoever changes the description alone takes the states of the keys out of it, and leaves the keys.
  if (kidsOf(was) === kidsOf(is) && !isKeyDescription(after.description)) return { words: [], isLockedOut: false };
  const words = [
    ...changedSource(was, is),
    ...changedStates(was, is),
    ...changedEnd(was, is),
    ...changedAlgorithm(was, is),
  ];
  const signedWith = was.keys.find(({ state }) => state === "active");
  const isLockedOut = signedWith !== undefined && !is.keys.some(({ kid }) => kid === signedWith.kid);
  return { words, isLockedOut };
}

function kidsOf({ keys, jwksUri, algorithms }: ToldKeys): string {
  return JSON.stringify([keys.map(({ kid }) => kid), jwksUri, algorithms]);
}

function changedSource({ jwksUri: was }: ToldKeys, { jwksUri: is }: ToldKeys): string[] {
  if (was === is) return [];
  // A provider does not read an address that is not declared.
  return [is === undefined ? `keys no longer at ${was || "another address"}` : `keys at ${is || "another address"}`];
}

function changedStates(was: ToldKeys, is: ToldKeys): string[] {
  const before = new Map(was.keys.map(({ kid, state }) => [kid, state]));
  const after = new Map(is.keys.map(({ kid, state }) => [kid, state]));
  const now = is.keys.flatMap(({ kid, state }) => {
    if (before.has(kid) && before.get(kid) === state) return [];
    return [`key ${short(kid)} ${state ?? "accepted"}`];
  });
  const gone = was.keys.flatMap(({ kid, state }) => {
    if (after.has(kid)) return [];
    return [state === "retiring" ? `key ${short(kid)} retired` : `key ${short(kid)} refused`];
  });
  return [...now, ...gone];
}

/** Of one key: another key has another certificate anyway. */
function changedEnd(was: ToldKeys, is: ToldKeys): string[] {
  const activeOf = ({ keys }: ToldKeys) => keys.find(({ state }) => state === "active")?.kid;
  if (was.until === is.until || activeOf(was) !== activeOf(is) || is.until === undefined) return [];
  return [`certificate until ${is.until} (was ${was.until ?? "none"})`];
}

function changedAlgorithm({ algorithms: was }: ToldKeys, { algorithms: is }: ToldKeys): string[] {
  if (was.join() === is.join()) return [];
  return [`signs with ${is.join(" and ") || "any algorithm"} (was ${was.join(" and ") || "any"})`];
}
