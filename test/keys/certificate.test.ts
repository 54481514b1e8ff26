import { execFileSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { keyId, readCertificate, selfSign } from "../../constructs/keys/certificate";
import { KeyError } from "../../constructs/keys/errors";

const KEY = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const NOW = new Date("2026-03-01T12:00:00.900Z");

function opensslText(pem: string): string {
  return execFileSync("openssl", ["x509", "-noout", "-text"], { input: pem, encoding: "utf8", stdio: "pipe" });
}

describe("selfSign", () => {
  it("is valid from now for the days asked, to the second", () => {
    const { validFrom, validTo } = new X509Certificate(selfSign(KEY, "m", 5, NOW));
    expect(new Date(validFrom).toISOString()).toBe("2026-03-01T12:00:00.000Z");
    expect(new Date(validTo).toISOString()).toBe("2026-03-06T12:00:00.000Z");
  });

  it("is signed by its own key with SHA-256", () => {
    const pem = selfSign(KEY, "m", 5, NOW);
    expect(new X509Certificate(pem).verify(createPublicKey(KEY))).toBe(true);
    expect(opensslText(pem)).toContain("Signature Algorithm: sha256WithRSAEncryption");
  });

  it("is for signatures and no authority over others", () => {
    const text = opensslText(selfSign(KEY, "m", 5, NOW));
    expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
    expect(text).toMatch(/Key Usage: critical\s+Digital Signature\n/);
    expect(text).toContain("Subject Key Identifier");
  });

  it("lasts a hundred years, past the dates that two digits can say", () => {
    expect(opensslText(selfSign(KEY, "m", 36_500, NOW))).toContain("Not After : Feb  5 12:00:00 2126 GMT");
  });

  it("names any subject in UTF-8", () => {
    expect(new X509Certificate(selfSign(KEY, "Käse-1", 5, NOW)).subject).toBe("CN=Käse-1");
  });

  it("has a positive serial number of its own each time, within 20 octets", () => {
    const serials = [1, 2, 3].map(() => new X509Certificate(selfSign(KEY, "m", 5, NOW)).serialNumber);
    expect(new Set(serials).size).toBe(3);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
  });

  it("is PEM with Unix line ends", () => {
    const pem = selfSign(KEY, "m", 5, NOW);
    expect(pem).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
    expect(pem).not.toContain("\r");
  });
});

describe("readCertificate", () => {
  it("gives PEM, base64 on one line, kid and end", () => {
    const pem = selfSign(KEY, "m", 5, NOW);
    expect(readCertificate(pem, "x")).toEqual({
      pem,
      base64: pem.replaceAll(/-----[^-]+-----|\n/g, ""),
      kid: keyId(KEY),
      notAfter: new Date("2026-03-06T12:00:00Z"),
    });
  });

  it("reads a file with Windows line ends or text before the certificate as the same", () => {
    const pem = selfSign(KEY, "m", 5, NOW);
    expect(readCertificate(pem.replaceAll("\n", "\r\n"), "x")).toEqual(readCertificate(pem, "x"));
    expect(readCertificate(`subject=CN = m\n${pem}`, "x")).toEqual(readCertificate(pem, "x"));
  });

  it.each(["", "text", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])("fails on %j", (text) => {
    expect(() => readCertificate(text, "certs/m.crt")).toThrow(
      new KeyError(
        "CERTIFICATE_CORRUPT",
        `certs/m.crt must hold an X.509 certificate in PEM, got: ${text.length} characters that cannot be parsed; restore it from version control`,
      ),
    );
  });

  it("fails on a certificate whose middle was cut out", () => {
    const pem = selfSign(KEY, "m", 5, NOW);
    expect(() => readCertificate(pem.slice(0, 400) + pem.slice(600), "x")).toThrow("x must hold an X.509 certificate");
  });
});

describe("keyId", () => {
  it("is the same of both halves, and another of another key", () => {
    const other = generateKeyPairSync("rsa", { modulusLength: 2048 });
    expect(keyId(other.publicKey)).toBe(keyId(other.privateKey));
    expect(keyId(other.privateKey)).not.toBe(keyId(KEY));
    expect(keyId(KEY)).toMatch(/^[\w-]{43}$/);
  });
});
