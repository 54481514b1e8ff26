import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { CachedToken, type CachedTokenOptions } from "../../../machines/calling/cached-token";
import type { AccessToken } from "../../../machines/calling/request-token";
import { IssuerError, UnreachableError } from "../../../machines/errors";
import { gate, isSettled } from "../listen";

type Outcome = Error | Partial<AccessToken> | Promise<Partial<AccessToken>>;

/** A token under test with a clock of its own: `at` is its age in seconds. 301 s of life are 300 s that are used. */
function cached(outcome: (n: number) => Outcome, options: Partial<CachedTokenOptions> = {}) {
  const clock = { at: 0 };
  const attempts: number[] = [];
  const lines: string[] = [];
  const token = new CachedToken({
    grant: async () => {
      attempts.push(performance.now());
      const n = attempts.length;
      const result = await outcome(n);
      if (result instanceof Error) throw result;
      return { accessToken: `token-${n}`, expiresInSeconds: 301, ...result };
    },
    refreshAfter: 0.75,
    patienceMs: 10_000,
    now: () => 1_700_000_000_000 + clock.at * 1000,
    log: (line) => lines.push(line),
    what: "the token of machine-a",
    ...options,
  });
  return { token, clock, attempts, lines };
}

const unreachable = (retryAfter?: number) => new UnreachableError("no answer", undefined, retryAfter);
const refused = () => new IssuerError("ERR_CLIENT_REFUSED", "refused");
const many = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));

describe("CachedToken with an issuer that answers", () => {
  it("makes one grant for 10,000 callers at the same time, and none for as many after them", async () => {
    const { token, attempts } = cached(() => sleep(20, {}));
    for (let round = 0; round < 2; round++) {
      expect(new Set(await Promise.all(many(10_000, () => token.get())))).toEqual(new Set(["token-1"]));
    }
    expect(attempts).toHaveLength(1);
  });

  it.each([0.1, 0.75, 0.9])(
    "refreshes at %d of the life at the latest, up to a tenth earlier, not all at once",
    async (share) => {
      const all = many(300, () => cached(() => ({}), { refreshAfter: share }));
      const refreshedBy = async (age: number) => {
        await Promise.all(
          all.map(({ token, clock }) => {
            clock.at = age * 300;
            return token.get();
          }),
        );
        return all.filter(({ attempts }) => attempts.length > 1).length;
      };
      await Promise.all(all.map(({ token }) => token.get()));
      const earliest = share - Math.min(0.1, share / 2);
      expect(await refreshedBy(earliest - 0.005)).toBe(0);
      const halfway = await refreshedBy((earliest + share) / 2);
      expect(halfway).toBeGreaterThan(50);
      expect(halfway).toBeLessThan(250);
      // Those that have been refreshed are as young as the clock says, so that they are not counted a second time.
      expect(await refreshedBy(share)).toBe(300);
    },
  );

  it("lets nobody wait for a refresh, has one at a time, and serves the new token once it is there", async () => {
    const refresh = gate();
    const { token, clock, attempts } = cached((n) => (n === 1 ? {} : refresh.opened.then(() => ({}))));
    await token.get();
    clock.at = 290;
    expect(new Set(await Promise.all(many(1000, () => token.get())))).toEqual(new Set(["token-1"]));
    expect(attempts).toHaveLength(2);
    refresh.open();
    await sleep(0);
    expect(await token.get()).toBe("token-2");
    expect(attempts).toHaveLength(2);
  });

  it("hands out no token in the last second of its life, and waits for a refresh under way rather than start another", async () => {
    const refresh = gate();
    const { token, clock, attempts } = cached((n) => (n === 1 ? {} : refresh.opened.then(() => ({}))));
    await token.get();
    clock.at = 299.999;
    expect(await token.get()).toBe("token-1");
    clock.at = 300;
    const next = token.get();
    expect(await isSettled(next)).toBe(false);
    refresh.open();
    expect(await next).toBe("token-2");
    expect(attempts).toHaveLength(2);
  });

  it.each([
    ["an unknown life as a minute", undefined, 58.9, 59],
    ["no life at all as over at once", 0, undefined, 0],
    ["a life below a second as over at once", 1, undefined, 0],
  ])("takes %s", async (_name, expiresInSeconds, good, over) => {
    const { token, clock } = cached(() => ({ expiresInSeconds }), { refreshAfter: 0.9 });
    expect(await token.get()).toBe("token-1");
    if (good !== undefined) {
      clock.at = good;
      expect(await token.get()).toBe("token-1");
      await sleep(0);
    }
    clock.at = over * 2; // twice, as the refresh above began a new life
    expect(await token.get()).not.toBe("token-1");
  });

  it("lets a token end in time also when the clock is set back by an hour, and still replaces it", async () => {
    const short = cached(() => ({ expiresInSeconds: 1.3 }));
    const long = cached(() => ({}));
    for (const { token, clock } of [short, long]) {
      await token.get();
      clock.at = -3600;
    }
    expect(await long.token.replace("token-1")).toBeUndefined(); // too young to be the reason
    await sleep(1050);
    expect(await short.token.get()).toBe("token-2");
    expect(await long.token.get()).toBe("token-1");
    expect(await long.token.replace("token-1")).toBe("token-2");
  });
});

