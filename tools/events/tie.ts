import type { Change } from "./admin-events";
import type { Drifted } from "./drifted";

/** The types of Terraform that a resource type of Keycloak's events may be. */
const TYPES: Readonly<Record<string, RegExp>> = {
  REALM: /^keycloak_realm(_events|_default_client_scopes|_optional_client_scopes)?$/,
  CLIENT: /^keycloak_openid_client$/,
  CLIENT_SCOPE: /^keycloak_openid_client_scope$/,
  CLIENT_SCOPE_CLIENT_MAPPING: /^keycloak_openid_client_(default|optional)_scopes$/,
  PROTOCOL_MAPPER: /_protocol_mapper$/,
  CLIENT_ROLE: /^keycloak_role$/,
  REALM_ROLE: /^keycloak_role$/,
  CLIENT_ROLE_MAPPING: /_service_account_role$/,
  REALM_ROLE_MAPPING: /_service_account_realm_role$/,
  CLIENT_SCOPE_MAPPING: /^keycloak_generic_role_mapper$/,
  REALM_SCOPE_MAPPING: /^keycloak_generic_role_mapper$/,
  COMPONENT: /^keycloak_realm_keystore_/,
};

/** The attributes by which an object names itself, and what it belongs to, as Keycloak's paths do. */
const IDS = ["id", "client_id", "client_scope_id", "service_account_user_id", "role_id"] as const;

/** Whether a change may be why an object differs: by Keycloak's ids in its path. A realm's settings have none. */
export function explains({ event }: Change, { type, realm, before }: Drifted): boolean {
  if (realm === undefined) return false;
  const { resourceType, operationType, resourcePath = "" } = event;
  const ids = IDS.flatMap((name) => String(before[name] ?? "").split("/")).filter((id) => id !== "" && id !== realm);
  const isNamed = resourcePath.split("/").some((part) => ids.includes(part) || part === before.name);
  if (isNamed && operationType === "DELETE" && /^CLIENT(_SCOPE)?$/.test(resourceType)) return true; // with all in it
  const fits = TYPES[resourceType]?.test(type) ?? false;
  return fits && (isNamed || resourceType === "REALM");
}
