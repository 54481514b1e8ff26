import { isKeyDescription, tellsOfKeys } from "../../constructs/contract/client-keys";
import type { ChangedAttribute } from "../engines/changed-attributes";
import type { Access, Role } from "../grants/model";
import { REALM } from "../grants/model";
import { attributeInWords } from "./attribute-words";
import type { Client, Directory } from "./directory";
import { keyChanges, keysInWords } from "./key-words";
import type { Touched } from "./worlds";

/** What a reviewer has to know of a client that is made. */
export function newClient(client: Client, directory: Directory): string[] {
  const { settings } = client;
  const signs = settings.client_authenticator_type === "client-jwt";
  const calls = [...client.access].map(([api, access]) => apiInWords(api, itemsOf(access, client.realm, directory)));
  return [
    ...(signs ? keysInWords(settings) : [methodOf(client)]),
    ...(client.boundTo === "nothing" ? [] : [bindingInWords(client.boundTo)]),
    ...(isSet(settings.access_token_lifespan) ? [`tokens valid for ${settings.access_token_lifespan} s`] : []),
    ...(settings.enabled === false ? ["disabled"] : []),
    ...usersFlows(settings),
    ...(signs && client.hasFullScope ? ["every role of its account in its tokens"] : []),
    ...(client.otherMappers.size > 0 ? [`claims ${[...client.otherMappers].join(", ")}`] : []),
    ...rolesInWords(rolesOutside(client)),
    ...(calls.length > 0 ? [`may call ${calls.join(", ")}`] : []),
  ];
}

function methodOf({ settings }: Client): string {
  if (settings.access_type === "PUBLIC") return "public: proves nothing";
  return `signs in by ${settings.client_authenticator_type ?? "client-secret"}`;
}

const FLOWS: Readonly<Record<string, string>> = {
  standard_flow_enabled: "users sign in by the standard flow",
  implicit_flow_enabled: "users sign in by the implicit flow",
  direct_access_grants_enabled: "users sign in by their passwords",
  oauth2_device_authorization_grant_enabled: "users sign in by devices",
};

function usersFlows(settings: Client["settings"]): string[] {
  return Object.entries(FLOWS).flatMap(([name, text]) => (settings[name] === true ? [text] : []));
}

function bindingInWords(to: Client["boundTo"]): string {
  if (to === "nothing") return "tokens bound to nothing";
  return to === "dpop" ? "tokens bound by DPoP" : "tokens bound to a certificate";
}

/** Roles that are no access: its tokens do not carry them, or carry every one. */
function rolesOutside({ roles, access }: Client): Role[] {
  return roles.filter(({ owner, name }) => !access.get(owner ?? REALM)?.roles.has(name));
}

function rolesInWords(roles: readonly Role[]): string[] {
  const owners = new Map<string, string[]>();
  for (const { owner, name } of roles) {
    const of = owner === undefined ? " of the realm" : owner === "" ? "" : ` of ${owner}`;
    owners.set(of, [...new Set([...(owners.get(of) ?? []), name])]);
  }
  return [...owners].map(([of, names]) => `${names.length === 1 ? "role" : "roles"} ${names.join(", ")}${of}`);
}

/** What somebody may do at an API, as items: a scope that does nothing but let a call through has no name here. */
export function itemsOf(access: Access, realm: string, directory: Directory): string[] {
  const scopes = [...access.scopes].map(([name, way]) => {
    const shown = directory.isNamed(realm, name) ? name : "";
    return way === "optional" ? `${shown || "the call"} (optional)` : shown;
  });
  const mappers = [...access.mappers].map((name) => `by the mapper ${name}`);
  return [...scopes.filter(Boolean), ...[...access.roles].map((name) => `role ${name}`), ...mappers];
}

/** An API and what may be done there, as in `orders (orders:read, role clerk)`. */
function apiInWords(api: string, items: readonly string[]): string {
  return items.length === 0 ? api : `${api} (${items.join(", ")})`;
}

/** What changes in the attributes of a client, and what its machine is locked out until. */
export function changedClient(touched: Touched, was: Client, is: Client): { words: string[]; lockedOut?: string } {
  const { words: keyWords, isLockedOut } = keyChanges(was.settings, is.settings);
  const areKeysTold = keyWords.length > 0;
  const isRenamed = was.clientId !== is.clientId;
  const renamed = isRenamed ? [`called ${was.clientId} before`] : [];
  const binding = was.boundTo === is.boundTo ? [] : [`${bindingInWords(is.boundTo)} (were bound to ${was.boundTo})`];
  const others = touched.attributes
    .filter(({ name }) => !(areKeysTold && isToldByKeys(name, was, is)))
    .filter(({ name }) => !(isRenamed && isToldByClientId(name, was, is)))
    .filter(({ name }) => binding.length === 0 || !BINDINGS.test(name))
    .map((attribute) => attributeOfClient(attribute, was));
  const lockedOut = isRenamed ? "it uses the new client id" : isLockedOut ? "it signs with another key" : undefined;
  return { words: [...renamed, ...keyWords, ...binding, ...others], ...(lockedOut !== undefined && { lockedOut }) };
}

function isToldByClientId(name: string, was: Client, is: Client): boolean {
  const isName = was.settings.name === was.settings.client_id && is.settings.name === is.settings.client_id;
  return name === "client_id" || (name === "name" && isName);
}

const BINDINGS = /^(require_dpop_bound_tokens|extra_config\.(tls|dpop)\..*bound.*)$/;

function isToldByKeys(name: string, was: Client, is: Client): boolean {
  if (name === "description")
    return isKeyDescription(was.settings.description) && isKeyDescription(is.settings.description);
  const [, attribute] = /^extra_config\.(.+)$/.exec(name) ?? [];
  return attribute !== undefined && tellsOfKeys(attribute);
}

/** The values of a key's attributes are of no use to a reader. */
function attributeOfClient(attribute: ChangedAttribute, was: Client): string {
  const { name, after } = attribute;
  if (name === "description" && isKeyDescription(was.settings.description)) {
    return `description names its keys no longer, but is ${after}`;
  }
  const [, own] = /^extra_config\.(.+)$/.exec(name) ?? [];
  if (own !== undefined && tellsOfKeys(own)) return `${own} changes`;
  return attributeInWords("keycloak_openid_client", attribute);
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}
