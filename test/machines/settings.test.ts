import { describe, expect, it } from "vitest";
import { readMachine, readNumber, readText } from "../../machines/settings";
import { ecPair } from "../generated-key";

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
    expect(readMachine(env, "machine-a", "API").allowInsecureHttp).toBe(allowed);
  });

  it("fail on a switch that is neither true nor false", () => {
    expect(() => readMachine({ ALLOW_INSECURE_HTTP: "yes" }, "machine-a")).toThrow(
      "ALLOW_INSECURE_HTTP must be true or false, got: yes",
    );
  });

  it("read a number and fail on other text", () => {
    expect(readNumber({}, "PORT", 3000, 0, 65_535)).toBe(3000);
    expect(readNumber({ PORT: "65535" }, "PORT", 3000, 0, 65_535)).toBe(65_535);
    for (const PORT of ["65536", "-1", "3000x", "1e3"]) {
      expect(() => readNumber({ PORT }, "PORT", 3000, 0, 65_535)).toThrow(
        `PORT must be a whole number from 0 to 65535, got: ${PORT}`,
      );
    }
  });

  it("take the key from the variable that KEY_VARIABLE names, and then from no file", () => {
    const { privateKey } = ecPair();
    const KEY = privateKey.export({ type: "pkcs8", format: "pem" }).toString().replaceAll("\n", "\\n");
    const machine = readMachine({ KEY_VARIABLE: "KEY", KEY, KEY_FILE: "x" }, "machine-a");
    expect(machine).toMatchObject({ signingKey: { algorithm: "ES256" } });
    expect(machine.keyFile).toBeUndefined();
    expect(() => readMachine({ KEY_VARIABLE: "KEY" }, "machine-a")).toThrow(
      "the environment variable KEY cannot be read",
    );
  });

  it("are the article's where nothing is set", () => {
    expect(readMachine({}, "machine-a", "API")).toEqual({
      clientId: "machine-a",
      keyFile: "certs/machine-a-signing.key",
      issuer: "http://keycloak:8080/realms/sjwt-example",
      allowInsecureHttp: true,
      dpop: false,
    });
  });

  it("bind tokens to a key by DPOP", () => {
    expect(readMachine({ DPOP: "true" }, "machine-a").dpop).toBe(true);
    expect(() => readMachine({ DPOP: "1" }, "machine-a")).toThrow("DPOP must be true or false, got: 1");
  });

  it("name the files of TLS: CAs, and a certificate with its key", () => {
    const files = { TLS_CERTIFICATE_FILE: "a.crt", TLS_KEY_FILE: "a.key" };
    expect(readMachine({ TLS_CA_FILE: "ca.crt" }, "machine-a").tls).toEqual({ caFile: "ca.crt" });
    expect(readMachine({ ...files, TLS_CA_FILE: "" }, "machine-a").tls).toEqual({
      certificateFile: "a.crt",
      keyFile: "a.key",
    });
    for (const [name, file] of Object.entries(files)) {
      expect(() => readMachine({ [name]: file }, "machine-a")).toThrow(`must be set together, got: ${name} alone; set`);
    }
  });

  it("name an algorithm, or fail on one that no machine signs with", () => {
    expect(readMachine({ ALGORITHM: "PS256" }, "machine-a").algorithm).toBe("PS256");
    expect(() => readMachine({ ALGORITHM: "HS256" }, "machine-a")).toThrow(
      "ALGORITHM must be one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, got: HS256",
    );
  });
});
