import { inspect } from "node:util";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Issuer, openIssuer } from "../../../machines/calling/open-issuer";
import { requestToken } from "../../../machines/calling/request-token";
import { TestIssuer, type TestKey, testFolder } from "../issuer-fixture";

const folder = testFolder();
let server: TestIssuer;
let issuer: Issuer;
let signingKey: TestKey;
beforeAll(async () => {
  server = await new TestIssuer(await folder.rsaKey("realm.key")).start();
  signingKey = await folder.rsaKey("machine-a.key");
  server.clients.set("machine-a", signingKey);
  issuer = server.open();
});
beforeEach(() => server.reset());
afterAll(async () => {
  await issuer.close();
  await server.stop();
  folder.remove();
});

/** A token that is granted with something else. */
const granted = (change: object) => ({ body: { access_token: "x", token_type: "Bearer", ...change } });

describe("requestToken", () => {
  it("exchanges an assertion for a token", async () => {
    const token = await requestToken(issuer, { clientId: "machine-a", signingKey });
    expect(token).toEqual({ accessToken: expect.any(String), expiresInSeconds: 300, scope: "profile email" });
    expect(decodeJwt(token.accessToken)).toMatchObject({ azp: "machine-a", iss: server.url });
    const { form } = server.received.at(-1)!;
    expect([...form.keys()].sort()).toEqual(["client_assertion", "client_assertion_type", "client_id", "grant_type"]);
    expect(form.get("grant_type")).toBe("client_credentials");
    expect(decodeJwt(form.get("client_assertion")!).aud).toBe(server.url);
  });

  it("asks for scopes if told to, and signs anew for each request", async () => {
    await requestToken(issuer, { clientId: "machine-a", signingKey, scope: "openid profile" });
    await requestToken(issuer, { clientId: "machine-a", signingKey });
    const [first, second] = server.received.slice(-2).map(({ form }) => form);
    expect(first?.get("scope")).toBe("openid profile");
    expect(decodeJwt(first!.get("client_assertion")!).jti).not.toBe(decodeJwt(second!.get("client_assertion")!).jti);
  });

  it("fails with the issuer's reason when the client is refused", async () => {
    const request = { clientId: "machine-a", signingKey: await folder.rsaKey("other.key") };
    await expect(requestToken(issuer, request)).rejects.toMatchObject({
      code: "ERR_CLIENT_REFUSED",
      message: `${server.url} refused (400) a token for machine-a: invalid_client: Client authentication with signed JWT failed`,
    });
  });

  it.each([
    ["no token", { body: { token_type: "Bearer" } }, "ERR_ISSUER_RESPONSE"],
    [
      "a type of token that takes more than to carry it",
      { body: { access_token: "x", token_type: "mac" } },
      "ERR_ISSUER_RESPONSE",
    ],
    ["a token bound to a key", granted({ token_type: "DPoP" }), "ERR_ISSUER_RESPONSE"],
    ["a token without a life", granted({ expires_in: 0 }), "ERR_ISSUER_RESPONSE"],
    ["a token that is over", granted({ expires_in: -1 }), "ERR_ISSUER_RESPONSE"],
    ["a life that is no number", granted({ expires_in: "soon" }), "ERR_ISSUER_RESPONSE"],
    ["HTML", { body: "<html>", type: "text/html" }, "ERR_ISSUER_RESPONSE"],
    ["503", { status: 503, body: "" }, "ERR_UNREACHABLE"],
    ["401 with a challenge in the body only", { status: 401, body: { error: "invalid_client" } }, "ERR_CLIENT_REFUSED"],
  ])("fails on an answer with %s", async (_name, answer, code) => {
    server.answers.set("/token", () => answer);
    await expect(requestToken(issuer, { clientId: "machine-a", signingKey })).rejects.toMatchObject({ code });
  });

  it("asks for plain answers, and learns the clock from the Date where there is one, not from a token that is dated back", async () => {
    const dated = { token_type: "Bearer", expires_in: 300 };
    const iat = Math.floor(Date.now() / 1000) - 60;
    const lines: string[] = [];
    const options = { issuer: server.url, connectTo: server.connectTo, allowInsecureHttp: true };
    for (const withDate of [true, false]) {
      const body = { access_token: await server.mint({ iat }), ...dated };
      server.answers.set("/token", () => ({ body, dated: withDate }));
      const other = openIssuer({ ...options, log: (line) => lines.push(line) });
      await requestToken(other, { clientId: "machine-a", signingKey });
      await other.close();
      expect(lines).toHaveLength(withDate ? 0 : 1);
    }
  });

  it("finds a token that no header can hold, and does not show it", async () => {
    server.answers.set("/token", () => ({ body: { access_token: "opaque\nvalue", token_type: "Bearer" } }));
    const error: unknown = await requestToken(issuer, { clientId: "machine-a", signingKey }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "ERR_ISSUER_RESPONSE" });
    expect(inspect(error, { depth: 9 })).not.toContain("opaque");
  });

  it.each([86_401, 1e12, 2 ** 53, Number.MAX_VALUE])("takes a life of %d s as a day", async (expires_in) => {
    server.answers.set("/token", () => granted({ expires_in }));
    expect(await requestToken(issuer, { clientId: "machine-a", signingKey })).toMatchObject({
      expiresInSeconds: 86_400,
    });
  });

  it.each(["bearer", "Bearer", "BEARER"])("takes a token of type %s", async (token_type) => {
    server.answers.set("/token", () => granted({ token_type }));
    expect(await requestToken(issuer, { clientId: "machine-a", signingKey })).toMatchObject({ accessToken: "x" });
  });

  it("fails at once on what is no scope, no audience or no client id", async () => {
    const odd = [null, 1, {}, ["a"], "a\nb", "a\u0000", 'a"b', "a\\b", "é"] as unknown as string[];
    for (const scope of odd) {
      await expect(requestToken(issuer, { clientId: "machine-a", signingKey, scope })).rejects.toMatchObject({
        code: "ERR_OPTION",
        message: expect.stringContaining("`scope` must be scopes separated by spaces (RFC 6749 section 3.3), got: "),
      });
    }
    for (const wrong of [{ audience: "a\nb" }, { audience: 1 }, { clientId: "a\nb" }, { clientId: undefined }]) {
      const request = { clientId: "machine-a", signingKey, ...wrong } as { clientId: string; signingKey: TestKey };
      await expect(requestToken(issuer, request)).rejects.toMatchObject({ code: "ERR_OPTION" });
    }
    expect(server.received).toEqual([]);
  });

  it("fails without a client id", async () => {
    await expect(requestToken(issuer, { clientId: "", signingKey })).rejects.toMatchObject({ code: "ERR_OPTION" });
  });
});
