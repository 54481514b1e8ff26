import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { retiringOf } from "../../../constructs/keys/key-life";
import { activeOf, type KeyRecord } from "../../../constructs/keys/key-record";
import { activateAction } from "../../../tools/keys/activate";
import { settled, waitsForDeploy } from "../../../tools/keys/leftovers";
import type { Outcome } from "../../../tools/keys/outcome";
import type { Pair } from "../../../tools/keys/pairs";
import { prepareAction } from "../../../tools/keys/prepare";
import { retireAction } from "../../../tools/keys/retire";
import { revokeAction } from "../../../tools/keys/revoke";
import { LONG, runs } from "../../provider/fuzz";
import { expectSettled, expectSound } from "./expect-sound";
import { heldIn, pairIn, privateHalves, recordIn, START, synthesizeIn } from "./living-pair";

/** Called before each file operation of a command; what it throws is the operation's failure. */
const operations = vi.hoisted((): { before?: (name: string) => void } => ({}));
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const real = fs as unknown as Record<string, (...args: unknown[]) => unknown>;
  const names = [
    "openSync",
    "writeFileSync",
    "fchmodSync",
    "renameSync",
    "linkSync",
    "rmSync",
    "unlinkSync",
    "mkdirSync",
  ];
  const watched = names.map((name) => {
    const call = (...args: unknown[]) => {
      operations.before?.(name);
      return real[name]!(...args);
    };
    return [name, call];
  });
  const fsyncSync = () => operations.before?.("fsyncSync"); // no power fails here, and it takes most of the time
  return { ...fs, ...Object.fromEntries(watched), fsyncSync };
});

class Crash extends Error {}

type Does = "prepare" | "activate" | "retire" | "revoke";

function act(does: Does, pair: Pair, kid: string | undefined, now: Date): Promise<Outcome> {
  const context = { now, waits: true, dryRun: false };
  const which = { kid, force: false };
  if (does === "prepare") return prepareAction(pair, {}, context);
  if (does === "activate") return activateAction(pair, which, context);
  if (does === "revoke") return revokeAction(pair, kid, context);
  // No Keycloak runs here that could be asked who signs with which key.
  return retireAction({ ...pair, clients: [] }, which, context);
}
const REFUSALS = ["KEY_NOT_FOUND", "KEY_PREPARED_ALREADY", "key-not-deployed", "key-in-use"];

/** One thing that happens. A key is meant by its place in the record, so that most are found. */
type Happening =
  | {
      readonly does: Does;
      readonly key?: number;
      readonly crashesAt?: number;
      readonly isWatched: boolean;
    }
  | { readonly does: "deploy" }
  | { readonly does: "wait"; readonly seconds: number };

const command = fc.record(
  {
    does: fc.constantFrom("prepare", "activate", "retire", "revoke", "prepare", "activate", "retire"),
    key: fc.option(fc.nat(4), { nil: undefined, freq: 3 }),
    crashesAt: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined, freq: 2 }),
    isWatched: fc.boolean(),
  },
  { requiredKeys: ["does", "isWatched"] },
);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 6, arbitrary: command as fc.Arbitrary<Happening> },
  // A deploy that fails changes nothing at Keycloak, which is the same as none.
  { weight: 3, arbitrary: fc.constant<Happening>({ does: "deploy" }) },
  // A clock may be set back, and be wrong by years.
  {
    weight: 3,
    arbitrary: fc
      .oneof(fc.constantFrom(74, 76, 3600, -3600), fc.integer({ min: -2e8, max: 2e8 }))
      .map((seconds): Happening => ({ does: "wait", seconds })),
  },
);

/** The keys and where they stand: the time at which one began to retire may be set right before a refusal. */
function standing({ keys }: KeyRecord): string[] {
  return keys.map(({ kid, state }) => `${kid} ${state}`);
}

/** A machine's folder and Keycloak, and what may be said of them at every moment. */
class World {
  deployed: readonly string[] = [];
  /** The key that came first in the last deploy. */
  private certified?: string;
  private now = START;
  /** A revocation locks the machine out until the next deploy, and one that was cut off until it is ended as well. */
  private isLockedOut = false;
  private isCutOff = false;
  /** Keys that a command was to drop. */
  private readonly dropped = new Set<string>();
  /** By the clock, when the machine signed with a key at last. */
  private readonly signed = new Map<string, Date>();

  constructor(readonly folder: string) {
    synthesizeIn(folder, "allowed");
    this.expectRight();
  }

  async meet(one: Happening): Promise<void> {
    if (one.does === "wait") this.now = new Date(this.now.getTime() + one.seconds * 1000);
    else if (one.does === "deploy") this.deploy();
    else await this.run(one);
    this.expectRight();
  }

  /** As `m2m up` does it: a key that waits for the deploy comes into the key file right before. */
  private deploy(): void {
    if (this.isWaiting()) settled(this.pair(), { now: this.now });
    this.certified = activeOf(recordIn(this.folder)).kid;
    this.deployed = synthesizeIn(this.folder).accepted.map(({ kid }) => kid);
    this.isLockedOut = this.isCutOff;
  }

  private pair(): Pair {
    return pairIn(this.folder, this.deployed, this.certified);
  }

  private isWaiting(): boolean {
    return waitsForDeploy(this.pair(), heldIn(this.folder));
  }

