import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { createGuard, createIntrospector, createVerifier, expressGuard, type VerifyToken } from "../../../machines";
import type { Fault } from "../fault-proxy";
import { API, assertionsIn, type Realm, TOKEN, timed } from "./realm";

const HTML = { status: 200, body: "<html>A page of the load balancer</html>", type: "text/html" };

/** Keycloak is there, but its answers are wrong, late or lost. */
export function badAnswers(realm: Realm): void {
  afterEach(() => realm.proxy.reset());
  const distinct = () => new Set(assertionsIn(realm.proxy).map(({ claims }) => claims.jti)).size;

  describe("two bad answers are survived, and more are reported:", () => {
    it.each<[title: string, fault: Fault, code: string]>([
      ["500", { status: 500 }, "ERR_UNREACHABLE"],
      ["503", { status: 503 }, "ERR_UNREACHABLE"],
      ["HTML in place of JSON", HTML, "ERR_ISSUER_RESPONSE"],
      ["truncated JSON", "truncated", "ERR_ISSUER_RESPONSE"],
      ["an answer broken off in the middle", "broken-off", "ERR_UNREACHABLE"],
      ["a connection closed without an answer", "dropped", "ERR_UNREACHABLE"],
    ])("%s", async (_title, fault, code) => {
      const { proxy } = realm;
      proxy.inject(TOKEN, fault, 2);
      expect(await (await realm.machine({ by: "proxy" })).getToken()).toMatch(/^eyJ/);
      expect([proxy.pending(), proxy.count(TOKEN), distinct()]).toEqual([[], 3, 3]);
      proxy.inject(TOKEN, fault);
      const hasty = await realm.machine({ by: "proxy", patienceMs: 500 });
      const { ms, code: found } = await timed(hasty.getToken());
      expect(found).toBe(code);
      expect(ms).toBeLessThan(2_000);
    });
  });

  describe("429 with Retry-After", () => {
    const busy = (seconds?: string): Fault => ({
      status: 429,
      ...(seconds && { headers: { "retry-after": seconds } }),
    });

    it.each<[string | undefined, number, number]>([
      ["2", 2_000, 10_000],
      [undefined, 50, 1_500], // beside it: the pace where nothing is asked for
    ])("of %s s is kept to", async (seconds, least, most) => {
      realm.proxy.inject(TOKEN, busy(seconds), 1);
      expect(await (await realm.machine({ by: "proxy" })).getToken()).toMatch(/^eyJ/);
      const [first, second, ...more] = realm.proxy.calls(TOKEN).map(({ at }) => at);
      expect(more).toEqual([]);
      expect(second! - first!).toBeGreaterThan(least - 5);
      expect(second! - first!).toBeLessThan(most);
    });

    it("longer than the caller's patience fails at once, and says how long", async () => {
      realm.proxy.inject(TOKEN, busy("25"));
      const { ms, code, error } = await timed((await realm.machine({ by: "proxy" })).getToken());
      expect([code, (error as { retryAfterSeconds?: number }).retryAfterSeconds]).toEqual(["ERR_UNREACHABLE", 25]);
      expect(ms).toBeLessThan(2_000);
      expect(realm.proxy.count(TOKEN)).toBe(1);
    });
  });

  describe("slow answers", () => {
    it("within the time-out of 5 s are waited for", async () => {
      realm.proxy.inject(TOKEN, { lateMs: 1_500 }, 1);
      const { ms, code } = await timed((await realm.machine({ by: "proxy" })).getToken());
      expect(code).toBeUndefined();
      expect(ms).toBeGreaterThan(1_400);
      expect(realm.proxy.count(TOKEN)).toBe(1);
    });

    it("beyond it are given up, and asked for again with another assertion", async () => {
      realm.proxy.inject(TOKEN, { lateMs: 7_000 }, 1);
      const { ms, code } = await timed((await realm.machine({ by: "proxy" })).getToken());
      expect(code).toBeUndefined();
      expect(ms).toBeGreaterThan(4_900);
      expect(ms).toBeLessThan(9_000);
      expect([realm.proxy.count(TOKEN), distinct()]).toEqual([2, 2]);
    });
  });

  describe("an answer lost after Keycloak has accepted the assertion", () => {
    it("does no harm, because each attempt has a jti of its own", async () => {
      const { proxy } = realm;
      proxy.inject(TOKEN, "lost", 2);
      expect(await (await realm.machine({ by: "proxy" })).getToken()).toMatch(/^eyJ/);
      expect(proxy.calls(TOKEN).map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(distinct()).toBe(3);
      // The same assertion sent again would have been refused.
      expect(await realm.post(assertionsIn(proxy)[0]!.text)).toBe("400 invalid_client: Token reuse detected");
    });
  });

  describe("a 401 from an API", () => {
    /** An API with this verifier, and the statuses of its answers. */
    async function startApi(verify: VerifyToken) {
      const statuses: number[] = [];
      const protect = expressGuard(createGuard({ verify }));
      const server = createServer((request, response) => {
        response.on("finish", () => statuses.push(response.statusCode));
        protect(request, response, () => request.pipe(response));
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const stop = () => {
        server.closeAllConnections();
        server.close();
      };
      return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, statuses, stop };
    }

    it("for a revoked token makes the client replace it and call once more", async () => {
      const rules = { audience: API, clientId: API, signingKey: realm.key };
      const api = await startApi(createIntrospector(realm.open(), rules));
      const machine = await realm.machine({});
      const call = async () => (await machine.fetch(api.url, { method: "POST", body: "an order" })).text();
      try {
        expect(await call()).toBe("an order");
        await sleep(2_100); // a token of the second of its revocation would be good
        await realm.admin("PUT", "", { notBefore: Math.floor(Date.now() / 1000) });
        expect(await call()).toBe("an order");
        expect(await call()).toBe("an order");
        expect(api.statuses).toEqual([200, 401, 200, 200]);
      } finally {
        await realm.admin("PUT", "", { notBefore: 0 });
        api.stop();
      }
    });

    it("that a new token does not change is the result after two requests", async () => {
      const api = await startApi(createVerifier(realm.open(), { audience: "another-api" }));
      const machine = await realm.machine({});
      await machine.getToken();
      await sleep(1_100); // a token younger than a second is not the reason
      expect((await machine.fetch(api.url)).status).toBe(401);
      expect(api.statuses).toEqual([401, 401]);
      api.stop();
    });
  });
}
