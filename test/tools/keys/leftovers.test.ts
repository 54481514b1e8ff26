import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { KeyRecord } from "../../../constructs/keys/key-record";
import { activateKey, prepareKey, revokeKey } from "../../../tools/keys/change";
import { retireAction } from "../../../tools/keys/retire";
import { revokeAction } from "../../../tools/keys/revoke";
import { rotateAction } from "../../../tools/keys/rotate";
import { expectSettled } from "./expect-sound";
import { filesIn, heldIn, pairIn, privateHalves, recordIn, START, synthesizeIn } from "./living-pair";

/** A realm that keeps no login events: nobody can tell who signs with which key. */
vi.mock("../../../tools/keys/live-use", async (original) => {
  return { ...(await original<typeof import("../../../tools/keys/live-use")>()), usesOf: async () => undefined };
});

const HOUR_MS = 3_600_000;
/** When the switch was recorded, and when somebody runs a command again. */
const SWITCH = new Date(START.getTime() + HOUR_MS);
const LATER = new Date(START.getTime() + 2 * HOUR_MS);
const AFTER = new Date(LATER.getTime() + 75_000);
const at = (now: Date) => ({ now, dryRun: false });
const ROTATION = { wanted: {}, overlapMs: 0, whenDue: false };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "m2m-cut-off-"));
  synthesizeIn(folder, "allowed");
});
afterEach(() => rmSync(folder, { recursive: true }));

function pair() {
  return pairIn(
    folder,
    recordIn(folder).keys.map(({ kid }) => kid),
  );
}

function sinceOf({ keys }: KeyRecord): string[] {
  return keys.map(({ state, since }) => `${state} ${since}`);
}

/** Does a change of the key that signs; leaves the files as a crash does between the record and the key file. */
async function cutOff(change: () => unknown): Promise<void> {
  const { key, staged } = filesIn(folder);
  const next = staged(recordIn(folder).keys[1]!.kid);
  const [keyBefore, nextBefore] = [key, next].map((path) => readFileSync(path, "utf8")) as [string, string];
  await change();
  writeFileSync(key, keyBefore);
  writeFileSync(next, nextBefore, { mode: 0o600 });
}

describe("a switch that a crash kept out of the key file", () => {
  beforeEach(async () => {
    await prepareKey(pair(), {}, { now: START });
    await cutOff(() => activateKey(pair(), undefined, { now: SWITCH }));
  });

  it.each([
    ["retire", (now: Date) => retireAction(pair(), { force: false }, at(now))],
    ["rotate", (now: Date) => rotateAction(pair(), ROTATION, at(now))],
  ])("is completed by %s, which drops nothing within 75 s of it", async (_, action) => {
    const old = heldIn(folder);
    const [first] = await Promise.allSettled([action(LATER)]);
    if (first.status === "rejected") expect(first.reason).toMatchObject({ code: "key-in-use" });
    else expect(first.value).toMatchObject({ action: "wait" });
    expectSettled(folder);
    expect(heldIn(folder)).not.toBe(old);
    expect(sinceOf(recordIn(folder))).toEqual(["retiring 2026-01-01T02:00:00Z", "active 2026-01-01T01:00:00Z"]);
    await action(AFTER);
    expect(sinceOf(recordIn(folder))).toEqual(["active 2026-01-01T01:00:00Z"]);
    expectSettled(folder);
  });

  it("counts from the run of activate that completes it", async () => {
    activateKey(pair(), undefined, { now: LATER });
    expect(sinceOf(recordIn(folder))[0]).toBe("retiring 2026-01-01T02:00:00Z");
    expectSettled(folder);
  });

  it("is completed and the former key dropped with --force", async () => {
    await retireAction(pair(), { force: true }, at(LATER));
    expect(recordIn(folder).keys).toHaveLength(1);
    expectSettled(folder);
  });

  it("is left alone by a dry run", async () => {
    const before = [recordIn(folder), [...privateHalves(folder)]];
    expect(await rotateAction(pair(), ROTATION, { now: LATER, dryRun: true })).toMatchObject({ action: "retire" });
    expect([recordIn(folder), [...privateHalves(folder)]]).toEqual(before);
  });
});

describe("a revocation that a crash kept out of the key file", () => {
  beforeEach(async () => {
    await prepareKey(pair(), {}, { now: START });
    await cutOff(() => revokeKey(pair(), undefined, { now: SWITCH }));
  });

  it.each(["without the key's id", "by the key's id"])(
    "is completed by the same command %s, without losing another key",
    async (how) => {
      const [gone, next] = recordIn(folder).keys.map(({ kid }) => kid) as [string, string];
      const before = recordIn(folder);
      const kid = how === "by the key's id" ? gone.slice(0, 8) : undefined;
      expect(await revokeAction(pair(), kid, at(LATER))).toMatchObject({
        action: "revoke",
        kid: gone,
      });
      expect(recordIn(folder)).toEqual(before);
      expect(heldIn(folder)).toBe(next);
      expectSettled(folder);
    },
  );

  it("does not prevent the revocation of another key", async () => {
    const [, next] = recordIn(folder).keys.map(({ kid }) => kid) as [string, string];
    await revokeAction(pair(), next, at(LATER));
    expect(recordIn(folder).keys.map(({ state }) => state)).toEqual(["revoked", "revoked", "active"]);
    expectSettled(folder);
  });
});
