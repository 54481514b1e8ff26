import type { ChangedAttribute } from "../engines/changed-attributes";

/** Attributes by what they are to a reader. Any other is called by its own name. */
const WORDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  keycloak_openid_client: {
    access_token_lifespan: "tokens valid for seconds",
    full_scope_allowed: "every role of its account in its tokens",
    service_accounts_enabled: "service account",
    standard_flow_enabled: "users sign in by the standard flow",
    implicit_flow_enabled: "users sign in by the implicit flow",
    direct_access_grants_enabled: "users sign in by their passwords",
    client_authenticator_type: "signs in by",
  },
  keycloak_realm: {
    access_token_lifespan: "access tokens valid for",
    default_signature_algorithm: "tokens signed with",
    "attributes.frontendUrl": "issuer at",
    "attributes.adminEventsExpiration": "changes kept for seconds",
  },
  keycloak_realm_events: {
    events_enabled: "sign-ins kept",
    events_expiration: "sign-ins kept for seconds",
    admin_events_enabled: "changes kept",
  },
};

/** What containers are given may be a secret, though Terraform does not know it for one. */
const NAMES_ONLY = /^(env|upload|command)\b/;

/** A changed attribute, as in `enabled: true → false`. A sensitive one has no values. */
export function attributeInWords(type: string, { name, before, after }: ChangedAttribute): string {
  const shown = WORDS[type]?.[name] ?? name;
  if (type === "docker_container" && NAMES_ONLY.test(name)) return `${shown} changes`;
  return before === undefined || after === undefined
    ? `${shown} changes (sensitive)`
    : `${shown}: ${before} → ${after}`;
}
