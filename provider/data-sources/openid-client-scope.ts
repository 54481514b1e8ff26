import { required } from "../engine/fields";
import { shown } from "../engine/shown";
import type { DataSource } from "../engine/table";
import { openidClientScope } from "../resources/openid-client-scope";
import { scopesOf } from "../resources/shared/client-scopes";
import { notFound } from "./not-found";

export const openidClientScopeData: DataSource = {
  name: "keycloak_openid_client_scope",
  attributes: shown(openidClientScope.attributes, {
    realm_id: required,
    name: required,
    // Shows none: nobody says here which keys matter. The official data source does the same.
    extra_config: { optional: true, computed: true, read: () => ({}) },
  }),
  async read(session, { realm_id, name }) {
    const scopes = [...(await scopesOf(session, String(realm_id))).values()];
    const found = scopes.find((scope) => scope.protocol === "openid-connect" && scope.name === name);
    if (found) return found;
    throw notFound(`client scope "${name}" of realm "${realm_id}"`, ["name"], "Check its name, or declare it.");
  },
};
