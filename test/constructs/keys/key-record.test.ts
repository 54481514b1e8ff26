import type { KeyObject } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCertificate } from "../../../constructs/keys/certificate";
import { KeyError } from "../../../constructs/keys/errors";
import {
  entryOf,
  factsOf,
  type KeyEntry,
  type KeyState,
  parseRecord,
  printRecord,
  stamp,
} from "../../../constructs/keys/key-record";
import { selfSign } from "../../../constructs/keys/self-sign";
import { ecPair, ed25519Pair, rsaPair } from "../../generated-key";
import { runs } from "../../provider/fuzz";

const ISSUED = new Date("2026-01-01T00:00:00Z");
const RSA = rsaPair().privateKey;

function entryFor(key: KeyObject, algorithm?: "PS256"): KeyEntry {
  const facts = readCertificate(selfSign(key, "m", 90, ISSUED), "m.crt", { algorithm });
  return entryOf(facts, "active", ISSUED);
}

const ED = entryFor(ed25519Pair().privateKey);
const EC = entryFor(ecPair().privateKey);
const OTHER = entryFor(ed25519Pair().privateKey);

function recordOf(...entries: unknown[]): string {
  return JSON.stringify({ version: 1, keys: entries });
}

function as(state: KeyState, entry: KeyEntry): KeyEntry {
  return { ...entry, state };
}

const RESTORE = "restore it from version control";

function refusal(json: string) {
  try {
    parseRecord(json, "certs/m.keys.json");
  } catch (error) {
    expect(error).toBeInstanceOf(KeyError);
    const { code, message } = error as KeyError;
    expect(message).toMatch(/^certs\/m\.keys\.json[ ,]/);
    return { code, message };
  }
  throw new Error("nothing was refused");
}

describe("a record", () => {
  it("is read as it was printed, whatever keys and states it has", () => {
    const keys = [
      as("revoked", EC),
      as("retiring", entryFor(RSA, "PS256")),
      as("active", ED),
      as("prepared", OTHER),
    ] as const;
    const text = printRecord({ version: 1, keys });
    expect(parseRecord(text, "record")).toEqual({ version: 1, keys });
    expect(printRecord(parseRecord(text, "record"))).toBe(text);
  });

  it("is printed with one line for each fact, for reviewers", () => {
    const lines = printRecord({ version: 1, keys: [ED] }).split("\n");
    expect(lines[0]).toBe("{");
    expect(lines).toContain('      "state": "active",');
    expect(lines).toContain('      "since": "2026-01-01T00:00:00Z",');
    expect(lines.at(-1)).toBe("");
  });

  it("drops unknown members", () => {
    const { keys } = parseRecord(recordOf({ ...ED, privateKey: "secret" }), "record");
    expect(keys).toEqual([ED]);
  });

  it("gives the facts of an entry's certificate, with the entry's algorithm", () => {
    const entry = entryFor(RSA, "PS256");
    const facts = factsOf(entry, "record");
    expect(facts).toMatchObject({ algorithm: "PS256", kid: entry.kid, base64: entry.certificate });
    expect(facts.publicJwk).toMatchObject({ alg: "PS256", kid: entry.kid });
    expect(entryOf(facts, entry.state, ISSUED)).toEqual(entry);
  });

  it("has times in whole seconds", () => {
    expect(stamp(new Date("2026-01-31T12:00:00.999Z"))).toBe("2026-01-31T12:00:00Z");
  });
});

it("is read from a file with a byte order mark, which some editors write", () => {
  expect(parseRecord(`\uFEFF${recordOf(ED)}`, "certs/m.keys.json").keys).toEqual([ED]);
});

