import { describe, expect, it } from "vitest";
import type { AdminEvent, Change } from "../../../tools/events/admin-events";
import type { Drifted } from "../../../tools/events/drifted";
import { explains } from "../../../tools/events/tie";

const changed = (event: Omit<AdminEvent, "time">): Change => ({
  time: "2026-11-30T01:00:00.000Z",
  who: "ann",
  client: "security-admin-console",
  from: "10.0.0.1",
  asTerraform: false,
  event: { time: 0, ...event },
});
const drifted = (type: string, before: Record<string, unknown>): Drifted => ({
  address: `${type}.X`,
  type,
  what: "",
  change: "changed",
  realm: "r",
  attributes: [],
  repair: "sets it back",
  before,
});

const client = drifted("keycloak_openid_client", { id: "u-1", client_id: "b" });
const scopes = drifted("keycloak_openid_client_default_scopes", { id: "r/u-1", client_id: "u-1" });
const mapper = drifted("keycloak_openid_audience_protocol_mapper", { id: "m-1", client_scope_id: "s-1" });
const role = drifted("keycloak_role", { id: "x", client_id: "u-1", name: "reader" });
const realm = drifted("keycloak_realm", { id: "r", realm: "r" });

describe("a change explains why an object differs", () => {
  it.each<[string, Omit<AdminEvent, "time">, Drifted]>([
    ["a client", { operationType: "UPDATE", resourceType: "CLIENT", resourcePath: "clients/u-1" }, client],
    [
      "its scopes",
      {
        operationType: "DELETE",
        resourceType: "CLIENT_SCOPE_CLIENT_MAPPING",
        resourcePath: "clients/u-1/default-client-scopes/s-1",
      },
      scopes,
    ],
    [
      "a mapper",
      {
        operationType: "UPDATE",
        resourceType: "PROTOCOL_MAPPER",
        resourcePath: "client-scopes/s-1/protocol-mappers/models/m-1",
      },
      mapper,
    ],
    [
      "a role",
      { operationType: "DELETE", resourceType: "CLIENT_ROLE", resourcePath: "clients/u-1/roles/reader" },
      role,
    ],
    ["a realm, which has no path", { operationType: "UPDATE", resourceType: "REALM" }, realm],
    [
      "what went with a client",
      { operationType: "DELETE", resourceType: "CLIENT", resourcePath: "clients/u-1" },
      scopes,
    ],
  ])("%s", (_, event, one) => {
    expect(explains(changed(event), one)).toBe(true);
  });

  it.each<[string, Omit<AdminEvent, "time">, Drifted]>([
    ["another client", { operationType: "UPDATE", resourceType: "CLIENT", resourcePath: "clients/u-2" }, client],
    ["another kind", { operationType: "UPDATE", resourceType: "CLIENT", resourcePath: "clients/u-1" }, scopes],
    ["the realm for a client", { operationType: "UPDATE", resourceType: "REALM" }, client],
    [
      "a container, which is in no realm",
      { operationType: "UPDATE", resourceType: "CLIENT", resourcePath: "clients/u-1" },
      { ...client, realm: undefined },
    ],
  ])("but not %s", (_, event, one) => {
    expect(explains(changed(event), one)).toBe(false);
  });
});
