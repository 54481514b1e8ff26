import { field, flag, mapOf, number, optional, optionalComputed, required, text, texts } from "../engine/fields";
import type { Attribute, Block, Representation } from "../engine/table";
import type { Value } from "../protocol/values";

/** Why the blocks of a realm that concern people are only shown. */
const PEOPLE_ONLY =
  "It concerns the logins of people, not of machines. Set it in Keycloak. This provider does not change it there.";

/** Text under `browserSecurityHeaders`, Keycloak's map of headers it sends to browsers. */
function header(key: string, standard: string): Attribute {
  return {
    ...text,
    ...optional,
    default: standard,
    read: (representation) => mapOf(representation, "browserSecurityHeaders")[key] ?? "",
    write: (representation, value) => {
      mapOf(representation, "browserSecurityHeaders")[key] = String(value ?? "");
    },
  };
}

const NOTHING_KNOWN = { state: {}, imported: true };

const headerAttributes: { [name: string]: Attribute } = {
  content_security_policy: header(
    "contentSecurityPolicy",
    "frame-src 'self'; frame-ancestors 'self'; object-src 'none';",
  ),
  content_security_policy_report_only: header("contentSecurityPolicyReportOnly", ""),
  referrer_policy: header("referrerPolicy", "no-referrer"),
  strict_transport_security: header("strictTransportSecurity", "max-age=31536000; includeSubDomains"),
  x_content_type_options: header("xContentTypeOptions", "nosniff"),
  x_frame_options: header("xFrameOptions", "SAMEORIGIN"),
  x_robots_tag: header("xRobotsTag", "none"),
  x_xss_protection: header("xXSSProtection", "1; mode=block"),
};

const headers: Block = {
  nesting: "list",
  // Keycloak sets defaults. If a realm has only those, nobody has declared any.
  presentOnImport: (representation) =>
    Object.values(headerAttributes).some((attribute) => {
      const value = attribute.read!(representation, null, NOTHING_KNOWN);
      return value !== "" && value !== attribute.default;
    }),
  attributes: headerAttributes,
};

function count(name: string, standard: number): Attribute {
  return { ...number, ...optional, default: standard, ...field(name, 0) };
}

const bruteForceDetection: Block = {
  nesting: "list",
  present: ({ bruteForceProtected }) => bruteForceProtected === true,
  toggle: (representation, present) => {
    representation.bruteForceProtected = present;
  },
  attributes: {
    permanent_lockout: { ...flag, ...optional, default: false, ...field("permanentLockout", false) },
    brute_force_strategy: {
      ...text,
      ...optional,
      default: "MULTIPLE",
      oneOf: ["", "MULTIPLE", "LINEAR"],
      emptyIsNone: true,
      ...field("bruteForceStrategy", ""),
    },
    max_temporary_lockouts: count("maxTemporaryLockouts", 0),
    max_login_failures: count("failureFactor", 30),
    wait_increment_seconds: count("waitIncrementSeconds", 60),
    quick_login_check_milli_seconds: count("quickLoginCheckMilliSeconds", 1000),
    minimum_quick_login_wait_seconds: count("minimumQuickLoginWaitSeconds", 60),
    max_failure_wait_seconds: count("maxFailureWaitSeconds", 900),
    failure_reset_time_seconds: count("maxDeltaTimeSeconds", 43200),
  },
};

const internationalization: Block = {
  nesting: "list",
  present: ({ internationalizationEnabled }) => internationalizationEnabled === true,
  toggle: (representation, present) => {
    representation.internationalizationEnabled = present;
  },
  attributes: {
    supported_locales: { ...texts, ...required, ...field("supportedLocales", []) },
    default_locale: { ...text, ...required, ...field("defaultLocale", "") },
  },
};

/** Shown as it is on the server, and refused if it is configured. */
function shown(attribute: Pick<Attribute, "type">, name: string, absent: Value, computed = false): Attribute {
  const { read } = field(name, absent);
  return { ...attribute, ...(computed ? optionalComputed : optional), read };
}

