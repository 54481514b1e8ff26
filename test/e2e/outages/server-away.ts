import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  createGuard,
  createIntrospector,
  createVerifier,
  expressGuard,
  type TokenClient,
  verifyBoth,
} from "../../../machines";
import { API, type Realm, timed } from "./realm";

/** Far less than the time-out of 5 s, and far more than a call takes that has its token already. */
const QUICK_MS = 1000;
/** A token of 20 s is refreshed after a twentieth to a tenth of its life: after this long it is due. */
const DUE_MS = 3500;

/** Keycloak hangs, is killed, or is stopped. */
export function serverAway(realm: Realm): void {
  /** An API's two ways to verify tokens. */
  function verifiers() {
    const issuer = realm.open();
    const offline = createVerifier(issuer, { audience: API });
    const online = createIntrospector(issuer, { audience: API, clientId: API, signingKey: realm.key });
    return { offline, online };
  }

  async function call20(machine: TokenClient) {
    const calls = [];
    for (let i = 0; i < 20; i++) {
      calls.push(timed(machine.getToken()));
      await sleep(50);
    }
    return Promise.all(calls);
  }

  describe("Keycloak hangs", () => {
    const lines: string[] = [];
    let machine: TokenClient;
    let token: string;

    beforeAll(async () => {
      machine = await realm.machine({ lifeSeconds: 20, lines });
      token = await machine.getToken();
      await sleep(DUE_MS);
      await realm.docker("pause");
    });
    afterAll(async () => {
      await realm.docker("unpause").catch(() => {}); // if a test failed before it did
    });

    it("and no call that has a token waits for the refresh", async () => {
      const calls = await call20(machine);
      expect(Math.max(...calls.map(({ ms }) => ms))).toBeLessThan(QUICK_MS);
      expect(await machine.getToken()).toBe(token);
      await vi.waitFor(() => expect(lines).toHaveLength(1), 8_000);
      expect(lines[0]).toMatch(/could not be refreshed; the one in hand is valid for \d+ s: .*nothing within 5000 ms/);
    });

    it("and whatever needs its answer fails after the time-out of 5 s", async () => {
      const newcomer = await newClientWhilePaused();
      const { online } = verifiers();
      for (const { ms, code } of await Promise.all([timed(newcomer.getToken()), timed(online(token))])) {
        expect(code).toBe("ERR_UNREACHABLE");
        expect(ms).toBeGreaterThan(4_000);
        expect(ms).toBeLessThan(9_000);
      }
    });

    it("and is used again by itself when it goes on", async () => {
      await realm.docker("unpause");
      await vi.waitFor(async () => expect(await machine.getToken()).not.toBe(token), {
        timeout: 30_000,
        interval: 250,
      });
    });

    /** No client can be created now. A second token client of an existing one has no token either. */
    const newClientWhilePaused = () => realm.machine({ clientId: API, patienceMs: 0 });
  });

  describe("Keycloak is killed under load", () => {
    let api: Server;
    beforeAll(async () => {
      const protect = expressGuard(createGuard({ verify: verifiers().offline }));
      api = createServer((request, response) => protect(request, response, () => response.end("served")));
      await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
    });
    afterAll(async () => {
      api.closeAllConnections();
      await new Promise((resolve) => api.close(resolve));
      await realm.docker("start");
      await realm.answers();
    });

    it("and none of 20 calls a second fails while the token lasts", async () => {
      const lines: string[] = [];
      const machine = await realm.machine({ lifeSeconds: 20, lines });
      const url = `http://127.0.0.1:${(api.address() as AddressInfo).port}/`;
      expect((await machine.fetch(url)).status).toBe(200);
      const calls: Promise<number | string>[] = [];
      for (let i = 0; i < 120; i++) {
        if (i === 20) await realm.docker("kill");
        const status = machine.fetch(url).then((response) => response.text().then(() => response.status));
        calls.push(status.catch((error: Error) => error.message));
        await sleep(50);
      }
      expect(await Promise.all(calls)).toEqual(Array(120).fill(200));
      // Without a failed refresh the test would not have met the outage.
      expect(lines[0]).toMatch(/could not be refreshed.*\[ERR_UNREACHABLE\]/);
    });
  });

  describe("Keycloak is stopped, and started again", () => {
    const lines: string[] = [];
    let machine: TokenClient;
    let token: string;
    let grantedAt: number;
    let unseen: string[];
    let judges: ReturnType<typeof verifiers>;

    beforeAll(async () => {
      judges = verifiers();
      unseen = [await realm.token(300), await realm.token(300)];
      machine = await realm.machine({ lifeSeconds: 20, patienceMs: 2_000, lines });
      token = await machine.getToken();
      grantedAt = performance.now();
      await judges.online(token);
      await judges.offline(token);
      await realm.docker("stop");
      await sleep(Math.max(0, grantedAt + DUE_MS - performance.now()));
    });

    it("and the present token keeps serving, with one line in the log for the failed refresh", async () => {
      const calls = await call20(machine);
      expect(Math.max(...calls.map(({ ms }) => ms))).toBeLessThan(QUICK_MS);
      expect(await machine.getToken()).toBe(token);
      expect(lines).toEqual([expect.stringMatching(/could not be refreshed; the one in hand is valid for \d+ s/)]);
      expect(lines[0]).toMatch(/\[ERR_UNREACHABLE\]$/);
    });

    it("and an offline verifier still works, for tokens it has never seen too", async () => {
      for (const any of [token, ...unseen]) expect(await judges.offline(any)).toMatchObject({ audience: [API] });
    });

    it("and introspection gives no verdict", async () => {
      expect(await timed(judges.online(token))).toMatchObject({ code: "ERR_UNREACHABLE" });
    });

    it("and both verifiers together refuse, or accept by the signature if that was chosen", async () => {
      const careful = verifyBoth(judges);
      const lenient = verifyBoth({ ...judges, acceptUncheckedDuringOutage: true });
      expect(await timed(careful(token))).toMatchObject({ code: "ERR_UNREACHABLE" });
      expect(await lenient(token)).toMatchObject({ audience: [API] });
      const { refusal } = (await createGuard({ verify: careful, log: () => {} })(`Bearer ${token}`)) as never;
      expect(refusal).toMatchObject({ status: 503, headers: { "retry-after": "2" } });
    });

    it("and after the token has expired a call waits as long as its patience, and fails", async () => {
      await sleep(Math.max(0, grantedAt + 20_000 - performance.now()));
      const { ms, code } = await timed(machine.getToken());
      expect(code).toBe("ERR_UNREACHABLE");
      expect(ms).toBeLessThan(2_000 + QUICK_MS);
    });

    it("and is used again by itself", async () => {
      await realm.docker("start");
      await realm.answers();
      // Attempts have become rarer meanwhile, down to one in 30 s.
      const next = await vi.waitFor(() => machine.getToken(), { timeout: 40_000, interval: 250 });
      expect(next).not.toBe(token);
      expect(await judges.offline(next)).toMatchObject({ audience: [API] });
      expect(await judges.online(next)).toMatchObject({ audience: [API] });
    });
  });
}