describe("CachedToken in an outage", () => {
  it("goes on with the token in hand and tries again once, just before its end", async () => {
    const all = many(200, () => cached((n) => (n === 1 ? {} : unreachable())));
    const at = async (age: number) => {
      for (const { token, clock } of all) {
        clock.at = age;
        expect(await token.get()).toBe("token-1");
      }
      await sleep(0);
      return Math.max(...all.map(({ attempts }) => attempts.length));
    };
    await Promise.all(all.map(({ token }) => token.get()));
    expect(await at(260)).toBe(2);
    await sleep(250); // beyond the first delay, so that only the token's age counts
    expect(await at(297.9)).toBe(2); // 40 s were left, of which the last twentieth is 2
    await at(299.98);
    expect(all.filter(({ attempts }) => attempts.length === 3).length).toBeGreaterThan(150);
    await sleep(450);
    await at(299.99);
    expect(all.every(({ attempts }) => attempts.length <= 3)).toBe(true);
    expect(all[0]?.lines[0]).toBe(
      "machine: the token of machine-a could not be refreshed; the one in hand is valid for 40 s: no answer [ERR_UNREACHABLE]",
    );
  });

  it("keeps to Retry-After, with a token in hand and without", async () => {
    const held = cached((n) => (n === 1 ? {} : unreachable(1)));
    await held.token.get();
    held.clock.at = 260;
    await held.token.get();
    await sleep(0); // the refresh has failed
    held.clock.at = 299.999;
    const bare = cached((n) => (n === 1 ? unreachable(1) : {}));
    const waiting = bare.token.get();
    for (const until = performance.now() + 950; performance.now() < until; await sleep(10)) await held.token.get();
    expect([held.attempts.length, bare.attempts.length]).toEqual([2, 1]);
    expect(await waiting).toBe("token-2");
    expect(bare.attempts[1]! - bare.attempts[0]!).toBeGreaterThanOrEqual(999);
    expect(bare.attempts[1]! - bare.attempts[0]!).toBeLessThan(1600);
    await sleep(Math.max(0, held.attempts[1]! + 1550 - performance.now()));
    await held.token.get();
    expect(held.attempts).toHaveLength(3);
  });

  it("waits for patience only, with delays that double and are at least half of that", async () => {
    const { token, attempts } = cached(() => unreachable(), { patienceMs: 1000 });
    const since = performance.now();
    await expect(token.get()).rejects.toMatchObject({ code: "ERR_UNREACHABLE" });
    expect(performance.now() - since).toBeLessThan(1050);
    expect(attempts.length).toBeGreaterThanOrEqual(3); // 0, at most 200 and at most 600 ms
    attempts.slice(1).forEach((at, i) => {
      const gap = at - attempts[i]!;
      expect(gap).toBeGreaterThanOrEqual(100 * 2 ** i - 2);
      expect(gap).toBeLessThan(200 * 2 ** i + 300);
    });
  });

  it("fails at once, without an attempt, while the next one is further away than patience", async () => {
    const { token, attempts } = cached(() => unreachable(), { patienceMs: 0 });
    await expect(token.get()).rejects.toMatchObject({ code: "ERR_UNREACHABLE" });
    const again = Array.from({ length: 100 }, () => token.get());
    expect((await Promise.allSettled(again)).every(({ status }) => status === "rejected")).toBe(true);
    expect(performance.now() - attempts[0]!).toBeLessThan(95);
    expect(attempts).toHaveLength(1);
    await sleep(220);
    await expect(token.get()).rejects.toMatchObject({ code: "ERR_UNREACHABLE" });
    expect(attempts).toHaveLength(2);
  });

  it("recovers while a caller waits, and forgets the delays it had come to", async () => {
    const { token, clock, attempts } = cached((n) => (n < 4 || n === 5 ? unreachable() : {}));
    expect(await token.get()).toBe("token-4");
    clock.at = 400;
    expect(await token.get()).toBe("token-6");
    expect(attempts[5]! - attempts[4]!).toBeLessThan(300);
  });

  it("does not repeat a refusal within a second, for whom ever, nor wait with one", async () => {
    const { token, attempts } = cached(() => refused());
    const since = performance.now();
    const outcomes = await Promise.allSettled(many(1000, () => token.get()));
    expect(outcomes.every(({ status }) => status === "rejected")).toBe(true);
    while (performance.now() - since < 900) {
      await expect(token.get()).rejects.toMatchObject({ code: "ERR_CLIENT_REFUSED" });
      await sleep(20);
    }
    expect(attempts).toHaveLength(1);
    await sleep(Math.max(0, attempts[0]! + 1010 - performance.now()));
    await expect(token.get()).rejects.toMatchObject({ code: "ERR_CLIENT_REFUSED" });
    expect(attempts).toHaveLength(2);
  });

  it("passes on what is no failure of the issuer, such as a key source's, and says no more than its name", async () => {
    const failing = cached(() => new RangeError("a secret"));
    await expect(failing.token.get()).rejects.toThrow(RangeError);
    const held = cached((n) => (n === 1 ? {} : new RangeError("a secret")));
    await held.token.get();
    held.clock.at = 290;
    expect(await held.token.get()).toBe("token-1");
    await sleep(0);
    expect(held.lines.join()).toMatch(/RangeError$/);
  });
});
