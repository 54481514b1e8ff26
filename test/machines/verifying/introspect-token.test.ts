import { decodeJwt } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Issuer } from "../../../machines/calling/open-issuer";
import { createIntrospector } from "../../../machines/verifying/introspect-token";
import type { VerifyToken } from "../../../machines/verifying/verified-token";
import { TestIssuer, type TestKey, testFolder } from "../issuer-fixture";

const folder = testFolder();
let server: TestIssuer;
let signingKey: TestKey;
let issuer: Issuer;
let introspect: VerifyToken;
beforeAll(async () => {
  server = await new TestIssuer(await folder.key("realm.key", "ES256")).start();
  signingKey = await folder.key("machine-b.key", "ES256");
  server.clients.set("machine-b", signingKey);
  issuer = server.open();
  introspect = createIntrospector(issuer, { clientId: "machine-b", signingKey, audience: "machine-b" });
});
beforeEach(() => server.reset());
afterAll(async () => {
  await issuer.close();
  await server.stop();
  folder.remove();
});

describe("createIntrospector", () => {
  it("asks the issuer, with an assertion of its own", async () => {
    const token = await server.mint();
    expect(await introspect(token)).toMatchObject({ caller: "machine-a", audience: ["machine-b"] });
    const { path, form } = server.received.at(-1)!;
    expect(path).toBe("/protocol/openid-connect/token/introspect");
    expect(form.get("token")).toBe(token);
    expect(form.get("token_type_hint")).toBe("access_token");
    expect(decodeJwt(form.get("client_assertion")!)).toMatchObject({
      iss: "machine-b",
      sub: "machine-b",
      aud: server.url,
    });
  });

  it("asks each time", async () => {
    const token = await server.mint();
    await introspect(token);
    server.answers.set("/token/introspect", () => ({ body: { active: false } }));
    await expect(introspect(token)).rejects.toMatchObject({ code: "ERR_TOKEN_INACTIVE" });
  });

  it.each([
    ["another issuer", { iss: "http://other.test" }, "ERR_TOKEN_CLAIM", "iss"],
    ["another audience", { aud: "machine-c" }, "ERR_TOKEN_CLAIM", "aud"],
    ["no audience", { aud: undefined }, "ERR_TOKEN_CLAIM", "aud"],
    ["an ID token, which Keycloak 26.4 calls active", { typ: "ID", aud: ["machine-a", "machine-b"] }, "ERR_TOKEN_TYPE"],
    ["past expiry", { exp: 1 }, "ERR_TOKEN_EXPIRED", "exp"],
    ["no expiry", { exp: undefined }, "ERR_TOKEN_CLAIM", "exp"],
    ["no subject", { sub: undefined }, "ERR_TOKEN_CLAIM", "sub"],
    ["a certificate it is bound to", { cnf: { "x5t#S256": "x" } }, "ERR_TOKEN_CLAIM", "cnf"],
  ])("refuses an active token with %s", async (_name, change, code, claim?: string) => {
    server.answers.set("/token/introspect", () => ({ body: { ...server.claims(), ...change, active: true } }));
    await expect(introspect("x.y.z")).rejects.toMatchObject({ code, claim });
  });

  it("refuses a token the issuer cannot read", async () => {
    await expect(introspect("not-a-token")).rejects.toMatchObject({ code: "ERR_TOKEN_INACTIVE" });
    const body = { error: "invalid_request", error_description: "Token not provided." };
    server.answers.set("/token/introspect", () => ({ status: 400, body }));
    await expect(introspect("a".repeat(5000))).rejects.toMatchObject({ code: "ERR_TOKEN_MALFORMED" });
  });

  it("does not blame a well-formed token for the same answer, which Keycloak gives for failures of its own too", async () => {
    const body = { error: "invalid_request", error_description: "Failed to introspect token." };
    server.answers.set("/token/introspect", () => ({ status: 400, body }));
    await expect(introspect(await server.mint())).rejects.toMatchObject({ code: "ERR_ISSUER_RESPONSE" });
  });

  it("does not blame the token when its own client is refused", async () => {
    const other = { clientId: "machine-b", signingKey: await folder.key("other.key", "ES256"), audience: "machine-b" };
    await expect(createIntrospector(issuer, other)(await server.mint())).rejects.toMatchObject({
      code: "ERR_CLIENT_REFUSED",
      message: expect.stringContaining("refused (401) a verdict on a token, asked for by machine-b: invalid_request"),
    });
  });

  it.each([
    ["no verdict", { body: {} }, "ERR_ISSUER_RESPONSE"],
    ["a verdict in text", { body: { active: "true" } }, "ERR_ISSUER_RESPONSE"],
    ["HTML", { body: "<html>", type: "text/html" }, "ERR_ISSUER_RESPONSE"],
    ["500", { status: 500, body: "" }, "ERR_UNREACHABLE"],
  ])("gives no verdict of its own on an answer with %s", async (_name, answer, code) => {
    server.answers.set("/token/introspect", () => answer);
    await expect(introspect(await server.mint())).rejects.toMatchObject({ code });
  });

  it("does not start without an audience or a client id", () => {
    const options = { clientId: "machine-b", signingKey, audience: "machine-b" };
    expect(() => createIntrospector(issuer, { ...options, audience: "" })).toThrow("`audience` must name this API");
    expect(() => createIntrospector(issuer, { ...options, clientId: "" })).toThrow("`clientId` must not be empty");
  });
});
