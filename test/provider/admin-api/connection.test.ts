import { createServer as createTlsServer } from "node:https";
import { describe, expect, it } from "vitest";
import { Keycloak } from "../../../provider/admin-api/keycloak";
import { createServerCertificate } from "../../../provider/protocol/certificate";
import type { Value } from "../../../provider/protocol/values";
import { connectionSettings } from "../../../provider/provider-block/connection-settings";
import { errorOf, listen, PASSWORD, readRealm } from "../stand-in";

describe("a server with a certificate of its own", () => {
  const { certificatePem, privateKeyPem } = createServerCertificate();

  /** Reads a realm over TLS with these options in the provider block. */
  async function readOver(options: { [name: string]: Value }) {
    const server = createTlsServer({ cert: certificatePem, key: privateKeyPem }, (_request, response) => {
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

  it("is refused otherwise, at once", async () => {
    const error = await errorOf(readOver({}));
    expect(error).toContain("its certificate is of a CA that is not trusted here (DEPTH_ZERO_SELF_SIGNED_CERT)");
    expect(error).toContain("Name a file with that CA's certificate in SSL_CERT_FILE");
  });
});
