import { execFileSync } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { slownessOf } from "../../../constructs/keys/derivation";
import { readPrivateKeyFile } from "../../../constructs/keys/private-key";
import { loadSigningKey } from "../../../machines/signing/signing-key";
import { ecPair } from "../../generated-key";
import { pemBlock } from "../../pem";
import { inTemporaryProject, writeProjectFile } from "../project";

inTemporaryProject();

const plain = ecPair().privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const encrypted = (...options: string[]) =>
  execFileSync("openssl", ["pkcs8", "-topk8", "-passout", "pass:x", ...options], { input: plain }).toString();
const derOf = (pem: string) => Buffer.from(pem.replaceAll(/-----.*-----|\s/g, ""), "base64");
const pemOf = (der: Buffer) => `${pemBlock("ENCRYPTED PRIVATE KEY", der.toString("base64"))}\n`;

/** Changes bytes that are there once. */
function patched(pem: string, from: string, to: string): string {
  const hex = derOf(pem).toString("hex");
  expect(hex.split(from)).toHaveLength(2);
  return pemOf(Buffer.from(hex.replace(from, to), "hex"));
}

const slow = {
  "PBKDF2 with 2,100,000 rounds": () => encrypted("-iter", "2100000"),
  "PBKDF2 with 8,388,607 rounds": () => patched(encrypted("-iter", "100000"), "02030186a0", "02037fffff"),
  "scrypt with 127 times the usual work": () =>
    patched(encrypted("-scrypt"), "02024000020108020101", "0202400002010802017f"),
};

describe("an encrypted key", () => {
  it.each([
    ["PBKDF2 with the usual rounds", []],
    ["PBKDF2 with 600,000 rounds", ["-iter", "600000"]],
    ["PBKDF2 with another hash", ["-v2prf", "hmacWithSHA512"]],
    ["3DES", ["-v2", "des3"]],
    ["scrypt", ["-scrypt"]],
  ])("is opened: %s", (_, options) => {
    const pem = encrypted(...options);
    expect(slownessOf(pem)).toBeUndefined();
    writeProjectFile("a.key", pem);
    expect(loadSigningKey("a.key", { passphrase: "x" }).algorithm).toBe("ES256");
  });

  it.each(Object.entries(slow))("that would take long is refused at once: %s", (_, make) => {
    writeProjectFile("a.key", make());
    const begun = performance.now();
    expect(() => loadSigningKey("a.key", { passphrase: "x" })).toThrow(
      /rounds, and at most 2000000 are done; encrypt it/,
    );
    expect(() => readPrivateKeyFile("a.key", undefined, "x")).toThrow(
      /a.key must hold a private key that opens quickly/,
    );
    expect(performance.now() - begun).toBeLessThan(500);
  });

  it("of the older form of PEM has one round", () => {
    const pem = createPrivateKey(plain)
      .export({ type: "sec1", format: "pem", cipher: "aes-256-cbc", passphrase: "x" })
      .toString();
    expect(slownessOf(pem)).toBeUndefined();
  });

  it("is looked at in the same way, whatever bytes it has", () => {
    const der = derOf(encrypted());
    const changes = fc.array(fc.tuple(fc.nat(der.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(changes, fc.nat(der.length), (bytes, length) => {
        const other = Buffer.from(der);
        for (const [at, byte] of bytes) other[at] = byte;
        const got = slownessOf(pemOf(other.subarray(0, length)));
        expect(got ?? "opened").toMatch(/^opened$|rounds, and at most/);
      }),
    );
  });
});
