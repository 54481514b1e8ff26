import { describe, expect, it } from "vitest";
import { readCertificate } from "../../../constructs/keys/certificate";
import { activate, prepare, refuseSecond, retire, retiringOf, revoke } from "../../../constructs/keys/key-life";
import {
  acceptedOf,
  activeOf,
  entryOf,
  type KeyEntry,
  type KeyRecord,
  type KeyState,
  parseRecord,
  printRecord,
} from "../../../constructs/keys/key-record";
import { selfSign } from "../../../constructs/keys/self-sign";
import { ed25519Pair } from "../../generated-key";

const BEFORE = new Date("2026-01-01T00:00:00Z");
const NOW = new Date("2026-02-01T10:20:30.900Z");
/** Whole seconds, as the record has them. */
const STAMP = "2026-02-01T10:20:30Z";

/** Entries of five keys, made once. */
const ENTRIES = Array.from({ length: 5 }, () => {
  const pem = selfSign(ed25519Pair().privateKey, "m", 90, BEFORE);
  return entryOf(readCertificate(pem, "m.crt"), "prepared", BEFORE);
});
const [ONE, TWO, THREE] = ENTRIES.map(({ kid }) => kid) as [string, string, string];

/** A record of keys in these states, in this order. */
function recordOf(...states: KeyState[]): KeyRecord {
  return { version: 1, keys: states.map((state, i) => ({ ...ENTRIES[i]!, state })) };
}

/** State and beginning of each key, as `active since 2026-01-01T00:00:00Z`, in the record's order. */
function told({ keys }: KeyRecord): string[] {
  return keys.map(({ state, since }) => `${state} since ${since}`);
}

function states({ keys }: KeyRecord): KeyState[] {
  return keys.map(({ state }) => state);
}

function refusal(action: () => unknown) {
  try {
    action();
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return { code, message };
  }
  throw new Error("nothing was refused");
}

describe("prepare", () => {
  it("adds a key at the end and leaves the others unchanged", () => {
    const before = recordOf("retiring", "active");
    const after = prepare(before, ENTRIES[2]!);
    expect(after.keys.slice(0, 2)).toEqual(before.keys);
    expect(after.keys[2]).toEqual(ENTRIES[2]);
  });

  it("refuses a second prepared key, and refuseSecond does so before a key is made", () => {
    const record = recordOf("active", "prepared");
    const code = "KEY_PREPARED_ALREADY";
    const message = `key ${TWO} has been prepared since 2026-01-01T00:00:00Z; activate it, or revoke it`;
    expect(refusal(() => prepare(record, ENTRIES[2]!))).toEqual({ code, message });
    expect(refusal(() => refuseSecond(record))).toEqual({ code, message });
    expect(() => refuseSecond(recordOf("active", "retiring", "revoked"))).not.toThrow();
  });

  it.each(["active", "retiring", "revoked"] as const)("refuses a key that is %s already", (state) => {
    const record = recordOf(...(state === "active" ? ([state] as const) : ([state, "active"] as const)));
    expect(refusal(() => prepare(record, ENTRIES[0]!))).toEqual({
      code: "KEY_KNOWN",
      message: `key ${ONE} is already in the record; prepare another`,
    });
  });
});

describe("activate", () => {
  it("makes the prepared key active and the active one retiring, both from now on", () => {
    expect(told(activate(recordOf("active", "prepared"), NOW))).toEqual([
      `retiring since ${STAMP}`,
      `active since ${STAMP}`,
    ]);
  });

  it("does not change the time of a key that is already retiring", () => {
    expect(told(activate(recordOf("retiring", "active", "prepared"), NOW))[0]).toBe(
      "retiring since 2026-01-01T00:00:00Z",
    );
  });

  it("brings a retiring key back by its id or its first eight characters, beside a prepared one", () => {
    const record = recordOf("retiring", "active", "prepared");
    for (const kid of [ONE, ONE.slice(0, 8), ONE.slice(0, 20)]) {
      expect(states(activate(record, NOW, kid))).toEqual(["active", "retiring", "prepared"]);
    }
  });

  it.each([
    ["without a prepared one", recordOf("active"), undefined, "no key is prepared"],
    ["without an id where keys only retire", recordOf("retiring", "active"), undefined, "no key is prepared"],
    ["that is active", recordOf("active", "prepared"), ONE, `no key ${ONE} is prepared or retiring`],
    ["that is revoked", recordOf("revoked", "active"), ONE, `no key ${ONE} is prepared or retiring`],
    ["that is unknown", recordOf("active", "prepared"), "ABCDEFGHIJ", "no key ABCDEFGHIJ is prepared or retiring"],
    // It may be the secret number of a P-256 key.
    [
      "of 43 characters",
      recordOf("active", "prepared"),
      THREE,
      "no key (a text of 43 characters, not shown: it may be",
    ],
    ["by seven characters", recordOf("active", "prepared"), TWO.slice(0, 7), `no key ${TWO.slice(0, 7)} is`],
  ])("refuses a key %s, and lists the known keys", (_, record, kid, beginning) => {
    const { code, message } = refusal(() => activate(record, NOW, kid));
    expect(code).toBe("KEY_NOT_FOUND");
    expect(message).toContain(beginning);
    expect(message).toContain(`known: ${record.keys.map((key) => `${key.kid} (${key.state})`).join(", ")}`);
  });
});

