import {
  computed,
  field,
  flag,
  flagIn,
  isTyped,
  onlyIfKnown,
  optional,
  optionalComputed,
  ownKeys,
  required,
  text,
  textIn,
  textMap,
  texts,
  textsIn,
} from "../engine/fields";
import { isSet } from "../engine/rules";
import type { Attribute } from "../engine/table";
import type { Value } from "../protocol/values";
import { foreignKeySource, SIGNED_JWT } from "./openid-client-rules";

const ATTRIBUTES = "attributes";
/** Keys that Keycloak sets on a client by itself. */
const KEYCLOAKS_OWN = /^(client\.secret\.|realm_client$)/;

/** Text that keeps the server's value unless it is configured. */
const keptText = { ...text, ...optional, keep: true } as const;
/** A flow or switch that is off unless it is configured. */
const offFlag = { ...flag, ...optionalComputed, initial: false } as const;
/** Text whose default Keycloak takes from another setting. */
const emptyText = { ...text, ...optionalComputed, initial: "" } as const;
const emptyTexts = { ...texts, ...optionalComputed, initial: [] as Value[] };

/** A client as Terraform shows it, and where Keycloak keeps each part. */
export const clientAttributes: { [name: string]: Attribute } = {
  realm_id: { ...text, ...required, replace: true },
  client_id: { ...text, ...required, ...field("clientId", "") },
  name: { ...keptText, ...field("name", "") },
  description: { ...keptText, ...field("description", "") },
  enabled: { ...flag, ...optional, default: true, ...field("enabled", false) },
  access_type: {
    ...text,
    ...required,
    oneOf: ["CONFIDENTIAL", "PUBLIC", "BEARER-ONLY"],
    read: ({ publicClient, bearerOnly }) => (publicClient ? "PUBLIC" : bearerOnly ? "BEARER-ONLY" : "CONFIDENTIAL"),
    write: (representation, value) => {
      representation.publicClient = value === "PUBLIC";
      representation.bearerOnly = value === "BEARER-ONLY";
    },
  },
  client_authenticator_type: {
    ...text,
    ...optional,
    default: "client-secret",
    mayBeEmpty: false,
    ...field("clientAuthenticatorType", ""),
  },
  client_secret: {
    ...text,
    ...optionalComputed,
    sensitive: true,
    // Keycloak makes a secret for every client, but refuses it from one that signs: the state does not hold it.
    // Nor does the state hold a write-only secret.
    read: ({ clientAuthenticatorType, secret }, _known, { state }) => {
      if (isSet(state.client_secret_wo_version)) return null;
      return clientAuthenticatorType === SIGNED_JWT ? "" : String(secret ?? "");
    },
    write: (representation, value) => {
      if (value) representation.secret = value;
    },
  },
  client_secret_wo: { ...text, ...optional, sensitive: true, writeOnly: true },
  client_secret_wo_version: { ...text, ...optional },
  client_secret_regenerate_when_changed: { ...textMap, ...optional },

  standard_flow_enabled: { ...offFlag, ...field("standardFlowEnabled", false) },
  implicit_flow_enabled: { ...offFlag, ...field("implicitFlowEnabled", false) },
  direct_access_grants_enabled: { ...offFlag, ...field("directAccessGrantsEnabled", false) },
  service_accounts_enabled: { ...offFlag, ...field("serviceAccountsEnabled", false) },
  frontchannel_logout_enabled: { ...offFlag, ...field("frontchannelLogout", false) },
  full_scope_allowed: { ...flag, ...optional, default: true, ...field("fullScopeAllowed", false) },
  consent_required: { ...offFlag, ...field("consentRequired", false) },
  always_display_in_console: { ...flag, ...optional, default: false, ...field("alwaysDisplayInConsole", false) },

  // With a root URL, even an empty one, Keycloak adds a redirect address to a new client.
  root_url: { ...keptText, sendEmpty: false, ...field("rootUrl", "") },
  admin_url: { ...keptText, ...field("adminUrl", "") },
  base_url: { ...keptText, ...field("baseUrl", "") },
  valid_redirect_uris: { ...emptyTexts, ...field("redirectUris", []) },
  valid_post_logout_redirect_uris: { ...emptyTexts, ...textsIn(ATTRIBUTES, "post.logout.redirect.uris") },
  web_origins: { ...emptyTexts, ...field("webOrigins", []) },

  service_account_user_id: {
    ...text,
    ...computed,
    read: ({ serviceAccountUser }) => (serviceAccountUser as { id: string } | undefined)?.id ?? "",
  },
  resource_server_id: {
    ...text,
    ...computed,
    initial: null,
    read: ({ authorizationServicesEnabled, id }) => (authorizationServicesEnabled ? String(id) : null),
  },

  pkce_code_challenge_method: {
    ...text,
    ...optional,
    oneOf: ["", "plain", "S256"],
    ...textIn(ATTRIBUTES, "pkce.code.challenge.method"),
  },
  require_dpop_bound_tokens: { ...offFlag, ...flagIn(ATTRIBUTES, "dpop.bound.access.tokens") },
  exclude_session_state_from_auth_response: {
    ...flag,
    ...optionalComputed,
    initial: null,
    ...onlyIfKnown(flagIn(ATTRIBUTES, "exclude.session.state.from.auth.response")),
  },
  exclude_issuer_from_auth_response: {
    ...flag,
    ...optionalComputed,
    initial: null,
    ...onlyIfKnown(flagIn(ATTRIBUTES, "exclude.issuer.from.auth.response")),
  },
  access_token_lifespan: { ...emptyText, ...textIn(ATTRIBUTES, "access.token.lifespan") },
  client_session_idle_timeout: { ...emptyText, ...textIn(ATTRIBUTES, "client.session.idle.timeout") },
  client_session_max_lifespan: { ...emptyText, ...textIn(ATTRIBUTES, "client.session.max.lifespan") },
  client_offline_session_idle_timeout: { ...emptyText, ...textIn(ATTRIBUTES, "client.offline.session.idle.timeout") },
  client_offline_session_max_lifespan: { ...emptyText, ...textIn(ATTRIBUTES, "client.offline.session.max.lifespan") },
  login_theme: { ...keptText, ...textIn(ATTRIBUTES, "login_theme") },
  consent_screen_text: { ...keptText, ...textIn(ATTRIBUTES, "consent.screen.text") },
  display_on_consent_screen: { ...offFlag, ...flagIn(ATTRIBUTES, "display.on.consent.screen") },
  use_refresh_tokens: { ...flag, ...optional, default: true, ...flagIn(ATTRIBUTES, "use.refresh.tokens") },
  use_refresh_tokens_client_credentials: {
    ...flag,
    ...optional,
    default: false,
    ...flagIn(ATTRIBUTES, "client_credentials.use_refresh_token"),
  },
  standard_token_exchange_enabled: {
    ...flag,
    ...optional,
    default: false,
    ...flagIn(ATTRIBUTES, "standard.token.exchange.enabled"),
  },
  allow_refresh_token_in_standard_token_exchange: {
    ...text,
    ...optional,
    ...textIn(ATTRIBUTES, "standard.token.exchange.enableRefreshRequestedTokenType"),
  },
  frontchannel_logout_url: { ...keptText, ...textIn(ATTRIBUTES, "frontchannel.logout.url") },
  backchannel_logout_url: { ...keptText, ...textIn(ATTRIBUTES, "backchannel.logout.url") },
  backchannel_logout_session_required: {
    ...flag,
    ...optional,
    default: true,
    ...flagIn(ATTRIBUTES, "backchannel.logout.session.required"),
  },
  backchannel_logout_revoke_offline_sessions: {
    ...flag,
    ...optional,
    ...flagIn(ATTRIBUTES, "backchannel.logout.revoke.offline.tokens"),
  },
  oauth2_device_authorization_grant_enabled: {
    ...flag,
    ...optional,
    default: false,
    ...flagIn(ATTRIBUTES, "oauth2.device.authorization.grant.enabled"),
  },
  oauth2_device_code_lifespan: { ...text, ...optional, ...textIn(ATTRIBUTES, "oauth2.device.code.lifespan") },
  oauth2_device_polling_interval: { ...text, ...optional, ...textIn(ATTRIBUTES, "oauth2.device.polling.interval") },
  oauth2_jwt_authorization_grant_enabled: {
    ...flag,
    ...optional,
    default: false,
    ...flagIn(ATTRIBUTES, "oauth2.jwt.authorization.grant.enabled"),
  },
  oauth2_jwt_authorization_grant_idp: {
    ...text,
    ...optional,
    ...textIn(ATTRIBUTES, "oauth2.jwt.authorization.grant.idp"),
  },
  extra_config: {
    ...textMap,
    ...optional,
    ...ownKeys(ATTRIBUTES, {
      cleared: "empty",
      watched: foreignKeySource,
      foreign: (key) => isTyped(clientAttributes, key) || KEYCLOAKS_OWN.test(key),
    }),
  },
  import: { ...flag, ...optional, default: false, replace: true },
};
