import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createServerCertificate } from "../../../provider/protocol/certificate";

describe("the server certificate", () => {
  it("is a self-signed P-256 certificate for localhost", () => {
    const { der, certificatePem, privateKeyPem } = createServerCertificate();
    const certificate = new X509Certificate(der);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkHost("localhost")).toBe("localhost");
    expect(certificate.ca).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
    expect(Date.parse(certificate.validTo) - Date.now()).toBeGreaterThan(24 * 3_600_000);
    expect(certificatePem).toContain("BEGIN CERTIFICATE");
    expect(privateKeyPem).toContain("BEGIN PRIVATE KEY");
  });
});
