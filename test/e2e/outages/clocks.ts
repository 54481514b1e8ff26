import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { signAssertion } from "../../../machines";
import { assertionsIn, ISSUER, type Realm, TOKEN, timed } from "./realm";

const PAST = "400 invalid_client: Token is not active";
const FUTURE = "400 invalid_client: Token was issued in the future";
const ACCEPTED = "accepted";
/** Near a limit, a request that takes a second gets the verdict of the next second. Such a test is tried again. */
const again = { retry: 3 };
/** How Keycloak answers an assertion, by the seconds that the clock is ahead. */
const VERDICTS: [seconds: number, verdict: string][] = [
  [-61, PAST],
  [-59, ACCEPTED],
  [-16, ACCEPTED],
  [-14, ACCEPTED],
  [14, ACCEPTED],
  [16, FUTURE],
  [59, FUTURE],
  [61, FUTURE],
];

const shifted = (seconds: number) => () => new Date(Date.now() + seconds * 1000);
/** Dates have whole seconds. Near the limits it matters how much of the second has gone by. */
const secondBegins = () => sleep(1_010 - (Date.now() % 1_000));

/** The machine's clock is not Keycloak's. */
export function clocks(realm: Realm): void {
  afterEach(() => realm.proxy.reset());

  describe("an assertion dated by a wrong clock", again, () => {
    it.each(VERDICTS)("by %d s: Keycloak says %s", async (seconds, verdict) => {
      const clientId = await realm.client();
      await secondBegins();
      const now = shifted(seconds);
      const assertion = await signAssertion({ clientId, issuer: ISSUER, signingKey: realm.key, now });
      expect(await realm.post(assertion)).toBe(verdict);
    });
  });

  describe("a wrong clock behind a proxy that sends the time", () => {
    it.each(VERDICTS)("by %d s is corrected from the first assertion on", async (seconds) => {
      const { proxy } = realm;
      proxy.inject({}, { adds: () => ({ date: new Date().toUTCString() }) });
      const lines: string[] = [];
      const machine = await realm.machine({ by: "proxy", now: shifted(seconds), lines });
      expect(await machine.getToken()).toMatch(/^eyJ/);
      const [assertion, ...more] = assertionsIn(proxy);
      expect(more).toEqual([]);
      expect(Math.abs(assertion!.claims.iat - Date.now() / 1000)).toBeLessThan(3);
      const side = seconds < 0 ? "behind" : "ahead of";
      expect(lines).toEqual([expect.stringMatching(`clock is \\d+ s ${side} that of ${ISSUER}; assertions are dated`)]);
    });
  });

  describe("a wrong clock if no answer has the time", again, () => {
    it.each(VERDICTS)("by %d s: %s, and an accepted assertion corrects it", async (seconds, verdict) => {
      const { proxy } = realm;
      const clientId = await realm.client({ lifeSeconds: 2 });
      const lines: string[] = [];
      const machine = await realm.machine({ by: "proxy", clientId, now: shifted(seconds), lines });
      await secondBegins();
      const { code, error } = await timed(machine.getToken());
      if (verdict !== ACCEPTED) {
        expect(code).toBe("ERR_CLIENT_REFUSED");
        expect(String(error)).toContain(verdict.split(": ")[1]);
        expect([proxy.count(TOKEN), lines]).toEqual([1, []]);
        return;
      }
      expect([code, lines]).toEqual([
        undefined,
        [expect.stringContaining("assertions are dated by the issuer's clock")],
      ]);
      await sleep(1_100); // the token's life: another one is needed
      await machine.getToken();
      const iats = assertionsIn(proxy).map(({ claims }) => claims.iat - Date.now() / 1000);
      expect(iats).toHaveLength(2);
      expect(Math.abs(iats[0]! - seconds)).toBeLessThan(5);
      expect(Math.abs(iats[1]!)).toBeLessThan(3);
    });
  });
}