describe("a file is refused", () => {
  it.each(["", "{", "no JSON", `${recordOf(ED)},`, "\0"])("that is not JSON: %j", (json) => {
    const message = `certs/m.keys.json must be JSON; ${RESTORE}`;
    expect(refusal(json)).toEqual({ code: "RECORD_CORRUPT", message });
  });

  it.each([
    "null",
    "1",
    '"text"',
    "[]",
    "{}",
    '{"version":2,"keys":[]}',
    '{"version":"1","keys":[]}',
    '{"version":1}',
    '{"version":1,"keys":{}}',
  ])("that is another thing: %s", (json) => {
    const message = `certs/m.keys.json must have \`"version": 1\` and a list \`keys\`; ${RESTORE}`;
    expect(refusal(json)).toEqual({ code: "RECORD_CORRUPT", message });
  });

  it.each<[string, KeyEntry[], string]>([
    ["without any key", [], "must have one active key, got: 0"],
    ["without an active key", [as("prepared", ED), as("retiring", EC)], "must have one active key, got: 0"],
    ["whose keys are all revoked", [as("revoked", ED)], "must have one active key, got: 0"],
    ["with two active keys", [ED, EC], "must have one active key, got: 2"],
    [
      "with two prepared keys",
      [ED, as("prepared", EC), as("prepared", OTHER)],
      "must have at most one prepared key, got: 2",
    ],
    ["with a key twice", [ED, as("retiring", ED)], "must have each key once"],
    ["with a key that is accepted and revoked", [ED, as("revoked", ED)], "must have each key once"],
  ])("%s", (_, entries, problem) => {
    const message = `certs/m.keys.json ${problem}; ${RESTORE}`;
    expect(refusal(recordOf(...entries))).toEqual({ code: "RECORD_CORRUPT", message });
  });
});

it.each([
  ["nested without end", "[".repeat(5_000_000)],
  ["one long text", JSON.stringify("x".repeat(20_000_000))],
  ["a list of very many things", `{"version":1,"keys":[${"0,".repeat(2_000_000)}0]}`],
])("refuses a huge file quickly and does not quote it: %s", (_, json) => {
  const began = process.cpuUsage();
  expect(refusal(json).message.length).toBeLessThan(200);
  const { user, system } = process.cpuUsage(began); // a busy machine may keep it waiting
  expect((user + system) / 1000).toBeLessThan(5000);
});

