import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { ROOT } from "../project";
import { EMBEDDED, type Json } from "./server";

/**
 * What keycloak/keycloak 5.9.0 made of a configuration with every resource and data source, on Keycloak 26.4.7: the
 * configuration, and the state without what Keycloak had generated.
 */
export const goldenConfiguration = (): Json => fixture("golden.tf.json");
const goldenState = (): Json[] => fixture("golden.state.json");

function fixture(name: string) {
  return JSON.parse(readFileSync(join(ROOT, "test", "fixtures", "provider", name), "utf8"));
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const addressOf = ({ mode, type, name }: Json) => `${mode === "data" ? "data." : ""}${type}.${name}`;

/** A state without what differs from one server to the next. */
function comparable(attributes: Json): Json {
  const text = JSON.stringify(attributes, (name, value) => {
    // The secret of a client that signs is the one thing kept out of the state on purpose.
    if (["client_secret", "client.secret.creation.time"].includes(name)) return "<generated>";
    if (["kid", "certificate", "public_key", "provider_id"].includes(name)) return "<generated>";
    // A block that is not there: Terraform reads both as none.
    return name === "security_defenses" ? (value ?? []) : value;
  });
  return JSON.parse(text.replaceAll(UUID, "<uuid>"));
}

/** Holds a state against the official one; what data sources see changes with the server, so they count at first only. */
export function expectGolden(state: Map<string, Json>, part: "whole" | "managed" = "whole"): void {
  const golden = new Map(goldenState().map((entry) => [addressOf(entry), entry.values]));
  expect([...state.keys()].sort()).toEqual([...golden.keys()].sort());
  for (const [address, attributes] of state) {
    if (part === "managed" && address.startsWith("data.")) continue;
    expect(comparable(attributes), address).toEqual(comparable(golden.get(address)!));
  }
}

/** The official provider's own state, as if it had been written about the objects that `state` knows. */
export function officialStateOf(state: Map<string, Json>): Json {
  const ids = new Map<string, string>();
  for (const entry of goldenState()) collectIds(entry.values, state.get(addressOf(entry)), ids);
  const text = JSON.stringify(goldenState()).replaceAll(UUID, (id) => ids.get(id) ?? id);
  const resources = JSON.parse(text).map(({ mode, type, name, schema_version, values }: Json) => ({
    mode,
    type,
    name,
    provider: `provider["${EMBEDDED}"]`,
    instances: [{ schema_version, attributes: values, sensitive_attributes: [] }],
  }));
  const lineage = "5f0c1d0e-0000-4000-8000-000000000000";
  return { version: 4, terraform_version: "1.5.0", serial: 1, lineage, outputs: {}, resources };
}

/** Which id of the golden state is which of this server's: they stand at the same places. */
function collectIds(golden: Json, ours: Json | undefined, ids: Map<string, string>): void {
  for (const [name, value] of Object.entries(golden)) {
    const other = ours?.[name];
    if (typeof value !== "string" || typeof other !== "string") continue;
    const [from, to] = [value.match(UUID) ?? [], other.match(UUID) ?? []];
    for (const [index, id] of from.entries()) ids.set(id, to[index]!);
  }
}

/** The import id of each resource in a state, by address. */
export function importIds(state: Map<string, Json>): Map<string, string> {
  const idOf = (type: string, values: Json): string => {
    const { id, realm_id, client_id, client_scope_id, service_account_user_id } = values;
    if (/_mapper$/.test(type) && type !== "keycloak_generic_role_mapper") {
      return `${realm_id}/${client_id ? `client/${client_id}` : `client-scope/${client_scope_id}`}/${id}`;
    }
    if (type === "keycloak_openid_client_service_account_role") {
      return `${realm_id}/${service_account_user_id}/${client_id}/${id.split("/")[1]}`;
    }
    const whole = ["keycloak_realm", "keycloak_realm_events", "keycloak_generic_role_mapper"];
    return whole.includes(type) || /_scopes$|_policy_profile/.test(type) ? id : `${realm_id}/${id}`;
  };
  const managed = [...state].filter(([address]) => !address.startsWith("data."));
  return new Map(managed.map(([address, values]) => [address, idOf(address.split(".")[0]!, values)]));
}
