import type { ChangedAttribute } from "../engines/changed-attributes";

/** Attributes by what they are to a reader, with their value in the place of `{}`. Any other is called by its own name. */
const WORDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  keycloak_openid_client: {
    access_token_lifespan: "tokens valid for {} s",
    full_scope_allowed: "every role of its account in its tokens: {}",
    service_accounts_enabled: "service account: {}",
    standard_flow_enabled: "users sign in by the standard flow: {}",
    implicit_flow_enabled: "users sign in by the implicit flow: {}",
    direct_access_grants_enabled: "users sign in by their passwords: {}",
    client_authenticator_type: "signs in by {}",
  },
  keycloak_realm: {
    access_token_lifespan: "access tokens valid for {}",
    default_signature_algorithm: "tokens signed with {}",
    "attributes.frontendUrl": "issuer at {}",
    "attributes.adminEventsExpiration": "changes kept for {} s",
  },
  keycloak_realm_events: {
    events_enabled: "sign-ins kept: {}",
    events_expiration: "sign-ins kept for {} s",
    admin_events_enabled: "changes kept: {}",
  },
};

/** What containers are given may be a secret, though Terraform does not know it for one. Rules of policies are long. */
const NAMES_ONLY: Readonly<Record<string, RegExp>> = {
  docker_container: /^(env|upload|command)\b/,
  keycloak_realm_client_policy_profile: /^(executor|description)\b/,
  keycloak_realm_client_policy_profile_policy: /^condition\b/,
};

/** A changed attribute, as in `enabled: true → false`. A sensitive one has no values. */
export function attributeInWords(type: string, { name, before, after }: ChangedAttribute): string {
  const words = WORDS[type]?.[name];
  if (before === undefined || after === undefined) return `${name} changes (sensitive)`;
  if (NAMES_ONLY[type]?.test(name)) return `${name} changes`;
  if (words === undefined) return `${name}: ${before} → ${after}`;
  return `${words.replace("{}", () => bare(after))} (was ${bare(before)})`;
}

/** A value without quotes. */
function bare(value: string): string {
  const text = /^"(.*)"$/.exec(value)?.[1] ?? value;
  return text === "" || text === "nothing" ? "not set" : text;
}

/** All that changes of a resource, as in `mapper tenant: claim_value: "north" → "south"`. */
export function attributesInWords(type: string, attributes: readonly ChangedAttribute[]): string {
  return attributes.map((attribute) => attributeInWords(type, attribute)).join(", ");
}
