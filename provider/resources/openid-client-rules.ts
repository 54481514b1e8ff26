import { isKnown, isSet } from "../engine/rules";
import type { Change, Problem, Representation } from "../engine/table";
import type { Type } from "../protocol/schema";
import { equivalent, isEmpty, type ObjectValue, UNKNOWN } from "../protocol/values";

/** The authenticator of a client that signs its assertions. */
export const SIGNED_JWT = "client-jwt";

/** Keycloak's attributes on a client's key: its source, its algorithm, and how long an assertion is good for. */
const KEY_SOURCE = [
  "use.jwks.url",
  "jwks.url",
  "use.jwks.string",
  "jwks.string",
  "jwt.credential.certificate",
  "jwt.credential.public.key",
  "token.endpoint.auth.signing.alg",
  "token.endpoint.auth.signing.max.exp",
  "x509.subjectdn",
  "x509.allow.regex.pattern.comparison",
];

/**
 * What is set on the server about the key of a signed-JWT client, even if it is not declared. A JWKS URL takes precedence
 * over every other key, and a longer life of assertions weakens them.
 */
export function foreignKeySource(representation: Representation, state: ObjectValue): string[] {
  const types = [representation.clientAuthenticatorType, state.client_authenticator_type];
  if (!types.includes(SIGNED_JWT)) return [];
  const set = (representation.attributes ?? {}) as { [key: string]: string };
  return KEY_SOURCE.filter((key) => set[key] && set[key] !== "false");
}

/** Plans what follows from other attributes: the service account's user and the secret. */
export function planDerived({ prior, config, planned }: Change): void {
  const changed = (name: string, type: Type = "string") =>
    !!prior && !equivalent(prior[name] ?? null, planned[name] ?? null, type);
  if (!prior && planned.service_accounts_enabled === false) planned.service_account_user_id = "";
  if (changed("service_accounts_enabled", "bool")) {
    planned.service_account_user_id = planned.service_accounts_enabled === false ? "" : UNKNOWN;
  }
  if (isSet(config.client_secret)) return;
  if (isSet(config.client_secret_wo_version)) planned.client_secret = null;
  else if (planned.client_authenticator_type === SIGNED_JWT) planned.client_secret = "";
  else if (
    changed("client_secret_wo_version") ||
    changed("client_secret_regenerate_when_changed", ["map", "string"]) ||
    ["client_authenticator_type", "access_type"].some((name) => isSet(prior?.[name]) && changed(name))
  ) {
    planned.client_secret = UNKNOWN;
  }
}

/** Refuses what Keycloak would refuse, or would accept and never use. */
export function checkFlows(config: ObjectValue): Problem[] {
  const on = (name: string) => config[name] === true;
  const problems: Problem[] = [];
  const flows = ["standard_flow_enabled", "implicit_flow_enabled", "direct_access_grants_enabled"];
  const enabled = [...flows, "service_accounts_enabled"].filter(on);
  if (config.access_type === "BEARER-ONLY" && enabled.length) {
    problems.push({ path: [enabled[0]!], summary: `${enabled[0]} cannot be set on a BEARER-ONLY client` });
  }
  if (config.access_type === "PUBLIC" && on("service_accounts_enabled")) {
    problems.push({
      path: ["service_accounts_enabled"],
      summary: "service_accounts_enabled cannot be set on a PUBLIC client",
    });
  }
  const redirects = on("standard_flow_enabled") || on("implicit_flow_enabled");
  if (redirects && isEmpty(config.valid_redirect_uris)) {
    problems.push({
      path: ["valid_redirect_uris"],
      summary: "valid_redirect_uris must name at least one address when the standard or implicit flow is enabled",
    });
  }
  if (config.client_authenticator_type === SIGNED_JWT && isKnown(config.client_secret)) {
    problems.push({
      path: ["client_secret"],
      summary: 'client_secret has no effect with client_authenticator_type "client-jwt"',
      detail: "Keycloak refuses a secret from a client that signs. Leave it out, so that the state holds no secret.",
    });
  }
  return problems;
}
