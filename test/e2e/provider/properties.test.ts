import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ConnectionSettings } from "../../../provider/admin-api/connection";
import { Keycloak } from "../../../provider/admin-api/keycloak";
import type { ObjectValue } from "../../../provider/protocol/values";
import { connectionSettings } from "../../../provider/provider-block/connection-settings";
import { resources } from "../../../provider/resources";
import { configurations } from "./configurations";
import { Core } from "./core";
import { type Server, sharedServer } from "./server";

/** Each is several configurations of one object, applied one after another: brief here, longer by `./m2m test --long`. */
const FACTOR = Number(process.env.M2M_TEST_RUNS || 1);
const RUNS = 4 * FACTOR;
const TIMEOUT_MS = 300_000 * FACTOR;
const REALM = "properties";

let server: Server;
let settings: ConnectionSettings;
/** With a token at hand: hashing the administrator's password would take most of the time. */
const connect = () => new Keycloak(settings);

const ids = { client: randomUUID(), scope: randomUUID() };
beforeAll(async () => {
  server = await sharedServer();
  await server.admin("POST", "", { realm: REALM, enabled: true });
  const client = { id: ids.client, clientId: "owner", serviceAccountsEnabled: true, protocol: "openid-connect" };
  await server.admin("POST", `/${REALM}/clients`, client);
  const profiles = [{ name: "owner", executors: [] }];
  await server.admin("PUT", `/${REALM}/client-policies/profiles`, { profiles });
  await server.admin("POST", `/${REALM}/client-scopes`, { id: ids.scope, name: "owner", protocol: "openid-connect" });
});
afterAll(() => server.admin("DELETE", `/${REALM}`));

/** Where an object belongs, and what it is called: the rest of its configuration is drawn. */
const GIVEN: { [resource: string]: () => ObjectValue } = {
  keycloak_realm: () => ({ realm: `properties-${randomUUID()}` }),
  keycloak_realm_events: () => ({}),
  keycloak_openid_client: () => ({ client_id: `client-${randomUUID()}` }),
  keycloak_openid_client_scope: () => ({ name: `scope-${randomUUID()}` }),
  keycloak_openid_audience_protocol_mapper: () => ({ client_id: ids.client, name: `mapper-${randomUUID()}` }),
  keycloak_openid_hardcoded_claim_protocol_mapper: () => ({ client_scope_id: ids.scope, name: `m-${randomUUID()}` }),
  keycloak_role: () => ({ name: `role-${randomUUID()}` }),
  keycloak_realm_client_policy_profile: () => ({ name: `profile-${randomUUID()}` }),
  keycloak_realm_client_policy_profile_policy: () => ({ name: `policy-${randomUUID()}`, profiles: ["owner"] }),
  keycloak_realm_keystore_rsa_generated: () => ({ name: `rsa-${randomUUID()}` }),
  keycloak_realm_keystore_ecdsa_generated: () => ({ name: `ec-${randomUUID()}` }),
};

/** What follows from other attributes, and so may change with them. */
const DERIVED = ["client_secret", "service_account_user_id"];

const importId = (core: Core): string => {
  const { name } = core.resource;
  const { id, client_id, client_scope_id, service_account_user_id } = core.state!;
  if (name.startsWith("keycloak_realm") && !name.includes("keystore")) return String(id);
  if (name === "keycloak_generic_role_mapper" || /client_(default|optional)_scopes$/.test(name)) return String(id);
  if (name.endsWith("_mapper")) {
    return `${REALM}/${client_id ? `client/${client_id}` : `client-scope/${client_scope_id}`}/${id}`;
  }
  if (!name.includes("service_account")) return `${REALM}/${id}`;
  const role = String(id).split("/")[1];
  return [REALM, service_account_user_id, ...(client_id ? [client_id] : []), role].join("/");
};

/** Applies configurations one after another; each is applied as planned, and then there is nothing left to do. */
async function applyAll(core: Core, sequence: ObjectValue[]): Promise<void> {
  for (const [index, config] of sequence.entries()) {
    const before = sequence[index - 1];
    const foreseen = before && (await core.plan(config));
    const changes = await core.apply(config);
    if (before) {
      expect(changes).toEqual(foreseen);
      const same = (name: string) => JSON.stringify(before[name]) === JSON.stringify(config[name]);
      expect(changes.filter((name) => same(name) && !DERIVED.includes(name))).toEqual([]);
    }
    expect(await core.plan(config)).toEqual([]);
  }
  // Keycloak does not keep a key without text, so an import does not find it.
  const last = sequence.at(-1)!;
  const hollow = Object.keys(last).filter((name) => Object.values(last[name] ?? {}).includes(""));
  const imported = await core.import(importId(core), last);
  expect(imported.filter((name) => !hollow.includes(name))).toEqual([]);
}

