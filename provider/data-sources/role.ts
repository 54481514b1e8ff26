import { computed, optional, required, texts } from "../engine/fields";
import { shown } from "../engine/shown";
import type { DataSource } from "../engine/table";
import { isEmpty } from "../protocol/values";
import { role } from "../resources/role";
import { findRole } from "../resources/shared/roles";
import { notFound } from "./not-found";

export const roleData: DataSource = {
  name: "keycloak_role",
  attributes: {
    ...shown(role.attributes, { realm_id: required, name: required, client_id: optional }, ["import"]),
    // Shows none, like the official data source.
    composite_roles: { ...texts, ...computed, read: () => [] },
  },
  async read(session, { realm_id, client_id, name }) {
    const realm = String(realm_id);
    const client = isEmpty(client_id) ? undefined : String(client_id);
    const found = await findRole(session, realm, client, String(name));
    if (found) return found;
    const place = client ? `client ${client} in realm "${realm}"` : `realm "${realm}"`;
    throw notFound(`role "${name}" of ${place}`, ["name"], "Check its name, or declare it.");
  },
};
