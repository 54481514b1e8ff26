import {
  field,
  flag,
  number,
  optional,
  optionalComputed,
  ownKeys,
  required,
  seconds,
  text,
  textMap,
  texts,
} from "../engine/fields";
import type { Attribute } from "../engine/table";

const keptText = { ...text, ...optional, keep: true } as const;
const offFlag = { ...flag, ...optionalComputed, initial: false } as const;
/** Sent only if it is configured, or was configured before. */
const theme = { ...text, ...optional, sendEmpty: false } as const;
const duration = { ...text, ...optionalComputed } as const;

/** Keycloak's own settings among a realm's attributes. */
const KEYCLOAKS_OWN = /^(ciba|oauth2|par[A-Z]|client(Session|Offline)|realmReusable|actionToken|webAuthn|_browser)/;

/** The name of an authentication flow. A new realm has Keycloak's default. */
function flow(name: string, initial: string): Attribute {
  return { ...text, ...optionalComputed, initial, ...field(name, "") };
}

/** Keycloak accepts these lists only with a new realm, and never returns them. */
const CREATION_ONLY =
  "Keycloak accepts these lists at creation only. Use keycloak_realm_default_client_scopes and keycloak_realm_optional_client_scopes.";

/** A realm as Terraform shows it, and where Keycloak keeps each part. */
export const realmAttributes: { [name: string]: Attribute } = {
  realm: { ...text, ...required, replace: true, ...field("realm", "") },
  internal_id: {
    ...text,
    ...optionalComputed,
    replace: true,
    read: ({ internalId, id }) => String(internalId ?? id ?? ""),
    write: (representation, value) => {
      representation.id = value;
    },
  },
  enabled: { ...flag, ...optional, default: true, ...field("enabled", false) },
  display_name: { ...keptText, ...field("displayName", "") },
  display_name_html: { ...keptText, ...field("displayNameHtml", "") },
  user_managed_access: { ...flag, ...optional, default: false, ...field("userManagedAccessAllowed", false) },
  organizations_enabled: { ...flag, ...optional, default: false, ...field("organizationsEnabled", false) },
  admin_permissions_enabled: {
    ...flag,
    ...optional,
    sendEmpty: false,
    ...field("adminPermissionsEnabled", false),
  },
  terraform_deletion_protection: { ...flag, ...optional, default: false },

  registration_allowed: { ...offFlag, ...field("registrationAllowed", false) },
  registration_email_as_username: { ...offFlag, ...field("registrationEmailAsUsername", false) },
  edit_username_allowed: { ...offFlag, ...field("editUsernameAllowed", false) },
  reset_password_allowed: { ...offFlag, ...field("resetPasswordAllowed", false) },
  remember_me: { ...offFlag, ...field("rememberMe", false) },
  verify_email: { ...offFlag, ...field("verifyEmail", false) },
  login_with_email_allowed: { ...offFlag, ...field("loginWithEmailAllowed", false) },
  duplicate_emails_allowed: { ...offFlag, ...field("duplicateEmailsAllowed", false) },
  ssl_required: {
    ...text,
    ...optional,
    default: "external",
    oneOf: ["none", "external", "all"],
    ...field("sslRequired", ""),
  },

  login_theme: { ...theme, ...field("loginTheme", "") },
  account_theme: { ...theme, ...field("accountTheme", "") },
  admin_theme: { ...theme, ...field("adminTheme", "") },
  email_theme: { ...theme, ...field("emailTheme", "") },

  default_signature_algorithm: { ...text, ...optional, ...field("defaultSignatureAlgorithm", "") },
  revoke_refresh_token: { ...flag, ...optional, default: false, ...field("revokeRefreshToken", false) },
  refresh_token_max_reuse: { ...number, ...optional, default: 0, ...field("refreshTokenMaxReuse", 0) },
  sso_session_idle_timeout: { ...duration, ...seconds("ssoSessionIdleTimeout") },
  sso_session_idle_timeout_remember_me: { ...duration, ...seconds("ssoSessionIdleTimeoutRememberMe") },
  sso_session_max_lifespan: { ...duration, ...seconds("ssoSessionMaxLifespan") },
  sso_session_max_lifespan_remember_me: { ...duration, ...seconds("ssoSessionMaxLifespanRememberMe") },
  offline_session_idle_timeout: { ...duration, ...seconds("offlineSessionIdleTimeout") },
  offline_session_max_lifespan: { ...duration, ...seconds("offlineSessionMaxLifespan") },
  offline_session_max_lifespan_enabled: {
    ...flag,
    ...optional,
    default: false,
    ...field("offlineSessionMaxLifespanEnabled", false),
  },
  client_session_idle_timeout: { ...duration, ...seconds("clientSessionIdleTimeout") },
  client_session_max_lifespan: { ...duration, ...seconds("clientSessionMaxLifespan") },
  access_token_lifespan: { ...duration, ...seconds("accessTokenLifespan") },
  access_token_lifespan_for_implicit_flow: { ...duration, ...seconds("accessTokenLifespanForImplicitFlow") },
  access_code_lifespan: { ...duration, ...seconds("accessCodeLifespan") },
  access_code_lifespan_login: { ...duration, ...seconds("accessCodeLifespanLogin") },
  access_code_lifespan_user_action: { ...duration, ...seconds("accessCodeLifespanUserAction") },
  action_token_generated_by_user_lifespan: { ...duration, ...seconds("actionTokenGeneratedByUserLifespan") },
  action_token_generated_by_admin_lifespan: { ...duration, ...seconds("actionTokenGeneratedByAdminLifespan") },
  oauth2_device_code_lifespan: { ...duration, ...seconds("oauth2DeviceCodeLifespan") },
  oauth2_device_polling_interval: {
    ...number,
    ...optionalComputed,
    // Keycloak has no interval of 0.
    emptyIsNone: true,
    sendEmpty: false,
    ...field("oauth2DevicePollingInterval", 0),
  },

  password_policy: { ...text, ...optional, ...field("passwordPolicy", "") },
  browser_flow: flow("browserFlow", "browser"),
  registration_flow: flow("registrationFlow", "registration"),
  direct_grant_flow: flow("directGrantFlow", "direct grant"),
  reset_credentials_flow: flow("resetCredentialsFlow", "reset credentials"),
  client_authentication_flow: flow("clientAuthenticationFlow", "clients"),
  docker_authentication_flow: flow("dockerAuthenticationFlow", "docker auth"),
  first_broker_login_flow: flow("firstBrokerLoginFlow", "first broker login"),

  attributes: {
    ...textMap,
    ...optional,
    ...ownKeys("attributes", { cleared: "removed", foreign: (key) => KEYCLOAKS_OWN.test(key) }),
  },
  default_default_client_scopes: { ...texts, ...optional, unsupported: CREATION_ONLY },
  default_optional_client_scopes: { ...texts, ...optional, unsupported: CREATION_ONLY },
};
