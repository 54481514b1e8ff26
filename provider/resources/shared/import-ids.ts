import type { Resource } from "../../engine/table";
import type { Value } from "../../protocol/values";

/** Import ids have the forms of the official provider. */
type ImportId = Resource["importId"];

/** "REALM/UUID". `local` are values that the server does not know. */
export function realmAndId(kind: string, ...local: [name: string, value: Value][]): ImportId {
  return {
    form: `REALM/${kind}`,
    parse: (id) => {
      const [realm, object, ...rest] = id.split("/");
      return realm && object && !rest.length ? { id: object, realm_id: realm, ...Object.fromEntries(local) } : null;
    },
  };
}

/** "REALM/CLIENT": the id of lists that a client has once. */
export const realmAndClient: ImportId = {
  form: "REALM/CLIENT_UUID",
  parse: (id) => {
    const [realm, client, ...rest] = id.split("/");
    return realm && client && !rest.length ? { id, realm_id: realm, client_id: client } : null;
  },
};

/** "REALM/client/CLIENT/MAPPER" or "REALM/client-scope/SCOPE/MAPPER". */
export const realmParentAndMapper: ImportId = {
  form: "REALM/client/CLIENT_UUID/MAPPER_UUID or REALM/client-scope/SCOPE_UUID/MAPPER_UUID",
  parse: (text) => {
    const [realm, kind, parent, id, ...rest] = text.split("/");
    if (!realm || !parent || !id || rest.length) return null;
    const owner = { client: "client_id", "client-scope": "client_scope_id" }[kind ?? ""];
    return owner ? { id, realm_id: realm, [owner]: parent } : null;
  },
};
