import { describe, expect, it } from "vitest";
import { errorOf, PASSWORD, readRealm, standIn } from "../stand-in";

describe("the sign-in", () => {
  it("logs in once for calls at the same time", async () => {
    const { keycloak, calls } = await standIn(() => ({ status: 200, body: { realm: "r" } }));
    await Promise.all([readRealm(keycloak), readRealm(keycloak), readRealm(keycloak)]);
    expect(calls).toMatchObject({ login: 1, admin: 3 });
  });

  it("logs in again once if the token is not accepted", async () => {
    const { keycloak, calls } = await standIn((call) => ({ status: call === 1 ? 401 : 200, body: {} }));
    await readRealm(keycloak);
    expect(calls.tokens).toEqual(["Bearer token-1", "Bearer token-2"]);
  });

  it("gives up when the new token is not accepted either", async () => {
    const { keycloak, calls } = await standIn(() => ({ status: 401, body: { error: "HTTP 401 Unauthorized" } }));
    expect(await errorOf(readRealm(keycloak))).toContain('Reading realm "r": Keycloak answered HTTP 401');
    expect(calls.admin).toBe(2);
  });

  it("says who was refused, tries once, and never shows the password", async () => {
    const refused = { error: "invalid_grant", error_description: "Invalid user credentials" };
    const { keycloak, calls } = await standIn(() => ({ status: 200 }), { status: 401, body: refused });
    const texts = [await errorOf(readRealm(keycloak)), await errorOf(readRealm(keycloak))];
    expect(texts[0]).toContain('Keycloak refused the login of user "admin" in realm "master" [sign-in-refused]');
    expect(texts[0]).toContain("KEYCLOAK_PASSWORD");
    expect(texts.join()).not.toContain(PASSWORD);
    expect(calls.login).toBe(1);
  });

  it.each([
    ["HTML", "<html>hello</html>"],
    ["JSON of something else", { status: "UP" }],
  ])("logs in again where the answer was %s", async (_what, body) => {
    const { keycloak, calls, login } = await standIn(() => ({ status: 200, body: { realm: "r" } }), {
      status: 200,
      body,
    });
    const reading = readRealm(keycloak);
    while (calls.login < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    delete login.body;
    expect(await reading).toMatchObject({ realm: "r" });
    expect(calls.login).toBe(2);
  });
});
