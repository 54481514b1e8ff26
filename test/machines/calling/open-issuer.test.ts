import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openIssuer } from "../../../machines/calling/open-issuer";
import { OptionError } from "../../../machines/errors";
import { TestIssuer, testFolder } from "../issuer-fixture";
import { listen } from "../listen";

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
    ["429", { status: 429, body: "" }, "ERR_UNREACHABLE"],
    ["500", { status: 500, body: "" }, "ERR_UNREACHABLE"],
  ])("fails on %s", async (_name, answer, code) => {
    const issuer = server.open();
    server.answers.set(discovery, () => answer);
    await expect(issuer.metadata()).rejects.toMatchObject({ code });
    await issuer.close();
  });

  it.each([
    ["without TLS", "http://keycloak/certs"],
    ["of another kind", "ftp://keycloak/certs"],
    ["that is no address", "certs"],
  ])("tells an endpoint %s as the issuer's fault", async (_what, address) => {
    const issuer = openIssuer({ issuer: "https://keycloak/realms/x" });
    await expect(issuer.fetch(address)).rejects.toMatchObject({
      code: "ERR_ISSUER_RESPONSE",
      message: expect.stringContaining(
        `names an endpoint that is not an https address, got: ${address}; correct the host`,
      ),
    });
  });

  it.each(["?", "?a=b", "#", "#part", "/ x", "\\x"])("fails at once on an issuer that ends with %j", (end) => {
    const open = () => openIssuer({ issuer: `https://keycloak/realms/x${end}` });
    expect(open).toThrow("`issuer` must be an address without query, fragment and white space (RFC 8414 section 2)");
  });

  it.each([
    ["a port that need not be named", (url: string) => url.replace(":8080", ":08080")],
    ["capitals in the host", (url: string) => url.replace("issuer", "ISSUER")],
    ["another slash", (url: string) => `${url}/`],
    ["a path that leads back", (url: string) => url.replace("/realms", "/x/../realms")],
  ])("fails with how the issuer is written, for %s", async (_what, change) => {
    const text = change(server.url);
    server.answers.set(discovery, () => ({ body: { issuer: server.url, jwks_uri: `${server.url}/certs` } }));
    server.answers.set(`/${discovery}`, () => ({ body: { issuer: server.url } }));
    const issuer = openIssuer({ issuer: text, connectTo: server.connectTo, allowInsecureHttp: true });
    await expect(issuer.metadata()).rejects.toMatchObject({
      code: "ERR_ISSUER_RESPONSE",
      message: `${text} calls itself ${server.url}, and so do its tokens; write \`issuer\` exactly so, or correct the host name of the issuer`,
    });
    await issuer.close();
  });

  it.each([
    [{ location: "https://sso.example.org/" }, "to https://sso.example.org/"],
    [{}, "to nowhere"],
  ])("tells a redirect as what it is: %j", async (headers, to) => {
    const issuer = server.open();
    server.answers.set(discovery, () => ({ status: 302, body: "", headers }));
    await expect(issuer.metadata()).rejects.toMatchObject({
      code: "ERR_ISSUER_RESPONSE",
      message: expect.stringContaining(`redirects (HTTP 302) ${to}, and no redirect is followed; give the issuer as`),
    });
    await issuer.close();
  });

  it("tells an answer that stops halfway as an outage", async () => {
    const half = await listen((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" }).write('{"issuer":');
      setTimeout(() => response.destroy(), 100);
    });
    const connectTo = `issuer.test:8080=127.0.0.1:${half.port}`;
    const issuer = openIssuer({ issuer: server.url, connectTo, allowInsecureHttp: true });
    await expect(issuer.metadata()).rejects.toMatchObject({
      code: "ERR_UNREACHABLE",
      message: expect.stringContaining(`half an answer from ${server.url}${discovery} (at 127.0.0.1:${half.port}): `),
    });
    await issuer.close();
    await half.close();
  });
});
