import { describe, expect, it } from "vitest";
import { checkConfiguration } from "../../../provider/provider-block/check";
import { PASSWORD } from "../stand-in";

describe("the provider block", () => {
  const good = { url: "http://localhost:8080/", client_id: "admin-cli", username: "admin", password: PASSWORD };

  it("is refused if client_timeout is not a number", () => {
    const [problem] = checkConfiguration(good, { KEYCLOAK_CLIENT_TIMEOUT: "soon" });
    expect(problem!.summary).toBe("client_timeout must be between 0 and 86400 seconds, got: soon");
  });

  it.each([
    [{ url: "localhost:8080" }, 'url must be an http or https address, got: "localhost:8080"'],
    [{ client_id: null }, "client_id must be set"],
    [{ password: null }, "password must be set beside username [sign-in-incomplete]"],
    [{ username: null, password: null }, "a way to log in must be set [sign-in-incomplete]"],
    [{ username: null, password: null, client_id: null, client_secret: "s" }, "client_id must be set"],
    [{ client_timeout: -1 }, "client_timeout must be between 0 and 86400 seconds, got: -1"],
    [{ red_hat_sso: true }, "red_hat_sso is not supported by the embedded Keycloak provider"],
  ])("is refused with %j", (change, summary) => {
    expect(checkConfiguration({ ...good, ...change }, {}).map((one) => one.summary)).toEqual([summary]);
  });
});
