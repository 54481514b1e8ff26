import { describe, expect, it } from "vitest";
import { TerraformFailure } from "../../../tools/engines/terraform-failure";

const failure = (output: string) => new TerraformFailure("plan", "m2m", output).message;

describe("what Terraform's providers say of TLS comes with a remedy", () => {
  it.each([
    [
      "the official provider does not know the CA",
      'Get "https://localhost:8443/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
      "`tls.authority` of the KeycloakServer",
    ],
    [
      "the embedded one does not",
      "its certificate is of a CA that is not trusted here (X)",
      "`authority` of `fromUrl`",
    ],
    ["the official one has no certificate", "remote error: tls: certificate required", "`terraformCertificate`"],
    ["it has a wrong one", "remote error: tls: unknown certificate", "`terraformCertificate`"],
    ["the embedded one has none", "it asks for a client certificate (X)", "`terraformCertificate`"],
    ["the certificate has ended", "x509: certificate has expired or is not yet valid", "m2m certificates renew"],
    ["it is for another name", "x509: certificate is valid for keycloak, not localhost", "`dnsNames`"],
    [
      "the lines are broken in Terraform's box",
      "│ tls: failed to verify certificate: x509: certificate\n│ signed by unknown authority",
      "`tls.authority` of the KeycloakServer",
    ],
    [
      "nothing is declared that brings a provider",
      "Error: Provider configuration not present",
      "the last one goes with",
    ],
    [
      "the key is elsewhere",
      'Invalid value for "path" parameter: no file exists at\n│ "../../../certs/keycloak-terraform-tls.key"',
      "is not on this machine",
    ],
  ])("%s", (_, output, remedy) => {
    expect(failure(output)).toContain(output);
    expect(failure(output)).toContain(remedy);
  });

  it("and nothing else does", () => {
    expect(failure("Error: realm r exists already")).toBe(
      "terraform plan of stack m2m failed:\nError: realm r exists already",
    );
  });
});
