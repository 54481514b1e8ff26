import type { Ask } from "./admin-api";

type Values = Readonly<Record<string, unknown>>;
type Found = Readonly<Record<string, unknown>>;

/** How an object is found in Keycloak by what the code says of it, and the id by which Terraform takes it over. */
type Finder = (values: Values, ask: Ask) => Promise<string | undefined>;

/**
 * The types of which Keycloak refuses a second object of the same identity, or would have two of it. All others are
 * settings of something, which can be made twice.
 */
const FINDERS: Readonly<Record<string, Finder>> = {
  keycloak_realm: async ({ realm }, ask) => ((await ask(text(realm))).status === 200 ? text(realm) : undefined),
  keycloak_openid_client: ({ realm_id, client_id: clientId }, ask) =>
    idIn(text(realm_id), ask(text(realm_id), "clients", query({ clientId })), { clientId }),
  keycloak_openid_client_scope: ({ realm_id, name }, ask) =>
    idIn(text(realm_id), ask(text(realm_id), "client-scopes"), { name }),
  keycloak_openid_audience_protocol_mapper: mapper,
  keycloak_openid_hardcoded_claim_protocol_mapper: mapper,
  keycloak_role: ({ realm_id, client_id, name }, ask) => {
    const owner = client_id ? ["clients", text(client_id)] : [];
    return idIn(text(realm_id), ask(text(realm_id), ...owner, "roles", query({ search: name })), { name });
  },
  keycloak_realm_client_policy_profile: policyPart("profiles", "realm-client-policy-profiles"),
  keycloak_realm_client_policy_profile_policy: policyPart("policies", "realm-client-policy-profile-policies"),
  keycloak_realm_keystore_rsa_generated: keystore,
  keycloak_realm_keystore_ecdsa_generated: keystore,
};

/** Whether an object of this type can be in the way of another. */
export function isUnique(type: string): boolean {
  return FINDERS[type] !== undefined;
}

/** The import id of the object that is in Keycloak already; `undefined` if there is none, or nothing is told of it. */
export async function importIdOf(type: string, values: Values, ask: Ask): Promise<string | undefined> {
  try {
    return await FINDERS[type]?.(values, ask);
  } catch (error) {
    if (error instanceof NotKnown) return undefined;
    throw error;
  }
}

/** What belongs to an object that is itself not made yet. */
class NotKnown extends Error {}

function text(value: unknown): string {
  if (typeof value !== "string" || value === "") throw new NotKnown();
  return value;
}

function query(parameters: Readonly<Record<string, unknown>>): string {
  const texts = Object.entries(parameters).map(([name, value]) => [name, text(value)] as const);
  return `?${new URLSearchParams(Object.fromEntries(texts))}`;
}

async function idIn(prefix: string, answer: ReturnType<Ask>, wanted: Values): Promise<string | undefined> {
  const { body } = await answer;
  const list = (Array.isArray(body) ? body : []) as Found[];
  const found = list.find((one) => Object.entries(wanted).every(([name, value]) => one[name] === value));
  return found && `${prefix}/${found.id}`;
}

async function mapper({ realm_id, client_id, client_scope_id, name }: Values, ask: Ask): Promise<string | undefined> {
  const realm = text(realm_id);
  const [kind, path, parent] = client_scope_id
    ? (["client-scope", "client-scopes", text(client_scope_id)] as const)
    : (["client", "clients", text(client_id)] as const);
  return await idIn(`${realm}/${kind}/${parent}`, ask(realm, path, parent, "protocol-mappers", "models"), { name });
}

async function keystore({ realm_id, name }: Values, ask: Ask): Promise<string | undefined> {
  const asked = query({ name, type: "org.keycloak.keys.KeyProvider" });
  return await idIn(text(realm_id), ask(text(realm_id), "components", asked), { name });
}

/** A client profile or a client policy: its name says which it is. */
function policyPart(document: "profiles" | "policies", segment: string): Finder {
  return async ({ realm_id, name }, ask) => {
    const realm = text(realm_id);
    const { body } = await ask(realm, "client-policies", document);
    const list = ((body as Record<string, Found[] | undefined> | undefined)?.[document] ?? []) as Found[];
    return list.some((one) => one.name === name) ? `${realm}/${segment}/${text(name)}` : undefined;
  };
}
