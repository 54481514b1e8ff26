import fc, { type Arbitrary } from "fast-check";
import type { Attribute, Block, Resource } from "../../../provider/engine/table";
import type { ObjectValue, Value } from "../../../provider/protocol/values";
import { freeAttributes } from "./core";

type Choices = { [attribute: string]: Value[] };

/**
 * Values that Keycloak takes, where the type alone does not say it: numbers and durations as text, addresses, names of
 * things that exist.
 */
const SECONDS = [null, "", "60", "86400"];
const DURATIONS = [null, "1m0s", "90s", "1h30m", "24h"];
const ADDRESSES = [null, "", "https://machine.example/a", "https://machine.example/b"];
const THEMES = [null, "", "keycloak"];

const CHOICES: { [resource: string]: Choices } = {
  keycloak_openid_client: {
    access_type: ["CONFIDENTIAL"],
    client_authenticator_type: [null, "client-jwt", "client-secret"],
    client_secret: [null],
    service_accounts_enabled: [null, true, false],
    standard_flow_enabled: [null, false],
    implicit_flow_enabled: [null, false],
    consent_required: [null, false],
    root_url: ADDRESSES,
    admin_url: ADDRESSES,
    base_url: ADDRESSES,
    valid_redirect_uris: [null, [], ["https://machine.example/*"], ["https://b.example/*", "https://a.example/*"]],
    valid_post_logout_redirect_uris: [null, [], ["+"], ["https://b.example/", "https://a.example/"]],
    web_origins: [null, [], ["+"], ["https://b.example", "https://a.example"]],
    frontchannel_logout_url: ADDRESSES,
    backchannel_logout_url: ADDRESSES,
    login_theme: THEMES,
    access_token_lifespan: SECONDS,
    client_session_idle_timeout: SECONDS,
    client_session_max_lifespan: SECONDS,
    client_offline_session_idle_timeout: SECONDS,
    client_offline_session_max_lifespan: SECONDS,
    oauth2_device_code_lifespan: SECONDS,
    oauth2_device_polling_interval: [null, "", "5"],
    oauth2_jwt_authorization_grant_enabled: [null, false],
    oauth2_jwt_authorization_grant_idp: [null],
    allow_refresh_token_in_standard_token_exchange: [null, "", "NO", "SAME_SESSION"],
    extra_config: [
      null,
      {},
      { "use.jwks.url": "false" },
      { "token.endpoint.auth.signing.alg": "RS256", "use.jwks.url": "false" },
      { "token.endpoint.auth.signing.alg": "ES256", "token.endpoint.auth.signing.max.exp": "60", own: "value" },
    ],
  },
  keycloak_openid_client_scope: {
    gui_order: [null, 1, 7],
    extra_config: [null, {}, { own: "a" }, { own: "b", two: "c" }],
  },
  keycloak_openid_audience_protocol_mapper: {
    included_client_audience: [null],
    included_custom_audience: ["https://api.example", "orders"],
  },
  keycloak_openid_hardcoded_claim_protocol_mapper: { claim_name: ["tenant", "a.b"], claim_value: ["1", "22"] },
  keycloak_role: { attributes: [null, {}, { k: "v" }, { k: "v##w", l: "x" }] },
  keycloak_realm_events: {
    events_expiration: [null, 0, 3600],
    enabled_event_types: [null, [], ["CLIENT_LOGIN"], ["CLIENT_LOGIN_ERROR", "CLIENT_LOGIN"]],
    events_listeners: [null, ["jboss-logging"], ["email", "jboss-logging"]],
  },
  keycloak_realm_client_policy_profile: {
    name: ["full-scope-disabled", "consent-required", "pkce-enforcer"],
    configuration: [{}, { "auto-configure": "true" }, { "auto-configure": "false" }],
  },
  keycloak_realm_client_policy_profile_policy: {
    name: ["client-access-type"],
    configuration: [{ type: '["public"]' }, { type: '["public","bearer-only"]', "is-negative-logic": "true" }],
  },
  keycloak_realm_keystore_rsa_generated: { priority: [null, 0, 50], key_size: [null, 2048] },
  keycloak_realm_keystore_ecdsa_generated: { priority: [null, 0, 50] },
  keycloak_realm: {
    login_theme: THEMES,
    account_theme: [null],
    admin_theme: [null],
    email_theme: THEMES,
    default_signature_algorithm: [null, "RS256", "PS256"],
    password_policy: [null, "length(8)"],
    refresh_token_max_reuse: [null, 0, 3],
    oauth2_device_polling_interval: [null, 5, 10],
    duplicate_emails_allowed: [null, false],
    admin_permissions_enabled: [null, false],
    browser_flow: [null, "browser"],
    registration_flow: [null, "registration"],
    direct_grant_flow: [null, "direct grant"],
    reset_credentials_flow: [null, "reset credentials"],
    client_authentication_flow: [null, "clients"],
    docker_authentication_flow: [null, "docker auth"],
    first_broker_login_flow: [null, "first broker login"],
    attributes: [null, {}, { frontendUrl: "https://a.example" }, { frontendUrl: "https://b.example", own: "1" }],
    brute_force_strategy: [null, "MULTIPLE", "LINEAR"],
    supported_locales: [["de", "en"]],
    default_locale: ["de", "en"],
  },
};

