import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { follow } from "../../../tools/events/follow";
import { recordOutput } from "../parts";
import { eventServer, signIn } from "./event-server";

let server: Awaited<ReturnType<typeof eventServer>>;
beforeEach(async () => {
  server = await eventServer();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

/** Follows until the work is done; gives what was shown and warned of. */
async function following(work: (shown: string[]) => Promise<void>) {
  const interruption = new AbortController();
  const out = recordOutput();
  const shown: string[] = [];
  const ended = follow({
    question: { since: new Date(Date.now() - 60_000), most: 100, refusedOnly: false },
    realms: () => [server.watched],
    show: ({ id }) => void shown.push(id),
    out,
    interruption: interruption.signal,
    everyMs: 20,
  });
  await work(shown);
  interruption.abort();
  await ended;
  return { shown, warned: out.warned };
}

async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !isSo(); await sleep(10)) {
    if (Date.now() > end) throw new Error("it did not come");
  }
}

it("shows each event once, as it comes, and signs in once for many looks", async () => {
  const now = Date.now();
  server.keeps.events.push(signIn(now - 1000, "a"));
  const { shown, warned } = await following(async (shown) => {
    await until(() => shown.length === 1);
    server.keeps.events.push(signIn(now, "b", "invalid_client_credentials"));
    await until(() => shown.length === 2);
    const looks = server.asked.length;
    await until(() => server.asked.length > looks + 6);
  });
  expect(shown).toEqual([`id-${now - 1000}-a`, `id-${now}-b`]);
  expect(warned).toEqual([]);
  expect(server.signIns()).toBe(1);
});

it("waits for a Keycloak that is gone, says so once, and misses nothing", async () => {
  const now = Date.now();
  const { shown, warned } = await following(async (shown) => {
    await until(() => server.asked.length > 2);
    server.keeps.isDown = true;
    await sleep(200);
    server.keeps.events.push(signIn(now, "while it was gone"));
    server.keeps.isDown = false;
    await until(() => shown.length === 1);
  });
  expect(shown).toEqual([`id-${now}-while it was gone`]);
  expect(warned).toHaveLength(2);
  expect(warned[0]).toContain("; waiting for Keycloak");
  expect(warned[1]).toBe("Keycloak answers again");
});

it("shows all that come at once, and of those before no more than were asked for", async () => {
  const now = Date.now();
  server.keeps.events.push(...Array.from({ length: 150 }, (_, i) => signIn(now - 5000 + i, `before${i}`)));
  const { shown, warned } = await following(async (shown) => {
    await until(() => shown.length === 100);
    server.keeps.events.push(...Array.from({ length: 350 }, (_, i) => signIn(now + i, `flood${i}`)));
    await until(() => shown.length >= 450);
    const looks = server.asked.length;
    await until(() => server.asked.length > looks + 6);
  });
  expect(shown).toHaveLength(450);
  expect(shown[0]).toBe(`id-${now - 4950}-before50`);
  expect(warned).toEqual([]);
});

it("says where more came at once than one look reads", async () => {
  const now = Date.now();
  const { warned } = await following(async (shown) => {
    await until(() => server.asked.length > 2);
    server.keeps.events.push(...Array.from({ length: 2500 }, (_, i) => signIn(now + i, `flood${i}`)));
    await until(() => shown.length >= 2000);
  });
  const from = new Date(now + 500).toISOString();
  expect(warned).toEqual([`realm r had more than 2000 at once; some before ${from} are not shown`]);
});

it("misses nothing of a server elsewhere whose clock is behind", async () => {
  const behind = Date.now() - 40_000;
  const { shown } = await following(async (shown) => {
    server.keeps.events.push(signIn(behind, "a"));
    await until(() => shown.length === 1);
    await until(() => server.asked.length > 6);
    server.keeps.events.push(signIn(behind + 100, "b"));
    await until(() => shown.length === 2);
  });
  expect(shown).toEqual([`id-${behind}-a`, `id-${behind + 100}-b`]);
});

it("ends with the interruption, even while Keycloak does not answer", async () => {
  server.keeps.isDown = true;
  const { shown } = await following(() => sleep(100));
  expect(shown).toEqual([]);
});