async function withToken(): Promise<void> {
  settings = connectionSettings({ url: server.url, access_token: await server.token() }, {})!;
}

const named = (name: string) => resources.find((resource) => resource.name === name)!;
const parameters = { numRuns: RUNS, endOnFailure: true };

describe("any sequence of configurations", () => {
  const drawn = resources.filter(({ name }) => GIVEN[name]);

  it.each(drawn.map((resource) => [resource.name, resource] as const))(
    "of a %s is applied as planned, settles, is imported as it is, and leaves nothing",
    async (name, resource) => {
      const given = { ...(name !== "keycloak_realm" && { realm_id: REALM }) };
      const sequence = fc.array(configurations(resource, given), { minLength: 2, maxLength: 3 });
      const property = fc.asyncProperty(sequence, async (drawn) => {
        await withToken();
        const core = new Core(resource, connect);
        const own = GIVEN[name]!();
        await applyAll(
          core,
          drawn.map((one) => ({ ...one, ...own })),
        );
        await core.destroy();
        // The event settings of a realm cannot be removed, only reset.
        if (name !== "keycloak_realm_events") expect(await core.exists()).toBe(false);
      });
      await fc.assert(property, parameters);
    },
    TIMEOUT_MS,
  );

  it.each([
    ["keycloak_openid_client_default_scopes", "default_scopes", () => ({ client_id: ids.client })],
    ["keycloak_openid_client_optional_scopes", "optional_scopes", () => ({ client_id: ids.client })],
    ["keycloak_realm_default_client_scopes", "default_scopes", () => ({})],
    ["keycloak_realm_optional_client_scopes", "optional_scopes", () => ({})],
  ])(
    "of %s is applied as planned, settles, is imported as it is, and leaves none of them",
    async (name, list, given) => {
      const scopes = fc.subarray(["basic", "profile", "email", "roles", "address", "phone", "owner"]);
      const property = fc.asyncProperty(fc.array(scopes, { minLength: 2, maxLength: 3 }), async (drawn) => {
        await withToken();
        const core = new Core(named(name), connect);
        await applyAll(
          core,
          drawn.map((names) => ({ realm_id: REALM, ...given(), [list]: names })),
        );
        await core.destroy();
        // The list is the whole truth: without it the server has none.
        expect(await core.plan({ realm_id: REALM, ...given(), [list]: [] })).toEqual([]);
      });
      await fc.assert(property, parameters);
    },
    TIMEOUT_MS,
  );
});

describe("a role given", () => {
  it.each([
    ["keycloak_generic_role_mapper", "to a client", { client: true }, () => ({ client_id: ids.client })],
    ["keycloak_generic_role_mapper", "to a client scope", { client: false }, () => ({ client_scope_id: ids.scope })],
    ["keycloak_openid_client_service_account_role", "to a service account", { client: true }, () => ({})],
    ["keycloak_openid_client_service_account_realm_role", "to a service account", { client: false }, () => ({})],
  ])("by a %s %s settles, is imported as it is, and is taken away alone", async (name, _, { client }, given) => {
    await withToken();
    const [role, other] = [`given-${randomUUID()}`, `kept-${randomUUID()}`];
    const place = client ? `/clients/${ids.client}` : "";
    for (const one of [role, other]) await server.admin("POST", `/${REALM}${place}/roles`, { name: one });
    const user = await server.admin("GET", `/${REALM}/clients/${ids.client}/service-account-user`);
    const configOf = async (roleName: string): Promise<ObjectValue> => {
      if (name === "keycloak_generic_role_mapper") {
        const { id } = await server.admin("GET", `/${REALM}${place}/roles/${roleName}`);
        return { realm_id: REALM, role_id: id, ...given() };
      }
      const owner = { realm_id: REALM, service_account_user_id: user.id, role: roleName };
      return client ? { ...owner, client_id: ids.client } : owner;
    };
    const [core, kept] = [new Core(named(name), connect), new Core(named(name), connect)];
    await applyAll(kept, [await configOf(other)]);
    await applyAll(core, [await configOf(role)]);
    await core.destroy();
    expect(await core.exists()).toBe(false);
    expect(await kept.exists()).toBe(true);
  });
});