function webAuthn(prefix: string): { [name: string]: Attribute } {
  return {
    acceptable_aaguids: shown(texts, `${prefix}AcceptableAaguids`, []),
    attestation_conveyance_preference: shown(text, `${prefix}AttestationConveyancePreference`, ""),
    authenticator_attachment: shown(text, `${prefix}AuthenticatorAttachment`, ""),
    avoid_same_authenticator_register: shown(flag, `${prefix}AvoidSameAuthenticatorRegister`, false),
    create_timeout: shown(number, `${prefix}CreateTimeout`, 0),
    discoverable_credential: shown(text, `${prefix}ResidentKey`, "not specified"),
    extra_origins: shown(texts, `${prefix}ExtraOrigins`, []),
    relying_party_entity_name: shown(text, `${prefix}RpEntityName`, ""),
    relying_party_id: shown(text, `${prefix}RpId`, ""),
    require_resident_key: shown(text, `${prefix}RequireResidentKey`, ""),
    signature_algorithms: shown(texts, `${prefix}SignatureAlgorithms`, [], true),
    user_verification_requirement: shown(text, `${prefix}UserVerificationRequirement`, ""),
  };
}

/** A setting of the mail server. Keycloak masks its secrets. */
function mail(attribute: Pick<Attribute, "type" | "sensitive">, key: string, must = false): Attribute {
  return {
    ...attribute,
    ...(must ? required : optional),
    read: (representation) => {
      const kept = mapOf(representation, "smtpServer")[key] ?? "";
      return attribute.type === "bool" ? kept === "true" : kept;
    },
  };
}

const secretText = { ...text, sensitive: true } as const;
const mailLogin = (kind: "basic" | "token") => (representation: Representation) => {
  const { auth, authType = "basic" } = mapOf(representation, "smtpServer");
  return auth === "true" && authType === kind;
};

const smtpServer: Block = {
  nesting: "list",
  unsupported: PEOPLE_ONLY,
  keep: true,
  present: (representation) => Object.keys(mapOf(representation, "smtpServer")).length > 0,
  attributes: {
    from: mail(text, "from", true),
    from_display_name: mail(text, "fromDisplayName"),
    envelope_from: mail(text, "envelopeFrom"),
    reply_to: mail(text, "replyTo"),
    reply_to_display_name: mail(text, "replyToDisplayName"),
    host: mail(text, "host", true),
    port: mail(text, "port"),
    ssl: mail(flag, "ssl"),
    starttls: mail(flag, "starttls"),
    allow_utf8: mail(flag, "allowutf8"),
  },
  blocks: {
    auth: {
      nesting: "list",
      present: mailLogin("basic"),
      attributes: { username: mail(text, "user", true), password: mail(secretText, "password", true) },
    },
    token_auth: {
      nesting: "list",
      present: mailLogin("token"),
      attributes: {
        username: mail(text, "user", true),
        url: mail(text, "authTokenUrl", true),
        client_id: mail(text, "authTokenClientId", true),
        client_secret: mail(secretText, "authTokenClientSecret", true),
        scope: mail(text, "authTokenScope", true),
      },
    },
  },
};

export const realmBlocks: { [name: string]: Block } = {
  internationalization,
  security_defenses: {
    nesting: "list",
    attributes: {},
    present: () => false,
    blocks: { headers, brute_force_detection: bruteForceDetection },
  },
  smtp_server: smtpServer,
  otp_policy: {
    nesting: "list",
    computed: true,
    unsupported: PEOPLE_ONLY,
    attributes: {
      type: shown(text, "otpPolicyType", ""),
      algorithm: shown(text, "otpPolicyAlgorithm", ""),
      digits: shown(number, "otpPolicyDigits", 0),
      initial_counter: shown(number, "otpPolicyInitialCounter", 0),
      look_ahead_window: shown(number, "otpPolicyLookAheadWindow", 0),
      period: shown(number, "otpPolicyPeriod", 0),
      code_reusable: shown(flag, "otpPolicyCodeReusable", false),
    },
  },
  web_authn_policy: {
    nesting: "list",
    computed: true,
    unsupported: PEOPLE_ONLY,
    attributes: webAuthn("webAuthnPolicy"),
  },
  web_authn_passwordless_policy: {
    nesting: "list",
    computed: true,
    unsupported: PEOPLE_ONLY,
    attributes: {
      ...webAuthn("webAuthnPolicyPasswordless"),
      passwordless_passkeys_enabled: shown(flag, "webAuthnPolicyPasswordlessPasskeysEnabled", false),
    },
  },
};
