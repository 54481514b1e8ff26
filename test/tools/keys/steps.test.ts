import { describe, expect, it } from "vitest";
import { readCertificate } from "../../../constructs/keys/certificate";
import { entryOf, type KeyState } from "../../../constructs/keys/key-record";
import { selfSign } from "../../../constructs/keys/self-sign";
import { short } from "../../../tools/keys/outcome";
import { ASSERTION_MS, isDeployed, keyDueAt, nextStep, type Situation, type Step } from "../../../tools/keys/steps";
import { ed25519Pair } from "../../generated-key";

const ISSUED = Date.parse("2026-01-01T00:00:00Z");
const DAY = 86_400_000;
const HOUR = 3_600_000;
/** Two thirds of 90 days. */
const DUE = ISSUED + 60 * DAY;

/** Entries of four keys, made once; each came into its state when it was issued. */
const ENTRIES = Array.from({ length: 4 }, () => {
  const pem = selfSign(ed25519Pair().privateKey, "m", 90, new Date(ISSUED));
  return entryOf(readCertificate(pem, "m.crt"), "prepared", new Date(ISSUED));
});
const KIDS = ENTRIES.map(({ kid }) => kid);
const [A, B, C] = ENTRIES.map(short) as [string, string, string];

/** Places of keys in the record. */
type Places = readonly number[];

interface Given {
  readonly states: readonly KeyState[];
  /** For each client, which keys it accepts. */
  readonly deployed: readonly Places[];
  /** Milliseconds since the keys came into their states. */
  readonly after?: number;
  readonly overlapMs?: number;
  readonly whenDue?: boolean;
  readonly isSwitchDeployed?: boolean;
}

function situation({ states, deployed, after = DAY, ...rest }: Given): Situation {
  const { overlapMs = 0, whenDue = false, isSwitchDeployed = true } = rest;
  return {
    isSwitchDeployed,
    record: { version: 1, keys: states.map((state, i) => ({ ...ENTRIES[i]!, state })) },
    deployed: deployed.map((places) => places.map((place) => KIDS[place]!)),
    now: new Date(ISSUED + after),
    overlapMs,
    whenDue,
  };
}

function step(given: Given): Step {
  return nextStep(situation(given));
}

const wait = (because: string, until?: number) =>
  until === undefined ? { act: "wait", because } : { act: "wait", because, until: new Date(until) };
const UP = "run `m2m up`";
const NO_CLIENT = "no declared client signs with this pair";
const act = (name: string, because: string) => ({ act: name, because });

describe("with an active key alone", () => {
  const states = ["active"] as const;
  it.each<[string, Given, object]>([
    ["begins when asked to", { states, deployed: [[0]] }, act("prepare", `key ${A} is to be replaced`)],
    ["begins before the first deploy", { states, deployed: [[]] }, act("prepare", `key ${A} is to be replaced`)],
    ["waits where no client has the pair", { states, deployed: [] }, wait(NO_CLIENT)],
    [
      "waits for its time by cron",
      { states, deployed: [[0]], whenDue: true, after: DUE - ISSUED - 1 },
      wait(`key ${A} is not due`, DUE),
    ],
    [
      "begins by cron at two thirds of its life",
      { states, deployed: [[0]], whenDue: true, after: DUE - ISSUED },
      act("prepare", `two thirds of the life of key ${A} are over`),
    ],
    [
      "begins by cron after its end, too",
      { states, deployed: [[0]], whenDue: true, after: 1000 * DAY },
      act("prepare", `two thirds of the life of key ${A} are over`),
    ],
    [
      "waits by a clock that was set back",
      { states, deployed: [[0]], whenDue: true, after: -1000 * DAY },
      wait(`key ${A} is not due`, DUE),
    ],
    [
      "waits while Keycloak accepts a key that has gone",
      { states, deployed: [[0, 1]] },
      wait(`the last step is not deployed: ${UP}`),
    ],
    [
      "waits while one of two clients is behind",
      { states, deployed: [[0], [0, 1]] },
      wait(`the last step is not deployed: ${UP}`),
    ],
  ])("%s", (_, given, expected) => expect(step(given)).toEqual(expected));

  it("waits until a revoked key is refused, and then ignores it", () => {
    expect(step({ states: ["revoked", "active"], deployed: [[0]] })).toEqual(
      wait(`the last step is not deployed: ${UP}`),
    );
    expect(step({ states: ["revoked", "active"], deployed: [[1]] })).toMatchObject({ act: "prepare" });
  });
});

