import { adviceFor, KeycloakError, statusFault } from "../admin-api/errors";
import type { Session } from "../admin-api/keycloak";
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
import { isSet, type Problem } from "../engine/rules";
import type { Attribute, Change, Endpoint, Representation, Resource } from "../engine/table";
import { DiagnosticError, problem } from "../protocol/diagnostics";
import { isUnknown, type ObjectValue } from "../protocol/values";
import { unlessGone } from "./clients";
import { realmBlocks } from "./realm-blocks";

const keptText = { ...text, ...optional, keep: true } as const;
const offFlag = { ...flag, ...optionalComputed, initial: false } as const;
/** Sent only when it is configured, and when a configured one is taken away. */
const theme = { ...text, ...optional, sendEmpty: false } as const;
const duration = { ...text, ...optionalComputed } as const;

/** Settings of a realm that Keycloak keeps among its attributes, next to those that somebody gave it. */
const KEYCLOAKS_OWN = /^(ciba|oauth2|par[A-Z]|client(Session|Offline)|realmReusable|actionToken|webAuthn|_browser)/;

/** The name of an authentication flow; a new realm has Keycloak's own. */
function flow(name: string, initial: string): Attribute {
  return { ...text, ...optionalComputed, initial, ...field(name, "") };
}

/** Keycloak takes the default client scopes with a new realm, and never tells them again. */
const CREATION_ONLY =
  "Use keycloak_realm_default_client_scopes and keycloak_realm_optional_client_scopes; Keycloak takes these lists at creation only.";

const attributes: { [name: string]: Attribute } = {
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

function checkEmails(config: ObjectValue): Problem[] {
  if (config.duplicate_emails_allowed !== true) return [];
  return ["registration_email_as_username", "login_with_email_allowed"]
    .filter((name) => config[name] === true)
    .map((name) => ({ path: [name], summary: `${name} cannot be true while duplicate_emails_allowed is true` }));
}

function checkLocales(config: ObjectValue): Problem[] {
  const [block] = (Array.isArray(config.internationalization) ? config.internationalization : []) as ObjectValue[];
  if (!block || isUnknown(block) || isUnknown(block.supported_locales) || isUnknown(block.default_locale)) return [];
  const supported = (block.supported_locales ?? []) as string[];
  if (!isSet(block.default_locale) || supported.some(isUnknown) || supported.includes(block.default_locale as string)) {
    return [];
  }
  const summary = `default_locale must be one of supported_locales, got: ${JSON.stringify(block.default_locale)}`;
  return [{ path: ["internationalization", 0, "default_locale"], summary }];
}

/** Keycloak's database takes no longer id. */
const LONGEST_ID = 36;

/**
 * The internal id is the realm's name where that fits, unless it is set. The id is the name as well, but known after the
 * apply only: a realm made anew takes all that was in it along, which has to be seen by whatever refers to it.
 */
function planIds({ prior, planned }: Change): void {
  if (prior) return;
  const fits = isUnknown(planned.realm) || String(planned.realm).length <= LONGEST_ID;
  if (isUnknown(planned.internal_id) && fits) planned.internal_id = planned.realm ?? null;
}

/**
 * A realm; null where there is none. Who may see no more than that there is one is told its name alone, which must not
 * pass for the realm.
 */
export async function readRealm(session: Session, what: string, realm: string): Promise<Representation | null> {
  const found = await session.read(what, (admin) => admin.realms.findOne({ realm }));
  if (!found || found.id) return (found ?? null) as Representation | null;
  const fault = statusFault(403, undefined);
  const right = `of the realm-management roles of realm "${realm}" it needs manage-realm (view-realm is enough for a plan)`;
  const detail = `The provider's user or client lacks a right: ${right}, or the role admin of realm master.`;
  throw new KeycloakError(fault, `${what}: Keycloak answered with the realm's name and nothing else`, detail);
}

const endpoint: Endpoint = {
  async create(session, representation, { planned }) {
    const realm = String(planned.realm);
    // What is found after a create without an answer is ours only if it was not there before.
    const what = `Looking for realm "${realm}"`;
    if (await session.read(what, (admin) => admin.realms.findOne({ realm }))) {
      const fault = statusFault(409, undefined);
      throw new KeycloakError(fault, `Creating realm "${realm}": there is one of this name`, adviceFor(fault, realm));
    }
    await session.call(
      `Creating realm "${realm}"`,
      (admin) => admin.realms.create(representation),
      (admin) => admin.realms.findOne({ realm }).then((found) => (found ? { realmName: realm } : null)),
    );
    // The right to manage the new realm comes with the next token; of one of this name before it nothing is left.
    session.renewLogin();
    session.forgetAll();
    return { id: realm };
  },
  async read(session, state) {
    const realm = String(state.id);
    return readRealm(session, `Reading realm "${realm}"`, realm);
  },
  /** Keycloak drops every attribute that an update leaves out. */
  async base(session, state) {
    const attributes = (await endpoint.read(session, state, true))?.attributes ?? {};
    return { attributes };
  },
  async update(session, representation, { prior }) {
    const realm = String(prior!.id);
    await session.call(`Changing realm "${realm}"`, (admin) => admin.realms.update({ realm }, representation));
  },
  async delete(session, state) {
    const realm = String(state.id);
    if (state.terraform_deletion_protection === true) {
      const detail = "Set terraform_deletion_protection to false and apply before deleting the realm.";
      throw new DiagnosticError(problem(`realm "${realm}" is protected from deletion`, detail));
    }
    await unlessGone(session.call(`Deleting realm "${realm}"`, (admin) => admin.realms.del({ realm })));
    session.forgetAll();
  },
};

export const realm: Resource = {
  name: "keycloak_realm",
  title: (values) => `realm "${values.realm}"`,
  version: 0,
  attributes,
  blocks: realmBlocks,
  endpoint,
  plan: planIds,
  rules: [checkEmails, checkLocales],
  importId: { form: "REALM", parse: (id) => (id && !id.includes("/") ? { id } : null) },
};
