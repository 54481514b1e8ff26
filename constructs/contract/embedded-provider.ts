/** What the embedded Keycloak provider serves, for `m2m`, which does not load it. `provider/` has the tables themselves. */
export const EMBEDDED_TYPES = {
  resources: [
    "keycloak_realm",
    "keycloak_realm_events",
    "keycloak_realm_default_client_scopes",
    "keycloak_realm_optional_client_scopes",
    "keycloak_realm_keystore_rsa_generated",
    "keycloak_realm_keystore_ecdsa_generated",
    "keycloak_openid_client",
    "keycloak_openid_client_default_scopes",
    "keycloak_openid_client_optional_scopes",
    "keycloak_openid_client_scope",
    "keycloak_openid_audience_protocol_mapper",
    "keycloak_openid_hardcoded_claim_protocol_mapper",
    "keycloak_role",
    "keycloak_generic_role_mapper",
    "keycloak_openid_client_service_account_realm_role",
    "keycloak_openid_client_service_account_role",
  ],
  dataSources: [
    "keycloak_realm",
    "keycloak_realm_keys",
    "keycloak_openid_client",
    "keycloak_openid_client_scope",
    "keycloak_openid_client_service_account_user",
    "keycloak_role",
  ],
} as const satisfies Readonly<Record<string, readonly string[]>>;
