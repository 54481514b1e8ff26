import { KeyError } from "./errors";
import { acceptedOf, activeOf, type KeyEntry, type KeyRecord, type KeyState, stamp } from "./key-record";
import { shown } from "./shown";

/** Adds a key that Keycloak is to accept and that nobody signs with yet. */
export function prepare(record: KeyRecord, entry: KeyEntry): KeyRecord {
  refuseSecond(record);
  if (record.keys.some(({ kid }) => kid === entry.kid)) {
    throw new KeyError("KEY_KNOWN", `key ${entry.kid} is already in the record; prepare another`);
  }
  return { ...record, keys: [...record.keys, entry] };
}

/** @throws {KeyError} `KEY_PREPARED_ALREADY` where a key waits to be activated: to be known before another is made */
export function refuseSecond(record: KeyRecord): void {
  const waiting = record.keys.find(({ state }) => state === "prepared");
  if (!waiting) return;
  throw new KeyError(
    "KEY_PREPARED_ALREADY",
    `key ${waiting.kid} has been prepared since ${waiting.since}; activate it, or revoke it`,
  );
}

/**
 * Makes a key the one that signs, and the active one retiring. Without a `kid` it is the prepared one; a retiring key may
 * come back by its `kid`.
 */
export function activate(record: KeyRecord, now: Date, kid?: string): KeyRecord {
  const next = chosen(record, kid, ["prepared", "retiring"], "activated");
  return moved(record, now, { [activeOf(record).kid]: "retiring", [next.kid]: "active" });
}

/** Drops the keys that no longer sign, or the one of a `kid`. */
export function retire(record: KeyRecord, kid?: string): KeyRecord {
  const gone = kid === undefined ? retiringOf(record) : [chosen(record, kid, ["retiring"], "retired")];
  if (gone.length === 0) throw new KeyError("KEY_NOT_FOUND", "no key is retiring, so there is nothing to retire");
  return { ...record, keys: record.keys.filter((entry) => !gone.includes(entry)) };
}

/**
 * Has a key refused from the next deploy on, for good. The active one can only go where a prepared one takes its place:
 * a machine without an accepted key would be locked out.
 */
export function revoke(record: KeyRecord, now: Date, kid: string): KeyRecord {
  const gone = chosen(record, kid, ["prepared", "active", "retiring"], "revoked");
  if (gone.state !== "active") return moved(record, now, { [gone.kid]: "revoked" });
  const next = record.keys.find(({ state }) => state === "prepared");
  if (!next) {
    throw new KeyError("KEY_NOT_FOUND", `key ${gone.kid} is active and no other key is prepared; prepare one first`);
  }
  return moved(record, now, { [gone.kid]: "revoked", [next.kid]: "active" });
}

/** Counts the time of a key that retires from now on: where a crash had a machine sign with it until now. */
export function retireAnew(record: KeyRecord, now: Date, kid: string): KeyRecord {
  return moved(record, now, { [chosen(record, kid, ["retiring"], "retired").kid]: "retiring" });
}

export function retiringOf(record: KeyRecord): KeyEntry[] {
  return record.keys.filter(({ state }) => state === "retiring");
}

/** The one key that is meant; a `kid` may be shortened to its first eight characters or more. */
function chosen(record: KeyRecord, kid: string | undefined, from: readonly KeyState[], verb: string): KeyEntry {
  const possible = acceptedOf(record).filter(({ state }) => from.includes(state));
  const found =
    kid === undefined
      ? possible.filter(({ state }) => state === from[0])
      : possible.filter((entry) => isKid(entry, kid));
  if (found.length === 1) return found[0]!;
  const isKnown = kid !== undefined && record.keys.some((entry) => isKid(entry, kid));
  const known = record.keys.map((entry) => `${entry.kid} (${entry.state})`).join(", ");
  const wanted =
    kid === undefined ? `no key is ${from[0]}` : `no key ${isKnown ? kid : shown(kid)} is ${from.join(" or ")}`;
  const remedy = kid === undefined ? "; prepare one first (`m2m keys prepare`)" : "";
  throw new KeyError("KEY_NOT_FOUND", `${wanted}, so none can be ${verb}${remedy}; known: ${known}`);
}

function isKid(entry: KeyEntry, kid: string): boolean {
  return entry.kid === kid || (kid.length >= 8 && entry.kid.startsWith(kid));
}

function moved(record: KeyRecord, now: Date, to: Readonly<Record<string, KeyState>>): KeyRecord {
  const keys = record.keys.map((entry) => {
    const state = to[entry.kid];
    return state === undefined ? entry : { ...entry, state, since: stamp(now) };
  });
  return { ...record, keys };
}