/** What means "not set", or may be taken for it, beside what was chosen for an attribute. */
function valuesOf(resource: string, name: string, attribute: Attribute): Arbitrary<Value> {
  const some = meantOf(resource, name, attribute);
  const must = attribute.required || CHOICES[resource]?.[name]?.includes(null) === false;
  if (must || attribute.oneOf || attribute.mayBeEmpty === false) return some;
  const { type } = attribute;
  const hollow: Value[] =
    type === "string" ? [""] : type === "number" ? [0] : type === "bool" ? [false] : type[0] === "map" ? HOLLOW : [[]];
  return fc.oneof({ weight: 3, arbitrary: some }, { weight: 1, arbitrary: fc.constantFrom(null, ...hollow) });
}

/** Maps in which nothing is, or a key without a value, or with an empty one. */
const HOLLOW: Value[] = [{}, { own: null }, { own: "" }, { own: null, two: "c" }];

function meantOf(resource: string, name: string, attribute: Attribute): Arbitrary<Value> {
  const chosen = CHOICES[resource]?.[name];
  if (chosen) return fc.constantFrom(...chosen);
  const none: Value[] = attribute.required ? [] : [null];
  if (attribute.oneOf) return fc.constantFrom(...none, ...attribute.oneOf);
  if (attribute.normalise) return fc.constantFrom(...DURATIONS);
  if (attribute.type === "bool") return fc.constantFrom(...none, true, false);
  if (attribute.type === "number") return fc.constantFrom(...none, 1, 60, 900);
  if (attribute.type === "string") return fc.constantFrom(...none, `${name} a`, `${name} "b" ä`);
  throw new Error(`${resource}: no choices for ${name} of type ${JSON.stringify(attribute.type)}`);
}

function members(resource: string, table: Pick<Resource, "attributes" | "blocks"> | Block): Arbitrary<ObjectValue> {
  const attributes = freeAttributes(table).map(
    ([name, attribute]) => [name, valuesOf(resource, name, attribute)] as const,
  );
  const blocks = Object.entries(table.blocks ?? {})
    .filter(([, block]) => !block.unsupported && block.nesting === "list")
    .map(([name, block]) => [name, fc.array(members(resource, block), { maxLength: block.elements ? 3 : 1 })] as const);
  return fc.record(Object.fromEntries([...attributes, ...blocks])) as Arbitrary<ObjectValue>;
}

/** Any valid configuration of a resource, drawn from its own table; `given` says where the object belongs. */
export function configurations(resource: Resource, given: ObjectValue): Arbitrary<ObjectValue> {
  return members(resource.name, resource).map((values) => withoutEmptyBlocks({ ...values, ...given }));
}

/** Terraform itself has no use for a block in which nothing is; the official provider neither. */
function withoutEmptyBlocks(config: ObjectValue): ObjectValue {
  const [defenses] = (config.security_defenses ?? []) as { [block: string]: Value[] }[];
  if (!defenses || Object.values(defenses).some((inner) => inner.length > 0)) return config;
  return { ...config, security_defenses: [] };
}
