import type { ResourceJson } from "../../constructs/contract/terraform-json";

/** What an object is to a person, and which of its attributes tell it from every other of its type. */
interface Kind {
  readonly noun: string;
  /** The attribute that is its name; none for what a realm, client or scope has once. */
  readonly name?: string;
  /** The others that belong to its identity. */
  readonly within?: readonly string[];
  /** Whether others go with it. */
  readonly holdsOthers?: true;
}

const OF_REALM = ["realm_id"];
const MAPPER = { noun: "mapper", name: "name", within: ["realm_id", "client_id", "client_scope_id"] };
const KEYSTORE = { noun: "signing key", name: "name", within: OF_REALM };

/** Every type that constructs emit or the embedded provider serves. */
export const KINDS: Readonly<Record<string, Kind>> = {
  keycloak_realm: { noun: "realm", name: "realm", holdsOthers: true },
  keycloak_realm_events: { noun: "settings of events", within: OF_REALM },
  keycloak_realm_default_client_scopes: { noun: "default client scopes", within: OF_REALM },
  keycloak_realm_optional_client_scopes: { noun: "optional client scopes", within: OF_REALM },
  keycloak_realm_client_policy_profile: { noun: "client profile", name: "name", within: OF_REALM },
  keycloak_realm_client_policy_profile_policy: { noun: "client policy", name: "name", within: OF_REALM },
  keycloak_realm_keystore_rsa_generated: KEYSTORE,
  keycloak_realm_keystore_ecdsa_generated: KEYSTORE,
  keycloak_openid_client: { noun: "client", name: "client_id", within: OF_REALM },
  keycloak_openid_client_default_scopes: { noun: "list of default scopes", within: ["realm_id", "client_id"] },
  keycloak_openid_client_optional_scopes: { noun: "list of optional scopes", within: ["realm_id", "client_id"] },
  keycloak_openid_client_scope: { noun: "client scope", name: "name", within: OF_REALM },
  keycloak_openid_audience_protocol_mapper: MAPPER,
  keycloak_openid_hardcoded_claim_protocol_mapper: MAPPER,
  keycloak_role: { noun: "role", name: "name", within: ["realm_id", "client_id"] },
  keycloak_generic_role_mapper: {
    noun: "role mapping",
    name: "role_id",
    within: ["realm_id", "client_id", "client_scope_id"],
  },
  keycloak_openid_client_service_account_realm_role: {
    noun: "role of a service account",
    name: "role",
    within: ["realm_id", "service_account_user_id"],
  },
  keycloak_openid_client_service_account_role: {
    noun: "role of a service account",
    name: "role",
    within: ["realm_id", "service_account_user_id", "client_id"],
  },
  docker_container: { noun: "container", name: "name" },
  docker_image: { noun: "image", name: "name" },
  docker_network: { noun: "network", name: "name" },
  docker_volume: { noun: "volume", name: "name", holdsOthers: true },
};

/** The attributes that make an object of a type the same one, whatever its construct is called; none for other types. */
export function identityOf(type: string): readonly string[] {
  const { name, within = [] } = KINDS[type] ?? {};
  return [...within, ...(name === undefined ? [] : [name])];
}

/** An object in words, as in `client billing of realm prod`. A type that is not known here says itself what it is. */
export function inWords(type: string, attributes: ResourceJson): string {
  const kind = KINDS[type] ?? {
    noun: type.replace(/^[a-z]+_/, "").replaceAll("_", " "),
    name: "name",
    within: OF_REALM,
  };
  const name = kind.name && attributes[kind.name];
  const realm = kind.within?.includes("realm_id") && attributes.realm_id;
  return [
    kind.noun,
    ...(typeof name === "string" ? [name] : []),
    ...(typeof realm === "string" ? [`of realm ${realm}`] : []),
  ].join(" ");
}

/** Whether other objects go with one of this type. */
export function holdsOthers(type: string): boolean {
  return KINDS[type]?.holdsOthers === true;
}