describe("with a prepared key", () => {
  const states = ["active", "prepared"] as const;
  it.each<[string, Given, object]>([
    ["waits for the deploy", { states, deployed: [[0]] }, wait(`key ${B} is not deployed: ${UP}`)],
    ["waits for the first deploy", { states, deployed: [[]] }, wait(`key ${B} is not deployed: ${UP}`)],
    ["waits where no client has the pair", { states, deployed: [] }, wait(NO_CLIENT)],
    ["waits for every client", { states, deployed: [[0, 1], [0]] }, wait(`key ${B} is not deployed: ${UP}`)],
    ["goes on once it is deployed", { states, deployed: [[0, 1]] }, act("activate", `Keycloak accepts key ${B}`)],
    [
      "waits for the overlap",
      { states, deployed: [[0, 1]], overlapMs: HOUR, after: HOUR - 1 },
      wait(`machines have time to get key ${B}`, ISSUED + HOUR),
    ],
    [
      "goes on after the overlap, whether or not the active key is due",
      { states, deployed: [[0, 1]], overlapMs: HOUR, after: HOUR, whenDue: true },
      act("activate", `Keycloak accepts key ${B}`),
    ],
    [
      "comes before what retires",
      { states: ["retiring", "active", "prepared"], deployed: [[0, 1, 2]] },
      act("activate", `Keycloak accepts key ${C}`),
    ],
  ])("%s", (_, given, expected) => expect(step(given)).toEqual(expected));
});

describe("with a retiring key", () => {
  const states = ["retiring", "active"] as const;
  const both = [[0, 1]];
  const gone = act("retire", `no assertion by key ${A} is accepted any more`);
  it.each<[string, Given, object]>([
    [
      "waits until the key that signs is deployed",
      { states, deployed: [[0]], after: DAY },
      wait(`key ${B} is not deployed: ${UP}`),
    ],
    [
      "waits until the switch is deployed, which brings containers the new key",
      { states, deployed: both, isSwitchDeployed: false },
      wait(`the switch to key ${B} is not deployed: ${UP}`),
    ],
    [
      "waits for assertions on their way, with no overlap asked for",
      { states, deployed: both, after: ASSERTION_MS - 1 },
      wait(`an assertion by key ${A} may still be on its way`, ISSUED + ASSERTION_MS),
    ],
    ["goes on when they are over", { states, deployed: both, after: ASSERTION_MS }, gone],
    [
      "waits for the overlap where that is longer",
      { states, deployed: both, after: HOUR - 1, overlapMs: HOUR },
      wait(`machines have time to get key ${B}`, ISSUED + HOUR),
    ],
    [
      "waits by a clock that was set back",
      { states, deployed: both, after: -DAY },
      wait(`an assertion by key ${A} may still be on its way`, ISSUED + ASSERTION_MS),
    ],
    [
      "names every one that retires",
      { states: ["retiring", "retiring", "active"], deployed: [[0, 1, 2]] },
      act("retire", `no assertion by key ${A}, ${B} is accepted any more`),
    ],
  ])("%s", (_, given, expected) => expect(step(given)).toEqual(expected));

  it("waits for the last of several switches", () => {
    const { record, ...rest } = situation({ states: ["retiring", "retiring", "active"], deployed: [[0, 1, 2]] });
    const late = new Date(rest.now.getTime() - 1000).toISOString();
    const keys = record.keys.map((entry, i) => (i === 1 ? { ...entry, since: late } : entry));
    expect(nextStep({ ...rest, record: { version: 1, keys } })).toMatchObject({
      act: "wait",
      until: new Date(rest.now.getTime() - 1000 + ASSERTION_MS),
    });
  });
});

it("treats a key as due at two thirds of its certificate's life", () => {
  expect(keyDueAt({ ...ENTRIES[0]!, since: "2030-01-01T00:00:00Z" })).toEqual(new Date(DUE));
});

it("treats a key as deployed if every client accepts it, and never without a client", () => {
  expect(isDeployed("k", [["k"], ["j", "k"]])).toBe(true);
  expect(isDeployed("k", [["k"], ["j"]])).toBe(false);
  expect(isDeployed("k", [["k"], []])).toBe(false);
  expect(isDeployed("k", [])).toBe(false);
});