describe("an entry is refused, and named by its place,", () => {
  const TIME = "a time that is not written as 2026-01-31T12:00:00Z";
  const OF_CERTIFICATE = `a \`kid\` or \`until\` that is not its certificate's, ${ED.kid} and ${ED.until}`;
  it.each<[string, unknown, string]>([
    ["that is null", null, "no `state` of prepared, active, retiring, revoked"],
    ["that is a text", "key", "no `state` of prepared, active, retiring, revoked"],
    ["of another state", { ...ED, state: "retired" }, "no `state` of prepared, active, retiring, revoked"],
    ["without a state", { ...ED, state: undefined }, "no `state` of prepared, active, retiring, revoked"],
    ["of another algorithm", { ...ED, algorithm: "HS256" }, "an unknown `algorithm`"],
    ["without an algorithm", { ...ED, algorithm: undefined }, "an unknown `algorithm`"],
    ["with a time that is a number", { ...ED, since: 1_767_225_600 }, TIME],
    ["without a time", { ...ED, since: undefined }, TIME],
    ["with a day alone", { ...ED, since: "2026-01-01" }, TIME],
    ["with parts of seconds", { ...ED, since: "2026-01-01T00:00:00.5Z" }, TIME],
    ["by another zone's clock", { ...ED, since: "2026-01-01T00:00:00+01:00" }, TIME],
    ["in a 13th month", { ...ED, since: "2026-13-01T00:00:00Z" }, TIME],
    ["with a line more", { ...ED, until: `${ED.until}\n` }, TIME],
    ["without a kid", { ...ED, kid: undefined }, "no `kid`, or no `certificate`"],
    ["without a certificate", { ...ED, certificate: undefined }, "no `kid`, or no `certificate`"],
    ["with another key's kid", { ...ED, kid: OTHER.kid }, OF_CERTIFICATE],
    ["with its kid shortened", { ...ED, kid: ED.kid.slice(0, 8) }, "no `kid`, or no `certificate`"],
    ["with a line more of its kid", { ...ED, kid: `${ED.kid}\n` }, "no `kid`, or no `certificate`"],
    ["with an end of its own", { ...ED, until: "2036-01-01T00:00:00Z" }, OF_CERTIFICATE],
    [
      "whose certificate is in lines",
      { ...ED, certificate: `${ED.certificate.slice(0, 64)}\n${ED.certificate.slice(64)}` },
      "a `certificate` that is not one line of base64 (DER)",
    ],
  ])("%s", (_, entry, rule) => {
    const message = `certs/m.keys.json has at \`keys[1]\` ${rule}; ${RESTORE}`;
    expect(refusal(recordOf(as("revoked", EC), entry))).toEqual({ code: "RECORD_CORRUPT", message });
  });

  it("with another key's certificate", () => {
    const { message } = refusal(recordOf({ ...ED, certificate: OTHER.certificate }));
    expect(message).toContain(`that is not its certificate's, ${OTHER.kid} and`);
  });

  it.each([
    ["that is none", { ...ED, certificate: "AAAA" }, "CERTIFICATE_CORRUPT", "must hold an X.509 certificate in PEM"],
    ["that is empty", { ...ED, certificate: "" }, "CERTIFICATE_CORRUPT", "must hold an X.509 certificate in PEM"],
    ["of another kind", { ...ED, algorithm: "ES256" }, "ALGORITHM_MISMATCH", "must certify a P-256 key"],
    ["of a shorter key", shortKey(), "KEY_TOO_SHORT", "must certify an RSA key of at least 2048 bits"],
  ])("with a certificate %s, by its key's id", (_, entry, code, words) => {
    const refused = refusal(recordOf(entry));
    expect(refused.code).toBe(code);
    expect(refused.message).toContain(`certs/m.keys.json, key ${entry.kid} ${words}`);
  });

  it("with a certificate that can be parsed but holds no key", () => {
    const der = Buffer.from(EC.certificate, "base64");
    const prime256v1 = Buffer.from("2a8648ce3d030107", "hex");
    der[der.indexOf(prime256v1) + prime256v1.length - 1]! ^= 0x40;
    const entry = { ...EC, certificate: der.toString("base64") };
    expect(refusal(recordOf(entry))).toMatchObject({ code: "CERTIFICATE_CORRUPT" });
  });

  it("whose facts come from its prototype", () => {
    const entry = JSON.parse(`{ "__proto__": ${JSON.stringify(ED)} }`);
    expect(refusal(recordOf(entry)).message).toContain("`keys[0]` no `state` of");
    const { keys } = parseRecord(
      `{"version":1,"keys":[{"__proto__":{"state":"x"},${JSON.stringify(ED).slice(1)}]}`,
      "r",
    );
    expect(keys).toEqual([ED]);
  });

  it("without quoting a wrong fact, which may be a private key", () => {
    const pem = ed25519Pair().privateKey.export({ type: "pkcs8", format: "pem" }) as string;
    const secret = pem.split("\n")[1]!;
    for (const fact of Object.keys(ED)) {
      for (const text of [pem, secret, `\u001b]0;${secret}\u0007`]) {
        expect(refusal(recordOf({ ...ED, [fact]: text })).message).not.toContain(secret.slice(0, 24));
        expect(refusal(recordOf({ ...ED, algorithm: "ES256", [fact]: text })).message).not.toContain(
          secret.slice(0, 24),
        );
      }
    }
    for (const text of [pem, `{"version":1,"keys":[${pem}`]) expect(refusal(text).message).not.toContain(secret);
  });

  /** Made by hand, as `readCertificate` would refuse it. */
  function shortKey() {
    const { privateKey } = rsaPair(1024);
    const certificate = selfSign(privateKey, "m", 90, ISSUED).replaceAll(/-----[^-]+-----|\s/g, "");
    return { ...ED, algorithm: "RS256", certificate };
  }
});

it("is refused with a message, or read by the rules, whichever byte of it is changed", () => {
  const text = printRecord({ version: 1, keys: [as("retiring", EC), ED, as("prepared", OTHER)] });
  const change = fc.tuple(fc.nat(text.length - 1), fc.constantFrom(..."aZ09+/=-_\"'{}[]:, \n\0é"));
  fc.assert(
    fc.property(change, ([at, character]) => {
      const changed = text.slice(0, at) + character + text.slice(at + 1);
      try {
        const { keys } = parseRecord(changed, "record");
        for (const entry of keys) expect(factsOf(entry, "record")).toMatchObject({ kid: entry.kid });
        expect(keys.filter(({ state }) => state === "active")).toHaveLength(1);
      } catch (error) {
        expect(error).toBeInstanceOf(KeyError);
        expect((error as KeyError).message).toMatch(/^record/);
      }
    }),
    runs(1000),
  );
});
