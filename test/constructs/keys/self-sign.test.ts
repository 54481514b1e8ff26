import { execFileSync } from "node:child_process";
import { createPublicKey, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asn1, md, pki } from "node-forge";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SIGNING_ALGORITHMS, shapeOf } from "../../../constructs/keys/algorithms";
import { generateKey } from "../../../constructs/keys/generate";
import { selfSign } from "../../../constructs/keys/self-sign";

const KEYS = SIGNING_ALGORITHMS.map((algorithm) => ({ algorithm, key: generateKey(shapeOf(algorithm, 2048)) }));
const [{ key: RSA }] = KEYS as [(typeof KEYS)[0]];
const NOW = new Date("2026-03-01T12:00:00.900Z");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "m2m-sign-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function openssl(pem: string, ...args: string[]): string {
  return execFileSync("openssl", args, { input: pem, encoding: "utf8", stdio: "pipe" });
}

/** A self-signed certificate is trusted as it is: its signature is checked only where that is asked for. */
function verify(pem: string): string {
  const file = join(folder, "x.crt");
  writeFileSync(file, pem);
  const at = String(Math.ceil(NOW.getTime() / 1000));
  return openssl("", "verify", "-x509_strict", "-check_ss_sig", "-attime", at, "-CAfile", file, file);
}

describe.each(KEYS)("selfSign over a key for $algorithm", ({ algorithm, key }) => {
  it("is signed by its own key, and openssl agrees", () => {
    const pem = selfSign(key, "m", 5, NOW);
    expect(new X509Certificate(pem).verify(createPublicKey(key))).toBe(true);
    expect(verify(pem)).toContain("x.crt: OK");
    expect(openssl(pem, "x509", "-noout", "-pubkey")).toBe(
      createPublicKey(key).export({ type: "spki", format: "pem" }),
    );
  });

  it("names the signature by its kind", () => {
    const rsa = "sha256WithRSAEncryption";
    const name = /^[RP]S/.test(algorithm) ? rsa : algorithm.replace("ES", "ecdsa-with-SHA").replace("EdDSA", "ED25519");
    const text = openssl(selfSign(key, "m", 5, NOW), "x509", "-noout", "-text");
    expect([...text.matchAll(/Signature Algorithm: (\S+)/g)].map(([, name]) => name)).toEqual([name, name]);
  });

  it("is a version 3 certificate for signatures, no CA, with its key's identifier", () => {
    const pem = selfSign(key, "m", 5, NOW);
    const text = openssl(pem, "x509", "-noout", "-text");
    expect(text).toContain("Version: 3 (0x2)");
    expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
    expect(text).toMatch(/Key Usage: critical\s+Digital Signature\n/);
    expect(text).toMatch(/Subject Key Identifier: \s+([0-9A-F]{2}:){19}[0-9A-F]{2}\n/);
    const [, own] = /Subject Key Identifier: \s+(\S+)\n/.exec(text)!;
    expect(text).toMatch(new RegExp(`Authority Key Identifier: \\s+(keyid:)?${own}\n`));
    expect(text.match(/X509v3 [A-Z][\w ]+: /g)).toHaveLength(4);
  });

  it("has the key identifier that openssl gives", () => {
    const keyFile = join(folder, "x.key");
    writeFileSync(keyFile, key.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    const theirs = openssl(
      "",
      "req",
      "-x509",
      "-key",
      keyFile,
      "-subj",
      "/CN=m",
      "-addext",
      "keyUsage=digitalSignature",
    );
    const identifier = (pem: string) => openssl(pem, "x509", "-noout", "-ext", "subjectKeyIdentifier");
    expect(identifier(selfSign(key, "m", 5, NOW))).toBe(identifier(theirs));
  });
});

describe("selfSign", () => {
  it("is valid from now for the given days, to the second", () => {
    const { validFrom, validTo } = new X509Certificate(selfSign(RSA, "m", 5, NOW));
    expect(new Date(validFrom).toISOString()).toBe("2026-03-01T12:00:00.000Z");
    expect(new Date(validTo).toISOString()).toBe("2026-03-06T12:00:00.000Z");
  });

  it("lasts a hundred years, past the years that two digits can express", () => {
    expect(openssl(selfSign(RSA, "m", 36_500, NOW), "x509", "-noout", "-enddate")).toBe(
      "notAfter=Feb  5 12:00:00 2126 GMT\n",
    );
  });

  it.each([
    ["2049-12-31T23:59:59Z", "UTCTIME           :491231235959Z"],
    ["2050-01-01T00:00:00Z", "GENERALIZEDTIME   :20500101000000Z"],
  ])("writes a date as RFC 5280 requires: %s", (date, written) => {
    expect(openssl(selfSign(RSA, "m", 1, new Date(date)), "asn1parse")).toContain(written);
  });

  it("names any subject in UTF-8", () => {
    expect(new X509Certificate(selfSign(RSA, "Käse-1", 5, NOW)).subject).toBe("CN=Käse-1");
    expect(openssl(selfSign(RSA, "m", 5, NOW), "asn1parse").match(/UTF8STRING +:m\n/g)).toHaveLength(2);
  });

  it("has a new positive serial number each time, within 20 octets", () => {
    const serials = [1, 2, 3].map(() => new X509Certificate(selfSign(RSA, "m", 5, NOW)).serialNumber);
    expect(new Set(serials).size).toBe(3);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
  });

  it("is PEM with Unix line ends", () => {
    const pem = selfSign(RSA, "m", 5, NOW);
    expect(pem).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
    expect(pem).not.toContain("\r");
    expect(pem).toBe(new X509Certificate(pem).toString());
  });

  it("is byte for byte what node-forge makes for the same RSA key", () => {
    const pem = selfSign(RSA, "Käse-1", 5, NOW);
    const privateKey = pki.privateKeyFromPem(RSA.export({ type: "pkcs1", format: "pem" }) as string);
    const certificate = pki.createCertificate();
    certificate.publicKey = pki.setRsaPublicKey(privateKey.n, privateKey.e);
    certificate.serialNumber = new X509Certificate(pem).serialNumber;
    certificate.validity = { notBefore: NOW, notAfter: new Date(NOW.getTime() + 5 * 86_400_000) };
    const subject = [{ name: "commonName", value: "Käse-1", valueTagClass: asn1.Type.UTF8 as never }];
    certificate.setSubject(subject);
    certificate.setIssuer(subject);
    certificate.setExtensions([
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "subjectKeyIdentifier" },
      { name: "authorityKeyIdentifier", keyIdentifier: true },
    ]);
    certificate.sign(privateKey, md.sha256.create());
    expect(pem).toBe(pki.certificateToPem(certificate).replaceAll("\r\n", "\n"));
  });
});