describe("retire", () => {
  it("drops every retiring key and no other", () => {
    const after = retire(recordOf("retiring", "revoked", "active", "retiring", "prepared"));
    expect(states(after)).toEqual(["revoked", "active", "prepared"]);
  });

  it("drops one key by its id", () => {
    const after = retire(recordOf("retiring", "retiring", "active"), TWO.slice(0, 8));
    expect(after.keys.map(({ kid }) => kid)).toEqual([ONE, THREE]);
  });

  it("refuses if no key is retiring", () => {
    expect(refusal(() => retire(recordOf("active", "prepared", "revoked")))).toEqual({
      code: "KEY_NOT_FOUND",
      message: "no key is retiring, so there is nothing to retire",
    });
  });

  it.each(["active", "prepared", "revoked"] as const)("refuses a key that is %s", (state) => {
    const record = recordOf("retiring", state, state === "active" ? "retiring" : "active");
    expect(refusal(() => retire(record, TWO))).toMatchObject({
      code: "KEY_NOT_FOUND",
      message: expect.stringContaining(`no key ${TWO} is retiring, so none can be retired`),
    });
  });
});

describe("revoke", () => {
  it("replaces the active key by the prepared one and keeps it in the record as revoked", () => {
    expect(told(revoke(recordOf("active", "prepared"), NOW, ONE))).toEqual([
      `revoked since ${STAMP}`,
      `active since ${STAMP}`,
    ]);
  });

  it.each(["prepared", "retiring"] as const)("revokes a %s key and leaves the active one", (state) => {
    expect(told(revoke(recordOf("active", state), NOW, TWO.slice(0, 8)))).toEqual([
      "active since 2026-01-01T00:00:00Z",
      `revoked since ${STAMP}`,
    ]);
  });

  it("does not replace the active key by a retiring one", () => {
    expect(refusal(() => revoke(recordOf("retiring", "active"), NOW, TWO))).toEqual({
      code: "KEY_NOT_FOUND",
      message: `key ${TWO} is active and no other key is prepared; prepare one first`,
    });
  });

  it("refuses a key that is revoked, or unknown", () => {
    const record = recordOf("revoked", "active");
    for (const kid of [ONE, "ABCDEFGHIJ"]) {
      expect(refusal(() => revoke(record, NOW, kid)).message).toContain(
        `no key ${kid} is prepared or active or retiring, so none can be revoked`,
      );
    }
  });
});

it("does not change the record it is given, and gives one that can be read again", () => {
  const record = recordOf("revoked", "retiring", "active", "prepared");
  const before = structuredClone(record);
  const kid = (i: number): string => (record.keys[i] as KeyEntry).kid;
  const results = [
    activate(record, NOW),
    activate(record, NOW, kid(1)),
    retire(record),
    revoke(record, NOW, kid(1)),
    revoke(record, NOW, kid(2)),
    revoke(record, NOW, kid(3)),
    prepare(retire(activate(record, NOW)), ENTRIES[4]!),
  ];
  expect(record).toEqual(before);
  for (const after of results) expect(parseRecord(printRecord(after), "record")).toEqual(after);
});

it("finds the active key, the retiring ones, and the accepted ones in the record's order", () => {
  const record = recordOf("retiring", "revoked", "active", "retiring", "prepared");
  const places = (entries: readonly KeyEntry[]) => entries.map((entry) => record.keys.indexOf(entry));
  expect(places([activeOf(record)])).toEqual([2]);
  expect(places(retiringOf(record))).toEqual([0, 3]);
  expect(places(acceptedOf(record))).toEqual([0, 2, 3, 4]);
});
