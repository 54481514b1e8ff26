import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { createIntrospector, createVerifier, requestToken, type SigningKey, watchSigningKey } from "../../../machines";
import type { TestKey } from "../../machines/issuer-fixture";
import type { Json } from "../provider/server";
import { API, KEYS, type Realm, timed } from "./realm";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The realm's keys cannot be fetched or change, or a machine's key file changes. */
export function keys(realm: Realm): void {
  afterEach(() => realm.proxy.reset());

  describe("the realm's keys cannot be fetched", () => {
    let aheadMs = 0;
    const now = () => new Date(Date.now() + aheadMs);
    let tokens: string[];
    let verify: ReturnType<typeof createVerifier>;

    beforeAll(async () => {
      tokens = await Promise.all([1, 2, 3, 4].map(() => realm.token(3 * 86_400)));
      verify = createVerifier(realm.open({ by: "proxy", now }), { audience: API });
      await verify(tokens[0]!);
    });

    it.each([
      ["for 60 minutes: tokens are verified", HOUR],
      ["for 23 hours: tokens are verified", 23 * HOUR],
    ])("%s", async (_title, age) => {
      realm.proxy.inject({}, "dropped");
      aheadMs = age;
      for (const token of tokens) expect(await verify(token)).toMatchObject({ audience: [API] });
      await vi.waitFor(() => expect(realm.proxy.count({})).toBeGreaterThan(0)); // it did ask, behind the calls
    });

    it("for 25 hours: there is no verdict until they can be fetched again", async () => {
      realm.proxy.inject({}, "dropped");
      aheadMs = 25 * HOUR;
      for (const token of tokens) expect(await timed(verify(token))).toMatchObject({ code: "ERR_UNREACHABLE" });
      realm.proxy.reset();
      aheadMs += 15_000;
      expect(await verify(tokens[3]!)).toMatchObject({ audience: [API] });
    });

    it("for 11 minutes: jose's own createRemoteJWKSet verifies nothing any more", async () => {
      const remote = createRemoteJWKSet(new URL(`${realm.proxy.url}/realms/outages/protocol/openid-connect/certs`));
      await jwtVerify(tokens[0]!, remote);
      realm.proxy.inject(KEYS, "dropped");
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 11 * MINUTE });
      try {
        await expect(jwtVerify(tokens[0]!, remote)).rejects.toThrow();
      } finally {
        vi.useRealTimers();
      }
    });
  });

  describe("the realm's key is rotated", () => {
    let aheadMs = 0;
    const now = () => new Date(Date.now() + aheadMs);
    let former: string;
    let next: string;
    let verify: ReturnType<typeof createVerifier>;
    let formerProvider: Json;

    beforeAll(async () => {
      former = await realm.token(3600);
      verify = createVerifier(realm.open({ now }), { audience: API });
      await verify(former);
      const type = "org.keycloak.keys.KeyProvider";
      const providers = (await realm.admin("GET", `/components?type=${type}`)) as Json[];
      formerProvider = providers.find(({ providerId }) => providerId === "rsa-generated")!;
      const config = { priority: ["200"], enabled: ["true"], active: ["true"], algorithm: ["RS256"] };
      const component = { name: "next", providerId: "rsa-generated", providerType: type, config };
      await realm.admin("POST", "/components", { ...component, parentId: formerProvider.parentId });
      next = await realm.token(3600);
    });

    it("and tokens of the new key are accepted at once, as well as those of the old one", async () => {
      expect(decodeProtectedHeader(next).kid).not.toBe(decodeProtectedHeader(former).kid);
      const { ms, code } = await timed(verify(next));
      expect(code).toBeUndefined();
      expect(ms).toBeLessThan(5_000);
      expect(await verify(former)).toMatchObject({ audience: [API] });
    });

    it("and tokens of a disabled key are refused once the keys have been fetched again", async () => {
      const config = { ...formerProvider.config, enabled: ["false"], active: ["false"] };
      await realm.admin("PUT", `/components/${formerProvider.id}`, { ...formerProvider, config });
      const issuer = realm.open();
      const online = createIntrospector(issuer, { audience: API, clientId: API, signingKey: realm.key });
      expect(await timed(online(former))).toMatchObject({ code: "ERR_TOKEN_INACTIVE" });
      expect(await verify(former)).toMatchObject({ audience: [API] }); // what up to 5 minutes cost
      aheadMs = 6 * MINUTE;
      await vi.waitFor(async () => {
        expect(await timed(verify(former))).toMatchObject({ code: "ERR_TOKEN_SIGNATURE" });
      }, 10_000);
      expect(await verify(next)).toMatchObject({ audience: [API] });
    });
  });

  describe("a machine's key file", () => {
    let first: TestKey;
    let second: TestKey;
    let clientId: string;
    let file: string;
    const lines: string[] = [];
    let watched: () => SigningKey;

    beforeAll(async () => {
      first = await realm.folder.key("first.key", "RS256");
      second = await realm.folder.key("second.key", "RS256");
      clientId = await realm.client({ keys: [first, second] });
      file = realm.folder.write("watched.key", readFileSync(first.file, "utf8"));
      watched = watchSigningKey(file, { log: (line) => lines.push(line) });
    });
    afterAll(() => expect(lines.join()).not.toMatch(/-----|MII/));

    /** Twenty grants a second for two seconds, with `change` after the first. Returns the keys that signed in each second. */
    async function underLoad(change: () => void) {
      const issuer = realm.open();
      const halves: [before: string[], after: string[]] = [[], []];
      const grants: Promise<unknown>[] = [];
      for (let i = 0; i < 40; i++) {
        if (i === 20) change();
        const signingKey = () => {
          const key = watched();
          halves[i < 20 ? 0 : 1].push(key.kid);
          return key;
        };
        grants.push(requestToken(issuer, { clientId, signingKey }).then(() => "granted", String));
        await sleep(50);
      }
      expect(await Promise.all(grants)).toEqual(Array(40).fill("granted"));
      return halves.map((kids) => [...new Set(kids)]);
    }

    it("is replaced under load: no grant fails, and all later ones are signed by the new key", async () => {
      const change = () => renameSync(realm.folder.write("new.key", readFileSync(second.file, "utf8")), file);
      expect(await underLoad(change)).toEqual([[first.kid], [second.kid]]);
      expect(lines).toEqual([expect.stringContaining(`has changed; key ${second.kid} signs from now on`)]);
    });

    it("is half-written under load: one line in the log, and the old key keeps signing", async () => {
      lines.length = 0;
      const whole = readFileSync(first.file, "utf8");
      const change = () => writeFileSync(file, whole.slice(0, whole.length / 2));
      expect(await underLoad(change)).toEqual([[second.kid], [second.kid]]);
      expect(lines).toEqual([expect.stringMatching(`refused; key ${second.kid} still signs: .*ERR_KEY_FORMAT`)]);
      expect(await underLoad(() => writeFileSync(file, whole))).toEqual([[second.kid], [first.kid]]);
      expect(lines).toHaveLength(2);
    });
  });
}
