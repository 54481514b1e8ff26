import type { X509Certificate } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { certificatesIn, chainOf, leadsTo, toPem } from "../../../constructs/certificates/chain";
import { KeyError } from "../../../constructs/keys/errors";
import { messageOf } from "../project";
import { caOf, leafBy, type Made, openssl } from "./made";

const RUNS = { numRuns: 50 * Number(process.env.M2M_TEST_RUNS ?? 1) };

const root = caOf("root");
const upper = caOf("upper", { by: root });
const lower = caOf("lower", { by: upper });
const leaf = leafBy(lower);
const stranger = caOf("stranger");

const chainIn = (text: string, roots: readonly Made[] = []) =>
  chainOf(
    certificatesIn(text, "here"),
    "here",
    roots.map(({ certificate }) => certificate),
  );
const prints = (...certificates: readonly X509Certificate[]) => certificates.map((one) => one.fingerprint256);
const printsIn = (text: string, roots: readonly Made[] = []) => {
  const chain = chainIn(text, roots);
  return prints(chain.leaf, ...chain.above);
};
const printsOf = (...all: readonly Made[]) => prints(...all.map(({ certificate }) => certificate));

describe("the chain of a file", () => {
  /** What may stand around and between certificates. */
  const noise = fc.oneof(
    fc.constantFrom("", "\uFEFF", "\n\n", "subject=CN = leaf\nissuer=CN = lower\n", "-----BEGIN DH PARAMETERS-----\n"),
    fc.string().map((text) => text.replaceAll("-", "_")),
  );
  const ends = fc.constantFrom("\n", "\r\n");
  const shuffled = fc.shuffledSubarray([leaf, lower, upper, root, leaf, lower], { minLength: 6 });

  it("is the same in any order, twice in there, with any line ends and words between", () => {
    const property = fc.property(shuffled, fc.array(noise, { minLength: 7, maxLength: 7 }), ends, (all, words, end) => {
      const text = all.map(({ pem }, at) => `${words[at]}\n${pem}`).join("") + words[6];
      expect(printsIn(text.replaceAll("\n", end))).toEqual(printsOf(leaf, lower, upper));
    });
    fc.assert(property, RUNS);
  });

  it("of bytes that are none is a KeyError and nothing else, and repeats none of them", () => {
    const bytes = fc.uint8Array({ maxLength: 400 }).map((all) => Buffer.from(all));
    const inBlock = bytes.map(
      (all) => `-----BEGIN CERTIFICATE-----\n${all.toString("base64")}\n-----END CERTIFICATE-----`,
    );
    const flipped = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })).map(([at, by]) => {
      const raw = Buffer.from(leaf.certificate.raw);
      raw[at % raw.length]! ^= by;
      return `-----BEGIN CERTIFICATE-----\n${raw.toString("base64")}\n-----END CERTIFICATE-----`;
    });
    const property = fc.property(fc.oneof(bytes.map(String), inBlock, flipped), (text) => {
      try {
        chainIn(text); // a flipped bit may leave a certificate that parses
      } catch (error) {
        expect(error).toBeInstanceOf(KeyError);
        expect((error as Error).message).not.toContain(text.slice(30, 90) || "never");
      }
    });
    fc.assert(property, RUNS);
    expect(messageOf(() => chainIn("x".repeat(20)))).toContain(
      "here must hold X.509 certificates in PEM, got: 20 characters",
    );
  });

  it("is read from the form of openssl's trusted certificates", () => {
    const trusted = openssl(["x509", "-trustout"], leaf.pem);
    expect(trusted).toContain("BEGIN TRUSTED CERTIFICATE");
    expect(printsIn(trusted + lower.pem)).toEqual(printsOf(leaf, lower));
  });

  it("leads to the root that is trusted where a CA is cross-signed, whatever the order", () => {
    const other = caOf("other");
    const crossed = caOf("lower", { by: other, key: lower.key });
    for (const files of [
      [leaf, lower, upper, crossed],
      [crossed, upper, lower, leaf],
    ]) {
      const text = files.map(({ pem }) => pem).join("");
      expect(printsIn(text, [other])).toEqual(printsOf(leaf, crossed));
      expect(printsIn(text, [root])).toEqual(printsOf(leaf, lower, upper));
    }
    const [one, two] = [
      [leaf, lower, upper, crossed],
      [upper, crossed, leaf, lower],
    ].map((files) => printsIn(files.map(({ pem }) => pem).join("")));
    expect(one).toEqual(two);
  });

  it("ends where two CAs have signed each other", () => {
    const one = caOf("one", { by: stranger });
    const two = caOf("two", { by: one });
    const back = caOf("one", { by: two, key: one.key });
    const below = leafBy(two);
    const text = [below, two, back].map(({ pem }) => pem).join("");
    expect(printsIn(text)).toEqual(printsOf(below, two, back));
    expect(printsIn(text + one.pem, [stranger])).toEqual(printsOf(below, two, one));
  });

  it("has the newer of two certificates of one CA", () => {
    const renewed = caOf("lower", { by: upper, key: lower.key, hours: 48 });
    const files = [leaf, lower, renewed, upper];
    for (const all of [files, [...files].reverse()]) {
      expect(printsIn(all.map(({ pem }) => pem).join(""))).toEqual(printsOf(leaf, renewed, upper));
    }
  });

  it("of several leaves is refused, and so is one of more certificates than chains have", () => {
    expect(messageOf(() => chainIn(leaf.pem + stranger.pem))).toMatch(
      /here must hold one certificate, and beside it only those that issued it, got: 2 certificates of which 2 issued none/,
    );
    expect(messageOf(() => chainIn(leaf.pem.repeat(21)))).toContain("got: 21 of them");
  });
});

describe("a chain leads to", () => {
  it("the root that issued it, and not to another of the same name", () => {
    const namesake = caOf("root");
    const chain = chainIn(toPem([leaf, lower, upper].map(({ certificate }) => certificate)));
    expect(leadsTo(chain, [namesake.certificate])).toBe(false);
    expect(leadsTo(chain, [namesake.certificate, root.certificate])).toBe(true);
  });

  it("no root where one between is missing", () => {
    const chain = chainIn(leaf.pem + lower.pem);
    expect(leadsTo(chain, [root.certificate])).toBe(false);
  });
});
