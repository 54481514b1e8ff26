import type { Representation } from "../../engine/table";
import type { ObjectValue } from "../../protocol/values";

/** What belongs to a client or to a client scope: the calls differ only in that. */
export function ownerOf(state: ObjectValue) {
  const inScope = typeof state.client_scope_id === "string" && state.client_scope_id !== "";
  const id = String(inScope ? state.client_scope_id : state.client_id);
  const owner = `${inScope ? "client scope" : "client"} ${id}`;
  return { inScope, id, realm: String(state.realm_id), owner };
}

/**
 * An object as it is shown: one that somebody made into another kind of thing has that kind in its name, as no attribute
 * tells it. The plan then shows its name as changed, and an apply makes it what is declared.
 */
export function ofKind(found: Representation, kind: unknown, declared: string): Representation {
  return kind === declared ? found : { ...found, name: `${found.name} (now ${kind})` };
}
