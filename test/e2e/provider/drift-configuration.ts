import type { Json } from "./server";

export const REALM = "drift";

const CLIENTS = [
  "description",
  "disabled",
  "flow",
  "jwks_url",
  "jwks_string",
  "x509",
  "life",
  "algorithm",
  "certificate",
  "authenticator",
  "full_scope",
  "deleted",
  "scope_lost",
  "scope_added",
  "optional",
];
const SCOPES = ["included", "gone", "audience", "mapper_gone", "claim"];
const ROLES = ["described", "attribute", "role_gone"];

/** A reference, as Terraform's JSON writes it. */
const ref = (attribute: string) => `\${${attribute}}`;
const byName = <T>(names: string[], make: (name: string) => T) =>
  Object.fromEntries(names.map((name) => [name, make(name)]));
const realm_id = ref("keycloak_realm.r.id");

/** One object for each kind of drift, so that each is seen by itself. */
export function configuration(): Json {
  const client = (name: string) => ({
    realm_id,
    client_id: name,
    access_type: "CONFIDENTIAL",
    client_authenticator_type: "client-jwt",
    service_accounts_enabled: true,
    full_scope_allowed: false,
    description: "declared",
    standard_flow_enabled: false,
    extra_config: {
      "jwt.credential.certificate": "MIIBszCCARygAwIBAgIBATANBgkqhkiG9w0BAQsFADAUMRIwEAYDVQQDDAltYWNoaW5lLWE=",
      "token.endpoint.auth.signing.alg": "RS256",
      "use.jwks.url": "false",
    },
  });
  const attached = (name: string, list: string[], kind: string) => ({
    realm_id,
    client_id: `\${keycloak_openid_client.${name}.id}`,
    [`${kind}_scopes`]: list,
  });
  return {
    resource: {
      keycloak_realm: {
        r: {
          realm: REALM,
          display_name: "declared",
          access_token_lifespan: "5m0s",
          attributes: { frontendUrl: "https://a.example" },
        },
        protected: {
          realm: "drift-protected",
          security_defenses: [{ brute_force_detection: [{ max_login_failures: 5 }] }],
        },
      },
      keycloak_realm_events: {
        e: { realm_id, events_enabled: true, events_expiration: 3600, enabled_event_types: ["CLIENT_LOGIN"] },
      },
      keycloak_realm_default_client_scopes: { d: { realm_id, default_scopes: ["basic", "email"] } },
      keycloak_realm_optional_client_scopes: { o: { realm_id, optional_scopes: ["address"] } },
      keycloak_realm_keystore_rsa_generated: { k: { realm_id, name: "rsa", priority: 50 } },
      keycloak_realm_keystore_ecdsa_generated: { k: { realm_id, name: "ec", priority: 40 } },
      keycloak_openid_client: byName(CLIENTS, client),
      keycloak_openid_client_default_scopes: byName(["scope_lost", "scope_added"], (name) =>
        attached(name, ["basic", "email"], "default"),
      ),
      keycloak_openid_client_optional_scopes: { optional: attached("optional", ["address"], "optional") },
      keycloak_openid_client_scope: byName(SCOPES, (name) => ({ realm_id, name })),
      keycloak_openid_audience_protocol_mapper: byName(["audience", "mapper_gone"], (name) => ({
        realm_id,
        client_scope_id: `\${keycloak_openid_client_scope.${name}.id}`,
        name: "audience",
        included_custom_audience: "orders",
      })),
      keycloak_openid_hardcoded_claim_protocol_mapper: {
        claim: {
          realm_id,
          client_scope_id: ref("keycloak_openid_client_scope.claim.id"),
          name: "c",
          claim_name: "tenant",
          claim_value: "acme",
        },
      },
      keycloak_realm_client_policy_profile: byName(["one", "profile_gone"], (name) => ({
        realm_id,
        name,
        executor: [{ name: "full-scope-disabled", configuration: { "auto-configure": "true" } }],
      })),
      keycloak_realm_client_policy_profile_policy: byName(["enabled", "condition"], (name) => ({
        realm_id,
        name,
        profiles: [ref("keycloak_realm_client_policy_profile.one.name")],
        condition: [{ name: "client-access-type", configuration: { type: '["public"]' } }],
      })),
      keycloak_role: {
        ...byName(ROLES, (name) => ({ realm_id, name, description: "declared", attributes: { k: "v" } })),
        composite: { realm_id, name: "composite", composite_roles: [] },
        given: { realm_id, name: "given" },
        of_client: { realm_id, name: "of_client", client_id: ref("keycloak_openid_client.optional.id") },
      },
      keycloak_generic_role_mapper: {
        m: { realm_id, client_id: ref("keycloak_openid_client.flow.id"), role_id: ref("keycloak_role.given.id") },
      },
      keycloak_openid_client_service_account_realm_role: {
        s: {
          realm_id,
          service_account_user_id: ref("keycloak_openid_client.flow.service_account_user_id"),
          role: ref("keycloak_role.given.name"),
        },
      },
      keycloak_openid_client_service_account_role: {
        s: {
          realm_id,
          service_account_user_id: ref("keycloak_openid_client.flow.service_account_user_id"),
          client_id: ref("keycloak_openid_client.optional.id"),
          role: ref("keycloak_role.of_client.name"),
        },
      },
    },
  };
}
