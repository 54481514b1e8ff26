import { createServer as createTlsServer, type ServerOptions as TlsOptions } from "node:https";
import { describe, expect, it } from "vitest";
import { Keycloak } from "../../../provider/admin-api/keycloak";
import { createServerCertificate } from "../../../provider/protocol/certificate";
import type { Value } from "../../../provider/protocol/values";
import { connectionSettings } from "../../../provider/provider-block/connection-settings";
import { errorOf, listen, PASSWORD, readRealm } from "../stand-in";

describe("a server with a certificate of its own", () => {
  const { certificatePem, privateKeyPem } = createServerCertificate();

  /** Reads a realm over TLS with these options in the provider block. */
  async function readOver(options: { [name: string]: Value }, serverOptions: TlsOptions = {}) {
    const identity = { cert: certificatePem, key: privateKeyPem, ...serverOptions };
    const server = createTlsServer(identity, (_request, response) => {
      response.end(JSON.stringify({ access_token: "token", realm: "r" }));
    });
    const url = `https://localhost:${(await listen(server)).port}`;
    const config = { url, client_id: "admin-cli", username: "admin", password: PASSWORD, ...options };
    return readRealm(new Keycloak(connectionSettings(config, {})!));
  }

  it("is trusted by root_ca_certificate, or unchecked if told so", async () => {
    expect(await readOver({ root_ca_certificate: certificatePem })).toMatchObject({ realm: "r" });
    expect(await readOver({ tls_insecure_skip_verify: true })).toMatchObject({ realm: "r" });
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)(
    "says by %s, at once, that it asks for a client certificate",
    async (maxVersion) => {
      const asks = { requestCert: true, rejectUnauthorized: true, ca: certificatePem, maxVersion };
      const error = await errorOf(readOver({ root_ca_certificate: certificatePem }, asks));
      expect(error).toMatch(/it asks for a client certificate|may ask for a client certificate/);
      expect(error).not.toContain("Waited 60 s"); // as for a server that may come up
    },
  );

  it("is refused otherwise, at once", async () => {
    const error = await errorOf(readOver({}));
    expect(error).toContain("its certificate is of a CA that is not trusted here (DEPTH_ZERO_SELF_SIGNED_CERT)");
    expect(error).toContain("Name a file with that CA's certificate in SSL_CERT_FILE");
  });
});
