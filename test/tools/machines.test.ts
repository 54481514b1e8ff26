import { describe, expect, it } from "vitest";
import { machineOptions, readEnvironment } from "../../tools/machines";
import { projectIn } from "./parts";

const OUTPUTS = {
  issuer: { value: "http://keycloak:8080/realms/r" },
  api: { value: "http://machine-b:3000/api/protected" },
  connect_to: { value: "keycloak:8080=127.0.0.1:8080" },
  key_files: { value: { "machine-a": "certs/machine-a-signing.key" } },
};
const PROJECT = projectIn("/project");
const environment = (outputs: Record<string, { value: unknown }> = OUTPUTS) =>
  readEnvironment(PROJECT, [{ outputs, resources: [] }]);

describe("readEnvironment", () => {
  it("reads the outputs, with key files below the project", () => {
    expect(environment()).toEqual({
      issuer: "http://keycloak:8080/realms/r",
      api: "http://machine-b:3000/api/protected",
      connectTo: "keycloak:8080=127.0.0.1:8080",
      keyFiles: { "machine-a": "/project/certs/machine-a-signing.key" },
    });
  });

  it("puts the outputs of several stacks together", () => {
    const { issuer, ...others } = OUTPUTS;
    const states = [{ issuer }, others].map((outputs) => ({ outputs, resources: [] }));
    expect(readEnvironment(PROJECT, states)).toEqual(environment());
  });

  it("fails before the first deploy, and names what is missing", () => {
    expect(() => readEnvironment(PROJECT, [])).toThrow(
      "the state has no output issuer, api, connect_to, key_files; run `m2m up` first, or declare the outputs as main.ts does",
    );
    const { api: _, ...others } = OUTPUTS;
    expect(() => environment(others)).toThrow("the state has no output api; run");
  });
});

describe("machineOptions", () => {
  it("are those of the client, with plain http only where the issuer has it", () => {
    expect(machineOptions(environment(), "machine-a")).toEqual({
      clientId: "machine-a",
      keyFile: "/project/certs/machine-a-signing.key",
      issuer: "http://keycloak:8080/realms/r",
      connectTo: "keycloak:8080=127.0.0.1:8080",
      allowInsecureHttp: true,
    });
    const https = environment({ ...OUTPUTS, issuer: { value: "https://sso.example/realms/r" } });
    expect(machineOptions(https, "machine-a").allowInsecureHttp).toBe(false);
  });

  it("fails on a client without a key, and says which have one", () => {
    expect(() => machineOptions(environment(), "machine-x")).toThrow(
      expect.objectContaining({
        code: "client-unknown",
        message: 'no key of client "machine-x" in the output key_files; known: machine-a',
      }),
    );
  });
});
