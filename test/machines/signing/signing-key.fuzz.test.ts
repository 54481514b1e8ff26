import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { inspect } from "node:util";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { KeyError } from "../../../machines/errors";
import type { SigningKey } from "../../../machines/signing/parse-signing-key";
import { signAssertion } from "../../../machines/signing/sign-assertion";
import { loadSigningKey } from "../../../machines/signing/signing-key";
import { ecPair, ed25519Pair, rsaPair } from "../../generated-key";
import { pemBegin } from "../../pem";
import { LONG, runs } from "../../provider/fuzz";
import { damaged } from "../fuzz-inputs";
import { testFolder } from "../issuer-fixture";

const CODES = ["ERR_KEY_FORMAT", "ERR_KEY_TYPE", "ERR_KEY_SIZE"];
/** Milliseconds that no file may take. */
const SLOWEST = 3000;

const folder = testFolder();
afterAll(() => folder.remove());

const pem = (key: KeyObject, type: "pkcs8" | "pkcs1" | "sec1", more: object = {}) =>
  key.export({ type, format: "pem", ...more } as never).toString();
const rsa = rsaPair().privateKey;
const ec = ecPair().privateKey;
const ed = ed25519Pair().privateKey;
const koblitz = ecPair("secp256k1").privateKey;
const short = rsaPair(1024).privateKey;

/** Key files that are good, by what they hold. */
const GOOD: Record<string, string> = {
  "RSA in PKCS #8": pem(rsa, "pkcs8"),
  "RSA in PKCS #1": pem(rsa, "pkcs1"),
  "P-256 in PKCS #8": pem(ec, "pkcs8"),
  "P-256 in SEC 1": pem(ec, "sec1"),
  "Ed25519 in PKCS #8": pem(ed, "pkcs8"),
};
/** Key files that are well-formed and not for signing with. */
const OTHERS = [
  pem(koblitz, "pkcs8"),
  pem(short, "pkcs8"),
  pem(rsa, "pkcs8", { cipher: "aes-128-cbc", passphrase: "x" }),
  createPublicKey(rsa).export({ type: "spki", format: "pem" }).toString(),
];

/** What the loader makes of a file: a key that signs, or a proper refusal that shows nothing of the file. */
async function load(content: string | Uint8Array): Promise<SigningKey | KeyError> {
  const file = folder.write("any.key", content as string);
  const begun = performance.now();
  let outcome: SigningKey | KeyError;
  try {
    outcome = loadSigningKey(file);
  } catch (error) {
    expect(error).toBeInstanceOf(KeyError);
    outcome = error as KeyError;
  }
  expect(performance.now() - begun).toBeLessThan(SLOWEST);
  if (!(outcome instanceof KeyError)) return checkSigns(outcome);
  expect(CODES).toContain(outcome.code);
  expect(outcome.message).toContain(file);
  expect(outcome.message.length).toBeLessThan(400);
  const shown = inspect(outcome, { depth: 9, showHidden: true });
  for (const line of content.toString().split(/\s+/)) {
    if (/^[\w+/=]{31,}$/.test(line)) expect(shown).not.toContain(line);
  }
  return outcome;
}

/** A key that was taken has to be one: it makes signatures that its public half confirms. */
async function checkSigns(key: SigningKey): Promise<SigningKey> {
  const assertion = await signAssertion({ clientId: "machine-a", issuer: "https://issuer", signingKey: key });
  const [header, payload, signature = ""] = assertion.split(".");
  const publicKey = createPublicKey(key.privateKey);
  const hash = key.algorithm === "EdDSA" ? null : "sha256";
  const input = Buffer.from(`${header}.${payload}`);
  const confirmed = verify(
    hash,
    input,
    { key: publicKey, dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url"),
  );
  expect(confirmed).toBe(true);
  return key;
}

/** A PEM file in whose binary content bytes were changed, lost or added, so that it is still base64. */
function damagedInside(text: string): fc.Arbitrary<string> {
  const [first = "", ...rest] = text.trim().split("\n");
  const der = Buffer.from(rest.slice(0, -1).join(""), "base64");
  const change = fc.tuple(fc.nat(der.length - 1), fc.nat(255), fc.constantFrom(0, 1, 1, 1, 2));
  return fc.array(change, { minLength: 1, maxLength: 2 }).map((changes) => {
    const bytes = [...der];
    for (const [at, other, kept] of changes) bytes.splice(at, 1, ...[other, bytes[at] ?? 0].slice(0, kept));
    return [first, Buffer.from(bytes).toString("base64"), rest.at(-1)].join("\n");
  });
}

describe("the key loader", () => {
  it.each(Object.entries(GOOD))(
    "takes a file with %s, and of damaged ones what still signs",
    async (_name, text) => {
      const { kid } = (await load(text)) as SigningKey;
      expect(kid).toBeDefined();
      let refused = 0;
      const property = fc.asyncProperty(fc.oneof(damaged(text, "\n"), damagedInside(text)), async (content) => {
        if ((await load(content)) instanceof KeyError) refused += 1;
      });
      await fc.assert(property, runs(200));
      expect(refused).toBeGreaterThan(40);
    },
    LONG,
  );

  it.each(OTHERS)(
    "refuses a file that is for something else, damaged or not (%#)",
    async (text) => {
      expect(await load(text)).toBeInstanceOf(KeyError);
      const property = fc.asyncProperty(damaged(text, "\n"), async (content) => void (await load(content)));
      await fc.assert(property, runs(50));
    },
    LONG,
  );

  it("refuses noise", { timeout: LONG }, async () => {
    const long = fc.string({ unit: fc.constantFrom(..."PRIVATE KEY 0"), minLength: 40, maxLength: 900 });
    const label = fc.oneof(fc.constantFrom("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "X"), fc.string(), long);
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.string({ unit: "binary", maxLength: 300 }),
      fc
        .tuple(label, fc.uint8Array({ maxLength: 400 }), label)
        .map(
          ([begin, bytes, end]) =>
            `-----BEGIN ${begin}-----\n${Buffer.from(bytes).toString("base64")}\n-----END ${end}-----\n`,
        ),
      fc
        .tuple(fc.constantFrom("-----BEGIN ", "A", "-", "\n", pemBegin("PRIVATE KEY")), fc.nat(20_000))
        .map(([unit, count]) => unit.repeat(count)),
    );
    await fc.assert(
      fc.asyncProperty(content, async (bytes) => {
        expect(await load(bytes)).toBeInstanceOf(KeyError);
      }),
      runs(300),
    );
  });
});
