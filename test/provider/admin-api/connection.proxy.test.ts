// The embedded provider goes by the same variables as the library.
import { createServer } from "node:https";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Keycloak } from "../../../provider/admin-api/keycloak";
import { connectionSettings } from "../../../provider/provider-block/connection-settings";
import { testFolder } from "../../machines/issuer-fixture";
import { NO_NETWORK, openProxy, ownCertificate, type TestProxy } from "../../network/test-proxy";
import { errorOf, listen, PASSWORD, readRealm } from "../stand-in";

const folder = testFolder();
const authority = ownCertificate(folder.path, "keycloak.test");
let proxy: TestProxy;
let keycloak: Keycloak;
beforeEach(async () => {
  for (const [name, value] of Object.entries(NO_NETWORK)) vi.stubEnv(name, value);
  const server = createServer(authority, (_request, response) => {
    response.end(JSON.stringify({ access_token: "token", realm: "r" }));
  });
  const { port } = await listen(server);
  proxy = await openProxy({ names: () => ({ "keycloak.test:443": port }) });
  const url = "https://keycloak.test";
  keycloak = new Keycloak(
    connectionSettings({ url, client_id: "admin-cli", username: "admin", password: PASSWORD }, {})!,
  );
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await proxy.close();
});

it("reaches Keycloak through the proxy, and trusts the CA in SSL_CERT_FILE", async () => {
  vi.stubEnv("HTTPS_PROXY", proxy.url);
  vi.stubEnv("SSL_CERT_FILE", authority.file);
  expect(await readRealm(keycloak)).toMatchObject({ realm: "r" });
  expect(new Set(proxy.seen)).toEqual(new Set(["CONNECT keycloak.test:443"]));
});

it("says what helps where the proxy or the certificate is in the way", async () => {
  vi.stubEnv("HTTPS_PROXY", proxy.url);
  expect(await errorOf(readRealm(keycloak, 0))).toContain("Name a file with that CA's certificate in SSL_CERT_FILE");
  vi.stubEnv("HTTPS_PROXY", "http://user:secret@127.0.0.1:9");
  const error = await errorOf(readRealm(keycloak, 0));
  expect(error).toContain("the proxy http://127.0.0.1:9 cannot be reached (ECONNREFUSED)");
  expect(error).toContain("Check HTTPS_PROXY and HTTP_PROXY");
  expect(error).not.toContain("secret");
  vi.stubEnv("HTTPS_PROXY", "nonsense://x");
  expect(await errorOf(readRealm(keycloak, 0))).toContain("HTTPS_PROXY must be the address of a proxy");
});
