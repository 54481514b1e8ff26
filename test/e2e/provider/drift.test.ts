import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configuration, REALM } from "./drift-configuration";
import { type Json, type Server, sharedServer } from "./server";
import { type PlannedChange, Workspace } from "./workspace";

const OWNER = `/${REALM}`;

/** What somebody does by hand, and what the plan then has to show: an attribute, or the object made again. */
interface Drift {
  readonly name: string;
  readonly address: string;
  readonly shows: string | "create";
  byHand(): Promise<unknown>;
}

let server: Server;
let workspace: Workspace;
let planned: PlannedChange[];

const idOf = (address: string) => workspace.state().get(address)!.id as string;

/** Changes an object by hand: read, changed, written, as the admin console does. */
async function edit(path: string, change: Json | ((before: Json) => Json)): Promise<void> {
  const before = await server.admin("GET", path);
  await server.admin("PUT", path, { ...before, ...(typeof change === "function" ? change(before) : change) });
}

const scopeId = async (name: string) =>
  (await server.admin("GET", `${OWNER}/client-scopes`)).find((scope: Json) => scope.name === name).id as string;

function client(name: string, shows: string, change: Json): Drift {
  const address = `keycloak_openid_client.${name}`;
  const byHand = () =>
    edit(`${OWNER}/clients/${idOf(address)}`, ({ attributes }) =>
      "attributes" in change ? { attributes: { ...attributes, ...change.attributes } } : change,
    );
  return { name: `client: ${name}`, address, shows, byHand };
}

function scopes(kind: "default" | "optional", name: string, byHand: (client: string) => Promise<unknown>): Drift {
  const address = `keycloak_openid_client_${kind}_scopes.${name}`;
  const id = () => idOf(`keycloak_openid_client.${name}`);
  return { name: `${kind} scopes: ${name}`, address, shows: `${kind}_scopes`, byHand: () => byHand(id()) };
}

function mapper(type: string, name: string, shows: string, change: Json | "delete"): Drift {
  const address = `keycloak_openid_${type}_protocol_mapper.${name}`;
  const path = () => {
    const scope = idOf(`keycloak_openid_client_scope.${name}`);
    return `${OWNER}/client-scopes/${scope}/protocol-mappers/models/${idOf(address)}`;
  };
  const byHand = () =>
    change === "delete"
      ? server.admin("DELETE", path())
      : edit(path(), ({ config }) => ({ config: { ...config, ...change } }));
  return { name: `mapper: ${name}`, address, shows, byHand };
}

/** A change of one entry of a realm's client policies, which Keycloak reads and writes whole. */
function policy(document: "profiles" | "policies", name: string, shows: string, change: Json | "delete"): Drift {
  const type = document === "profiles" ? "profile" : "profile_policy";
  const byHand = () =>
    edit(`${OWNER}/client-policies/${document}`, ({ [document]: entries }) => ({
      [document]: entries.flatMap((entry: Json) =>
        entry.name !== name ? [entry] : change === "delete" ? [] : [{ ...entry, ...change }],
      ),
    }));
  return {
    name: `client ${document}: ${name}`,
    address: `keycloak_realm_client_policy_${type}.${name}`,
    shows,
    byHand,
  };
}

function role(name: string, shows: string, byHand: (path: string) => Promise<unknown>): Drift {
  const address = `keycloak_role.${name}`;
  return { name: `role: ${name}`, address, shows, byHand: () => byHand(`${OWNER}/roles-by-id/${idOf(address)}`) };
}

const other = (name: string, address: string, shows: string, byHand: () => Promise<unknown>): Drift => ({
  name,
  address,
  shows,
  byHand,
});
const component = (kind: string) => `${OWNER}/components/${idOf(`keycloak_realm_keystore_${kind}_generated.k`)}`;
const serviceAccount = () => workspace.state().get("keycloak_openid_client.flow")!.service_account_user_id as string;

