import { describe, expect, it } from "vitest";
import { readCall } from "../../machines/machine-a/machine-a";
import { readAllowInsecureHttp, readPort, readText } from "../../machines/settings";

describe("settings", () => {
  it("take an empty text as not set", () => {
    expect(readText({ CLIENT_ID: "" }, "CLIENT_ID", "machine-a")).toBe("machine-a");
    expect(readText({ CLIENT_ID: "other" }, "CLIENT_ID", "machine-a")).toBe("other");
  });

  it.each([
    [{}, true],
    [{ ISSUER: "http://x/realms/y" }, false],
    [{ API: "http://x/" }, false],
    [{ ISSUER: "http://x/realms/y", ALLOW_INSECURE_HTTP: "true" }, true],
    [{ ALLOW_INSECURE_HTTP: "false" }, false],
  ])("allow http for the article's addresses only, unless asked for: %j", (env, allowed) => {
    expect(readAllowInsecureHttp(env, "ISSUER", "API")).toBe(allowed);
  });

  it("fail on a switch that is neither true nor false", () => {
    expect(() => readAllowInsecureHttp({ ALLOW_INSECURE_HTTP: "yes" })).toThrow(
      "ALLOW_INSECURE_HTTP must be true or false, got: yes",
    );
  });

  it("read a port and fail on what is none", () => {
    expect(readPort({}, "PORT", 3000)).toBe(3000);
    expect(readPort({ PORT: "65535" }, "PORT", 3000)).toBe(65535);
    for (const PORT of ["65536", "-1", "3000x", "1e3"]) {
      expect(() => readPort({ PORT }, "PORT", 3000)).toThrow(`PORT must be a port from 0 to 65535, got: ${PORT}`);
    }
  });

  it("are the article's for machine-a where nothing is set", () => {
    expect(readCall({})).toEqual({
      clientId: "machine-a",
      keyFile: "certs/machine-a-signing.key",
      issuer: "http://keycloak:8080/realms/sjwt-example",
      api: "http://machine-b:3000/api/protected",
      connectTo: "keycloak:8080=127.0.0.1:8080,machine-b:3000=127.0.0.1:3000",
      allowInsecureHttp: true,
      scope: undefined,
    });
  });

  it("can turn machine-a's map off", () => {
    expect(readCall({ CONNECT_TO: "" }).connectTo).toBe("");
  });
});
