import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { changesSince } from "../../../tools/events/admin-events";
import { withAdminApi } from "../../../tools/keycloak/admin-api";
import { eventServer } from "./event-server";

let server: Awaited<ReturnType<typeof eventServer>>;
beforeEach(async () => {
  server = await eventServer();
  server.keeps.others = {
    r: { id: "realm-r" },
    "master/clients/c-1": { clientId: "security-admin-console" },
    "master/clients/c-2": { clientId: "admin-cli" },
    "master/users/u-1": { username: "admin" },
    "r/clients/c-3": { clientId: "terraform" },
  };
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

const SINCE = new Date("2026-11-30T01:00:00Z");
const event = (minute: number, clientId: string, realmId = "realm-master") => ({
  time: SINCE.getTime() + minute * 60_000,
  operationType: "UPDATE",
  resourceType: "CLIENT",
  resourcePath: "clients/x",
  authDetails: { realmId, clientId, userId: "u-1", ipAddress: "10.0.0.1" },
});
const changes = (login = {}) => withAdminApi(server.stack, "Keycloak", (ask) => changesSince(ask, "r", SINCE, login));

it("names who changed something and by which client, and tells how Terraform signs in", async () => {
  server.keeps.adminEvents.push(event(-1, "c-1"), event(1, "c-1"), event(2, "c-2"));
  const found = (await changes())!;
  expect(found.map(({ time, who, client, asTerraform }) => [time, who, client, asTerraform])).toEqual([
    ["2026-11-30T01:02:00.000Z", "admin", "admin-cli", true],
    ["2026-11-30T01:01:00.000Z", "admin", "security-admin-console", false],
  ]);
});

it("tells a deployer's client from the administrator's", async () => {
  server.keeps.adminEvents.push(event(1, "c-2"), event(2, "c-3", "realm-r"));
  const found = (await changes({ client_id: "terraform" }))!;
  expect(found.map(({ client, asTerraform }) => [client, asTerraform])).toEqual([
    ["terraform", true],
    ["admin-cli", false],
  ]);
});

it("gives the ids of whoever is gone, or is not this login's to see", async () => {
  server.keeps.adminEvents.push(event(1, "c-9"));
  server.keeps.others = {};
  expect(await changes()).toMatchObject([{ who: "u-1", client: "c-9" }]);
});

it("is not known where the realm keeps no such events", async () => {
  server.keeps.config.adminEventsEnabled = false;
  expect(await changes()).toBeUndefined();
});
