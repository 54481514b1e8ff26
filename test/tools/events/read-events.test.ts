import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { gaps, type Question, readSightings } from "../../../tools/events/read-events";
import { withAdminApi } from "../../../tools/keycloak/admin-api";
import { fakeProgram, temporaryFolder } from "../parts";
import { eventServer, signIn } from "./event-server";

const folder = temporaryFolder();
let server: Awaited<ReturnType<typeof eventServer>>;
beforeEach(async () => {
  server = await eventServer();
  vi.stubEnv("PATH", `${folder.path}:/usr/bin:/bin`);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

const HOUR = 3_600_000;
const logs = [{ kind: "container", name: "keycloak", id: "a1" }] as const;
const question = (change: Partial<Question> = {}): Question => ({
  since: new Date(Date.now() - HOUR),
  most: 100,
  refusedOnly: false,
  ...change,
});
const read = (change?: Partial<Question>, watched = server.watched) =>
  withAdminApi(server.stack, "Keycloak", (ask) => readSightings(ask, watched, question(change)));
const gapsOf = (watched = server.watched) => withAdminApi(server.stack, "Keycloak", (ask) => gaps(ask, watched));

describe("what is read", () => {
  it("is bounded: the latest ones, page by page, by Keycloak's own filter of time", async () => {
    const now = Date.now();
    server.keeps.events.push(...Array.from({ length: 600 }, (_, i) => signIn(now - i * 10, `j${i}`)));
    const found = await read({ most: 450 });
    expect(found).toHaveLength(450);
    expect(found.at(-1)?.time).toBe(new Date(now).toISOString());
    const pages = server.asked.filter(({ pathname }) => pathname.endsWith("/events"));
    expect(pages.map(({ searchParams: at }) => [at.get("first"), at.get("max")])).toEqual([
      ["0", "200"],
      ["200", "200"],
      ["400", "50"],
    ]);
    expect(Number(pages[0]?.searchParams.get("dateFrom"))).toBeGreaterThan(now - HOUR - 60_000);
  });

  it("is of one client, and of refusals alone, where that is asked", async () => {
    const now = Date.now();
    server.keeps.events.push(signIn(now - 3, "a"), signIn(now - 2, "b", "client_disabled"));
    server.keeps.events.push({ ...signIn(now - 1, "c", "client_disabled"), clientId: "other" });
    expect((await read({ client: "m" })).map(({ outcome }) => outcome)).toEqual(["granted", "refused"]);
    expect((await read({ refusedOnly: true })).map(({ client }) => client)).toEqual(["m", "other"]);
  });

  it("finds a refusal before many grants, where there is no log", async () => {
    const now = Date.now();
    server.keeps.events.push(signIn(now - 60_000, "used"), signIn(now - 50_000, "used", "invalid_client_credentials"));
    server.keeps.events.push(...Array.from({ length: 30 }, (_, i) => signIn(now - i, `j${i}`)));
    expect((await read({ refusedOnly: true, most: 20 })).map(({ outcome }) => outcome)).toEqual(["refused"]);
    expect(await read({ refusedOnly: true, most: 40 })).toMatchObject([{ cause: "replay" }]);
  });

  it("tells each event once, even if others come while pages are read", async () => {
    const now = Date.now();
    server.keeps.events.push(...Array.from({ length: 300 }, (_, i) => signIn(now - 1000 - i, `j${i}`)));
    server.onPage = (first) => void (first === 0 && server.keeps.events.push(signIn(now, "meanwhile")));
    const found = await read({ most: 1000 });
    expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
    expect(found).toHaveLength(300);
  });

  it("takes the reason from the container's log, of the same time", async () => {
    const now = Date.now();
    const at = new Date(now).toISOString();
    server.keeps.events.push(signIn(now, "j", "invalid_client_credentials"));
    const log = [
      `${at} x y ERROR [org.keycloak.services] (t-1) KC-SERVICES0025: Signature on JWT token failed validation`,
      `${at} x y WARN  [org.keycloak.events] (t-1) type="CLIENT_LOGIN_ERROR", realmName="r", clientId="m", error="invalid_client_credentials", client_assertion_id="j"`,
    ];
    const docker = fakeProgram(folder.path, "docker", `cat <<'LOG'\n${log.join("\n")}\nLOG`);
    expect(await read({}, { ...server.watched, logs })).toMatchObject([{ cause: "wrong-key", knownBy: "log" }]);
    expect(docker.calls()[0]).toMatch(/^logs --timestamps --since 20\S+Z --tail 200000 a1$/);
  });

  it("is the log alone where the realm keeps nothing", async () => {
    server.keeps.config.eventsEnabled = false;
    server.keeps.events.push(signIn(Date.now(), "j"));
    const line = `$(date -u +%Y-%m-%dT%H:%M:%SZ) x y WARN  [org.keycloak.events] (t-1) type=\\"CLIENT_LOGIN_ERROR\\", realmName=\\"r\\", clientId=\\"m\\", error=\\"client_disabled\\"`;
    fakeProgram(folder.path, "docker", `echo "${line}"`);
    const found = await read({}, { ...server.watched, logs });
    expect(found).toMatchObject([{ client: "m", cause: "client-disabled" }]);
  });
});

describe("what is not known", () => {
  it("is said, with what to declare", async () => {
    expect(await gapsOf({ ...server.watched, logs })).toEqual([]);
    expect((await gapsOf())[0]).toMatch(/^the log of realm r is not of a container here/);
    server.keeps.config.eventsEnabled = false;
    expect(await gapsOf()).toEqual([
      "realm r keeps no login events: declare `loginEventsSeconds`, and run `m2m up`; nothing is known of it",
    ]);
    expect((await gapsOf({ ...server.watched, logs }))[0]).toContain("its server's log tells of refusals alone");
  });

  it("is said where the login may not see it, but not of master, which has no machines", async () => {
    server.keeps.isForbidden = true;
    expect((await gapsOf())[0]).toMatch(/^the events of realm r are not for this login to see/);
    expect(await gapsOf({ ...server.watched, realm: "master" })).toEqual([]);
  });
});
