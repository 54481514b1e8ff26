import type { Json } from "./server";

/** The realm in which the tests of failures make what follows. */
export const REALM = "failures";

/** A configuration of clients that sign in, by their names. */
export function clients(...names: string[]): Json {
  const settings = { realm_id: REALM, access_type: "CONFIDENTIAL", service_accounts_enabled: true };
  const entries = names.map((name) => [name, { ...settings, client_id: name }]);
  return { resource: { keycloak_openid_client: Object.fromEntries(entries) } };
}

/** So many names that begin alike. */
export const series = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

/** Five clients, each with a scope, a role and a mapper of its own. */
export function team(name: string): Json {
  const realm_id = REALM;
  const ids = series(name, 5);
  const each = (make: (id: string) => Json) => Object.fromEntries(ids.map((id) => [id, { realm_id, ...make(id) }]));
  const client_id = (id: string) => `\${keycloak_openid_client.${id}.id}`;
  const default_scopes = (id: string) => ["basic", "profile", `\${keycloak_openid_client_scope.${id}.name}`];
  return {
    resource: {
      ...clients(...ids).resource,
      keycloak_openid_client_scope: each((id) => ({ name: `scope-of-${id}` })),
      keycloak_openid_client_default_scopes: each((id) => ({
        client_id: client_id(id),
        default_scopes: default_scopes(id),
      })),
      keycloak_role: each((id) => ({ name: `role-of-${id}` })),
      keycloak_openid_client_service_account_realm_role: each((id) => ({
        service_account_user_id: `\${keycloak_openid_client.${id}.service_account_user_id}`,
        role: `\${keycloak_role.${id}.name}`,
      })),
      keycloak_openid_audience_protocol_mapper: each((id) => ({
        name: "audience",
        client_scope_id: `\${keycloak_openid_client_scope.${id}.id}`,
        included_client_audience: `\${keycloak_openid_client.${id}.client_id}`,
      })),
    },
  };
}
