import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openIssuer } from "../../../machines/calling/open-issuer";
import { OptionError } from "../../../machines/errors";
import { TestIssuer, testFolder } from "../issuer-fixture";

const folder = testFolder();
const discovery = "/.well-known/openid-configuration";
let server: TestIssuer;
beforeAll(async () => {
  server = await new TestIssuer(await folder.rsaKey("realm.key")).start();
});
beforeEach(() => server.reset());
afterAll(async () => {
  await server.stop();
  folder.remove();
});

describe("openIssuer", () => {
  it("fails at once on http, unless that is allowed", () => {
    expect(() => openIssuer({ issuer: "http://keycloak:8080/realms/x" })).toThrow(
      new OptionError(
        "`issuer` must be an https address, got: http://keycloak:8080/realms/x; for local development only, set allowInsecureHttp (ALLOW_INSECURE_HTTP=true)",
      ),
    );
    expect(openIssuer({ issuer: "https://keycloak/realms/x" }).issuer).toBe("https://keycloak/realms/x");
  });

  it.each(["", "keycloak", "file:///etc/passwd", "https://user:secret@keycloak/realms/x"])("fails on %s", (issuer) => {
    const open = () => openIssuer({ issuer, allowInsecureHttp: true });
    expect(open).toThrow("`issuer` must be an https address without user and password");
  });

  it("sends nothing before the first use, then one request for all", async () => {
    const issuer = server.open();
    expect(server.received).toHaveLength(0);
    const found = await Promise.all([issuer.metadata(), issuer.metadata(), issuer.metadata()]);
    await issuer.metadata();
    expect(found[0]).toMatchObject({ issuer: server.url, jwks_uri: expect.stringContaining("/certs") });
    expect(server.received).toHaveLength(1);
    await issuer.close();
  });

  it("does not remember a failure", async () => {
    const issuer = server.open();
    server.answers.set(discovery, () => ({ status: 404, body: { error: "Realm does not exist" } }));
    await expect(issuer.metadata()).rejects.toMatchObject({
      code: "ERR_ISSUER_RESPONSE",
      message: expect.stringContaining("check the issuer and that the realm exists"),
    });
    server.reset();
    expect(await issuer.metadata()).toMatchObject({ issuer: server.url });
    await issuer.close();
  });

  it("asks again after ten minutes, and keeps what it has while there is no answer", async () => {
    let now = Date.now();
    const issuer = server.open(() => new Date(now));
    await issuer.metadata();
    now += 10 * 60 * 1000;
    server.answers.set(discovery, () => ({ status: 503, body: "" }));
    expect(await issuer.metadata()).toMatchObject({ issuer: server.url });
    await issuer.metadata();
    expect(server.received).toHaveLength(2);
    now += 10 * 1000;
    await issuer.metadata();
    expect(server.received).toHaveLength(3);
    await issuer.close();
  });

  it.each([
    ["another issuer", { body: { issuer: "http://other.test/realms/test" } }, "ERR_ISSUER_RESPONSE"],
    ["no issuer", { body: {} }, "ERR_ISSUER_RESPONSE"],
    ["HTML", { body: "<html>", type: "text/html" }, "ERR_ISSUER_RESPONSE"],
    ["half a document", { body: '{"issuer":' }, "ERR_ISSUER_RESPONSE"],
    ["a redirect", { status: 302, body: "" }, "ERR_ISSUER_RESPONSE"],
    ["429", { status: 429, body: "" }, "ERR_UNREACHABLE"],
    ["500", { status: 500, body: "" }, "ERR_UNREACHABLE"],
  ])("fails on %s", async (_name, answer, code) => {
    const issuer = server.open();
    server.answers.set(discovery, () => answer);
    await expect(issuer.metadata()).rejects.toMatchObject({ code });
    await issuer.close();
  });

  it("fails on an endpoint without TLS where http is not allowed", async () => {
    const issuer = openIssuer({ issuer: "https://keycloak/realms/x" });
    await expect(issuer.fetch("http://keycloak/certs")).rejects.toMatchObject({
      code: "ERR_OPTION",
      message: expect.stringContaining("must be an https address, got: http://keycloak/certs"),
    });
  });
});