const DRIFTS: Drift[] = [
  policy("profiles", "one", "executor", { executors: [] }),
  policy("profiles", "profile_gone", "create", "delete"),
  policy("policies", "enabled", "enabled", { enabled: false }),
  policy("policies", "condition", "condition", { conditions: [{ condition: "any-client", configuration: {} }] }),
  other("realm: its name for people", "keycloak_realm.r", "display_name", () =>
    edit(OWNER, { displayName: "by hand" }),
  ),
  other("realm: life of its tokens", "keycloak_realm.r", "access_token_lifespan", () =>
    edit(OWNER, { accessTokenLifespan: 77 }),
  ),
  other("realm: its address", "keycloak_realm.r", "attributes", () =>
    edit(OWNER, ({ attributes }) => ({ attributes: { ...attributes, frontendUrl: "https://b.example" } })),
  ),
  other("realm: its protection", "keycloak_realm.protected", "security_defenses", () =>
    edit("/drift-protected", { bruteForceProtected: false }),
  ),
  other("events: how long they are kept", "keycloak_realm_events.e", "events_expiration", () =>
    edit(`${OWNER}/events/config`, { eventsExpiration: 5 }),
  ),
  other("events: which are kept", "keycloak_realm_events.e", "enabled_event_types", () =>
    edit(`${OWNER}/events/config`, { enabledEventTypes: ["LOGIN"] }),
  ),
  other("realm's default scopes", "keycloak_realm_default_client_scopes.d", "default_scopes", async () =>
    server.admin("DELETE", `${OWNER}/default-default-client-scopes/${await scopeId("email")}`),
  ),
  other("realm's optional scopes", "keycloak_realm_optional_client_scopes.o", "optional_scopes", async () =>
    server.admin("PUT", `${OWNER}/default-optional-client-scopes/${await scopeId("phone")}`),
  ),
  other("keys: their rank", "keycloak_realm_keystore_rsa_generated.k", "priority", () =>
    edit(component("rsa"), ({ config }) => ({ config: { ...config, priority: ["500"] } })),
  ),
  other("keys: deleted", "keycloak_realm_keystore_ecdsa_generated.k", "create", () =>
    server.admin("DELETE", component("ecdsa")),
  ),
  client("description", "description", { description: "by hand" }),
  client("disabled", "enabled", { enabled: false }),
  client("flow", "standard_flow_enabled", { standardFlowEnabled: true }),
  client("jwks_url", "extra_config", { attributes: { "use.jwks.url": "true", "jwks.url": "https://by.hand/keys" } }),
  client("jwks_string", "extra_config", { attributes: { "use.jwks.string": "true", "jwks.string": '{"keys":[]}' } }),
  client("x509", "extra_config", { attributes: { "x509.subjectdn": "CN=by-hand" } }),
  client("life", "extra_config", { attributes: { "token.endpoint.auth.signing.max.exp": "3600" } }),
  client("algorithm", "extra_config", { attributes: { "token.endpoint.auth.signing.alg": "PS256" } }),
  client("certificate", "extra_config", { attributes: { "jwt.credential.certificate": "AAAA" } }),
  client("authenticator", "client_authenticator_type", { clientAuthenticatorType: "client-secret" }),
  client("full_scope", "full_scope_allowed", { fullScopeAllowed: true }),
  other("client: deleted", "keycloak_openid_client.deleted", "create", () =>
    server.admin("DELETE", `${OWNER}/clients/${idOf("keycloak_openid_client.deleted")}`),
  ),
  scopes("default", "scope_lost", async (id) =>
    server.admin("DELETE", `${OWNER}/clients/${id}/default-client-scopes/${await scopeId("email")}`),
  ),
  scopes("default", "scope_added", async (id) =>
    server.admin("PUT", `${OWNER}/clients/${id}/default-client-scopes/${await scopeId("roles")}`),
  ),
  scopes("optional", "optional", async (id) =>
    server.admin("DELETE", `${OWNER}/clients/${id}/optional-client-scopes/${await scopeId("address")}`),
  ),
  other("scope: not in tokens", "keycloak_openid_client_scope.included", "include_in_token_scope", () =>
    edit(`${OWNER}/client-scopes/${idOf("keycloak_openid_client_scope.included")}`, ({ attributes }) => ({
      attributes: { ...attributes, "include.in.token.scope": "false" },
    })),
  ),
  other("scope: deleted", "keycloak_openid_client_scope.gone", "create", () =>
    server.admin("DELETE", `${OWNER}/client-scopes/${idOf("keycloak_openid_client_scope.gone")}`),
  ),
  mapper("audience", "audience", "included_custom_audience", { "included.custom.audience": "by-hand" }),
  mapper("audience", "mapper_gone", "create", "delete"),
  mapper("hardcoded_claim", "claim", "claim_value", { "claim.value": "by hand" }),
  role("described", "description", (path) => edit(path, { description: "by hand" })),
  role("attribute", "attributes", (path) => edit(path, { attributes: { k: ["by hand"] } })),
  role("composite", "composite_roles", async (path) =>
    server.admin("POST", `${path}/composites`, [await server.admin("GET", `${OWNER}/roles/offline_access`)]),
  ),
  role("role_gone", "create", (path) => server.admin("DELETE", path)),
  other("role taken from a client", "keycloak_generic_role_mapper.m", "create", async () =>
    server.admin("DELETE", `${OWNER}/clients/${idOf("keycloak_openid_client.flow")}/scope-mappings/realm`, [
      await server.admin("GET", `${OWNER}/roles/given`),
    ]),
  ),
  other(
    "realm role taken from a service account",
    "keycloak_openid_client_service_account_realm_role.s",
    "create",
    async () =>
      server.admin("DELETE", `${OWNER}/users/${serviceAccount()}/role-mappings/realm`, [
        await server.admin("GET", `${OWNER}/roles/given`),
      ]),
  ),
  other(
    "client role taken from a service account",
    "keycloak_openid_client_service_account_role.s",
    "create",
    async () => {
      const id = idOf("keycloak_openid_client.optional");
      const found = await server.admin("GET", `${OWNER}/clients/${id}/roles/of_client`);
      return server.admin("DELETE", `${OWNER}/users/${serviceAccount()}/role-mappings/clients/${id}`, [found]);
    },
  ),
];

beforeAll(async () => {
  server = await sharedServer();
  workspace = new Workspace(server);
  await workspace.write(configuration());
  const { exitCode, output } = await workspace.apply();
  expect(exitCode, output).toBe(0);
  expect(await workspace.plan()).toEqual([]);
  for (const drift of DRIFTS) await drift.byHand();
  planned = await workspace.plan();
});

afterAll(async () => {
  await workspace.destroy();
  workspace.remove();
});

describe("a change by hand", () => {
  it.each(DRIFTS)("$name is found", ({ address, shows }) => {
    const change = planned.find((one) => one.address === address);
    if (shows === "create") expect(change?.actions).toEqual(["create"]);
    else expect(change).toMatchObject({ actions: ["update"], attributes: expect.arrayContaining([shows]) });
  });

  it("is the only thing that the plan shows", () => {
    expect(planned.map(({ address }) => address).sort()).toEqual(
      [...new Set(DRIFTS.map(({ address }) => address))].sort(),
    );
  });

  it("is repaired by one apply", async () => {
    const { exitCode, output } = await workspace.apply();
    expect(exitCode, output).toBe(0);
    expect(await workspace.plan()).toEqual([]);
  });
});
