import { shown } from "../../../constructs/keys/shown";
import type { Resource } from "../../engine/table";
import { isWhollyKnown, type ObjectValue } from "../../protocol/values";

/** The two lists of client scopes that a realm or a client has. */
export type Kind = "default" | "optional";

export const otherThan = (kind: Kind): Kind => (kind === "default" ? "optional" : "default");

/**
 * Refuses a scope that both lists of one owner declare: each apply would move it from one to the other. A list of which a
 * part is not known yet is looked at when it is known.
 */
export function declaredOnce(kind: Kind, ownedBy: string[]): NonNullable<Resource["beside"]> {
  return (planned: ObjectValue, seen) => {
    const owner = ownedBy.map((name) => planned[name] ?? null);
    const list = planned[`${kind}_scopes`] ?? null;
    if (!isWhollyKnown([...owner, list])) return [];
    const keyOf = (one: Kind) => `${one} scopes of ${owner.join("/")}`;
    seen.set(keyOf(kind), list);
    const others = (seen.get(keyOf(otherThan(kind))) ?? []) as string[];
    const both = ((list ?? []) as string[]).filter((name) => others.includes(name));
    if (!both.length) return [];
    const summary = `${kind}_scopes must not name what ${otherThan(kind)}_scopes of the same ${ownedBy.at(-1) === "client_id" ? "client" : "realm"} names, got: ${shown(both.join(", "))}`;
    return [{ path: [`${kind}_scopes`], summary, detail: "A scope is default or optional. Take it out of one list." }];
  };
}
