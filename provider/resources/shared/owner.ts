import type { ObjectValue } from "../../protocol/values";

/** What belongs to a client or to a client scope: the calls differ only in that. */
export function ownerOf(state: ObjectValue) {
  const inScope = typeof state.client_scope_id === "string" && state.client_scope_id !== "";
  const id = String(inScope ? state.client_scope_id : state.client_id);
  const owner = `${inScope ? "client scope" : "client"} ${id}`;
  return { inScope, id, realm: String(state.realm_id), owner };
}
