import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Drifted } from "../../../tools/events/drifted";
import { changesBehind, otherChanges, readChanges } from "../../../tools/events/realm-changes";
import { stackOf, temporaryFolder } from "../parts";
import { eventServer } from "./event-server";

const folder = temporaryFolder();
let server: Awaited<ReturnType<typeof eventServer>>;
beforeEach(async () => {
  server = await eventServer();
  const clients = { "master/clients/console": { clientId: "security-admin-console" } };
  server.keeps.others = { r: { id: "realm-r" }, "master/clients/cli": { clientId: "admin-cli" }, ...clients };
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

const START = Date.now() - 3_600_000;
const at = (minute: number) => START + minute * 60_000;
const event = (minute: number, clientId: "cli" | "console", id = "x") => ({
  time: at(minute),
  operationType: "UPDATE",
  resourceType: "CLIENT",
  resourcePath: `clients/${id}`,
  authDetails: { realmId: "realm-master", clientId, userId: "u", ipAddress: "10.0.0.1" },
});

/** A stack that was deployed at a minute. */
function deployed(name: string, minute: number, url = server.url) {
  const file = join(folder.path, `${name}.tfstate`);
  writeFileSync(file, "{}");
  utimesSync(file, at(minute) / 1000, at(minute) / 1000);
  return stackOf({}, folder.path, name, file, [{ alias: "Keycloak", url }]);
}

const client = (id: string, realm = "r"): Drifted => ({
  address: "keycloak_openid_client.B",
  type: "keycloak_openid_client",
  what: "client b of realm r",
  change: "changed",
  realm,
  attributes: [],
  repair: "sets it back",
  before: { id, realm_id: realm },
});

it("knows who changed what another stack declares in the realm, and takes no deploy of it for a change by hand", async () => {
  const [first, second] = [deployed("first", 10), deployed("second", 20)];
  server.keeps.adminEvents.push(event(5, "console"), event(15, "console", "y"), event(19, "cli"), event(30, "console"));
  const changes = await readChanges([{ ...server.watched, stack: first }], [first, second]);
  const minutes = (list: readonly { readonly time: string }[] = []) =>
    list.map(({ time }) => (Date.parse(time) - START) / 60_000);
  const by = changesBehind(client("x"), second, changes);
  expect(minutes(by)).toEqual([30]);
  expect(minutes(changesBehind(client("y"), first, changes))).toEqual([15]);
  expect(changesBehind(client("y"), second, changes)).toEqual([]); // its own deploy was later
  expect(minutes(otherChanges(changes, new Set(by)))).toEqual([15]);
});

it("keeps two realms of one name apart, on servers of their own", async () => {
  const other = await eventServer();
  try {
    const [here, there] = [deployed("here", 0), deployed("there", 0, other.url)];
    server.keeps.adminEvents.push(event(1, "console"));
    const watched = [server.watched, { ...other.watched, url: other.url, stack: there }];
    const changes = await readChanges(watched, [here, there]);
    expect(changesBehind(client("x"), here, changes)).toHaveLength(1);
    expect(changesBehind(client("x"), there, changes)).toEqual([]);
    expect(otherChanges(changes, new Set())).toHaveLength(1);
    const both = { ...here, json: { ...here.json, provider: { keycloak: watched.map(({ url }) => ({ url })) } } };
    expect(changesBehind(client("x"), both, changes)).toHaveLength(1);
  } finally {
    await other.close();
  }
});

it("asks for nothing of master, and knows nothing of a realm that keeps nothing", async () => {
  const stack = deployed("first", 10);
  server.keeps.config.adminEventsEnabled = false;
  const changes = await readChanges([server.watched, { ...server.watched, realm: "master" }], [stack]);
  expect(changes).toEqual([{ realm: "r", url: server.url, changes: undefined }]);
  expect(changesBehind(client("x"), stack, changes)).toBeUndefined();
  expect(otherChanges(changes, new Set())).toEqual([]);
});
