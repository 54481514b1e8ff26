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

describe("a state that is not reached", () => {
  const refused = "Error: dial tcp 127.0.0.1:5432: connect: connection refused";
  const of = (step: string, output: string) => new TerraformFailure(step, "m2m", output).message;

  it.each([
    ["init", refused],
    ["state", refused],
    ["state", "Error: dial tcp: lookup db.example.org on 127.0.0.53:53: no such host"],
    ["state", "Error: dial tcp 10.0.0.1:5432: i/o timeout"],
    ["state", "Error: read tcp 127.0.0.1:50800->127.0.0.1:5432: i/o timeout"],
    ["state", "\u001b[31mError: dial tcp 127.0.0.1:5432: \u001b[1mconnect: connection refused\u001b[0m"],
  ])("at %s says what it is, and what to do: %s", (step, output) => {
    const message = of(step, output);
    expect(message).toContain(`terraform ${step} of stack m2m failed:\nError: `);
    expect(message).toContain("what keeps the state of this stack");
    expect(message).not.toContain("\u001b");
  });

  it("is found where Terraform breaks its lines, and not confused with a registry", () => {
    const wrapped = "╷\n│ Error: dial tcp 127.0.0.1:5432: connect: connection\n│ refused\n╵";
    expect(of("init", wrapped)).toContain("what keeps the state");
    const registry = `Error: Failed to query available provider packages\n\ncould not connect to registry: ${refused}`;
    expect(of("init", registry)).not.toContain("what keeps the state");
  });

  it("is not confused with a server that is not reached, which a plan speaks to", () => {
    expect(of("plan", refused)).not.toContain("what keeps the state");
  });
});