  private async run({ does, key, crashesAt, isWatched }: Happening & { does: Does }): Promise<void> {
    const kid = key === undefined ? undefined : recordIn(this.folder).keys[key]?.kid;
    const before = recordIn(this.folder);
    if (does === "retire") for (const entry of retiringOf(before)) this.dropped.add(entry.kid);
    const outcome = await this.interrupted(does, kid, crashesAt, isWatched);
    if (outcome === "refused") return expect(standing(recordIn(this.folder))).toEqual(standing(before));
    if (does === "revoke") this.isLockedOut = true;
    if (outcome === "crashed") {
      this.isCutOff ||= does === "revoke";
      return;
    }
    this.isCutOff = false;
    this.expectDone(does, outcome);
    if (does === "retire") for (const { kid: gone } of retiringOf(before)) this.expectOver(gone);
  }

  /** No assertion of a key that was dropped is accepted any more by then. */
  private expectOver(kid: string): void {
    if (recordIn(this.folder).keys.some((entry) => entry.kid === kid)) return;
    const last = this.signed.get(kid);
    if (last) expect(this.now.getTime() - last.getTime()).toBeGreaterThanOrEqual(75_000);
  }

  /** A process that has crashed does nothing any more: every later operation fails as well. */
  private async interrupted(does: Does, kid: string | undefined, crashesAt = 1e9, isWatched = false) {
    let count = 0;
    const before = () => {
      if (++count >= crashesAt) throw new Crash();
      if (!isWatched) return;
      operations.before = undefined; // those of the reader are its own
      expectSound(this.folder);
      operations.before = before;
    };
    operations.before = before;
    try {
      return await act(does, this.pair(), kid, this.now);
    } catch (error) {
      if (count >= crashesAt) return "crashed";
      expect(REFUSALS).toContain((error as { code?: string }).code ?? error);
      return "refused";
    } finally {
      operations.before = undefined;
    }
  }

  private expectDone(does: string, { kid }: Outcome): void {
    if (!this.isWaiting()) expectSettled(this.folder);
    const record = recordIn(this.folder);
    const state = record.keys.find((entry) => entry.kid === kid)?.state;
    expect(state).toBe({ prepare: "prepared", activate: "active", retire: undefined, revoke: "revoked" }[does]);
    if (does === "activate") expect(activeOf(record).kid).toBe(kid);
  }

  private expectRight(): void {
    expectSound(this.folder);
    const held = heldIn(this.folder)!;
    this.signed.set(held, this.now);
    const record = recordIn(this.folder);
    // The machine signs with a key that is in the record, and that Keycloak accepts.
    expect(record.keys.map(({ kid }) => kid)).toContain(held);
    if (this.deployed.length > 0 && !this.isLockedOut) expect(this.deployed).toContain(held);
    const halves = privateHalves(this.folder);
    for (const { kid, state } of record.keys) {
      const mayBeGone = state === "revoked" || (state === "retiring" && this.dropped.has(kid));
      if (!mayBeGone) expect([state, halves.has(kid)]).toEqual([state, true]);
    }
  }
}

async function live(happenings: readonly Happening[]): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "m2m-life-"));
  try {
    const world = new World(folder);
    for (const one of happenings) await world.meet(one);
    return world;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("a pair of keys", () => {
  it("never leaves its machine without an accepted key, whatever happens", { timeout: LONG }, async () => {
    const sequences = fc.array(happening, { minLength: 1, maxLength: 25 });
    const property = fc.asyncProperty(sequences, async (happenings) => void (await live(happenings)));
    // A revocation that was cut off once cost a key that the record still had for one to sign with.
    const cutOff: Happening[] = [
      { does: "prepare", isWatched: false },
      { does: "revoke", key: 1, crashesAt: 10, isWatched: false },
    ];
    await fc.assert(property, { ...runs(20), examples: [[cutOff]] });
  });

  it("does not either if a rotation crashes anywhere and is run again", { timeout: LONG }, async () => {
    const round = (crashesAt?: number): Happening[] => {
      const twice = (does: Does): Happening[] => [
        { does, crashesAt, isWatched: true },
        { does, isWatched: true },
      ];
      const deploy: Happening = { does: "deploy" };
      const wait: Happening = { does: "wait", seconds: 76 };
      return [
        ...[deploy, ...twice("prepare"), deploy, ...twice("activate"), deploy, wait],
        ...[...twice("retire"), deploy, ...twice("revoke"), deploy],
      ];
    };
    for (let crashesAt = 1; crashesAt <= 40; crashesAt += 6) {
      const { deployed } = await live(round(crashesAt));
      expect(deployed.length).toBe(1);
    }
  });
});

describe("a synthesis", () => {
  it.each([
    [1, "alone"],
    [2, "alone"],
    [1, "with a record"],
    [2, "with a record"],
  ])("reads a consistent pair if a command changes it before read %i, %s", async (read, how) => {
    const root = mkdtempSync(join(tmpdir(), "m2m-reader-"));
    const [before, after] = [join(root, "before"), join(root, "after")];
    try {
      mkdirSync(before);
      synthesizeIn(before, "allowed");
      if (how === "with a record") await act("revoke", pairIn(before), undefined, START);
      cpSync(before, after, { recursive: true });
      await act("revoke", pairIn(after), undefined, START);
      let count = 0;
      operations.before = () => {
        if (++count === read) cpSync(after, before, { recursive: true });
      };
      const { kid: signing } = synthesizeIn(before);
      operations.before = undefined;
      expect(recordIn(after).keys.map(({ kid }) => kid)).toContain(signing);
      expect(synthesizeIn(before)).toEqual(synthesizeIn(after));
    } finally {
      operations.before = undefined;
      rmSync(root, { recursive: true });
    }
  });
});
