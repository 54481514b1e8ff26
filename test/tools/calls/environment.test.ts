import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CLIENT } from "../../../constructs/contract/client-keys";
import { keyId } from "../../../constructs/keys/certificate";
import { machineOptions, readEnvironment, readIssuer } from "../../../tools/calls/environment";
import { ecPair, rsaPair } from "../../generated-key";
import { inState, projectIn, signedJwtClient, temporaryFolder } from "../parts";

const OUTPUTS = {
  issuer: { value: "http://keycloak:8080/realms/r" },
  api: { value: "http://machine-b:3000/api/protected" },
  connect_to: { value: "keycloak:8080=127.0.0.1:8080" },
  key_files: { value: { "machine-a": "certs/machine-a-signing.key" } },
};
const folder = temporaryFolder();
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
      tls: {},
      algorithms: {},
      dpopBound: [],
      certificateBound: [],
    });
  });

  it("reads the files for TLS of clients that have some", () => {
    const files = { ca: "certs/ca.trust.crt", certificate: "certs/a-tls.crt", key: "certs/a-tls.key" };
    const tls = { value: { "machine-a": files, other: { ca: files.ca } } };
    const read = environment({ ...OUTPUTS, tls_files: tls });
    expect(machineOptions(read, "machine-a").tls).toEqual({
      caFile: "/project/certs/ca.trust.crt",
      certificateFile: "/project/certs/a-tls.crt",
      keyFile: "/project/certs/a-tls.key",
    });
    expect(read.tls.other).toEqual({ caFile: "/project/certs/ca.trust.crt" });
    expect(machineOptions(environment(), "machine-a")).not.toHaveProperty("tls");
  });

  it("reads from the state what a client is declared to sign with", () => {
    const client = inState(CLIENT, "A", signedJwtClient("machine-a"));
    const read = readEnvironment(PROJECT, [{ outputs: OUTPUTS, resources: [client] }]);
    expect(machineOptions(read, "machine-a").algorithm).toBe("RS256");
  });

  it("reads what the key in the file signs with, if keys of two kinds are accepted and no algorithm is pinned", () => {
    const project = projectIn(folder.path);
    const keyFile = join(folder.path, "machine-a.key");
    const outputs = { ...OUTPUTS, key_files: { value: { "machine-a": "machine-a.key" } } };
    const made = [rsaPair(), ecPair()];
    const algorithms = ["PS256", "ES256"] as const;
    const keys = made.map(({ publicKey }, i) => ({ kid: keyId(publicKey), algorithm: algorithms[i]! }));
    const client = inState(CLIENT, "A", signedJwtClient("machine-a", keys));
    const algorithm = () => {
      return machineOptions(readEnvironment(project, [{ outputs, resources: [client] }]), "machine-a").algorithm;
    };
    expect(algorithm()).toBeUndefined();
    for (const [i, { privateKey }] of made.entries()) {
      writeFileSync(keyFile, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
      expect(algorithm()).toBe(keys[i]!.algorithm);
    }
    writeFileSync(keyFile, "no key");
    expect(algorithm()).toBeUndefined();
  });

  it("reads from the state whose tokens are bound to a key", () => {
    const client = inState(CLIENT, "A", { ...signedJwtClient("machine-a"), require_dpop_bound_tokens: true });
    const read = readEnvironment(PROJECT, [{ outputs: OUTPUTS, resources: [client] }]);
    expect(machineOptions(read, "machine-a").dpop).toBe(true);
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
    expect(readIssuer(PROJECT, [{ outputs: others, resources: [] }]).issuer).toBe(OUTPUTS.issuer.value);
  });
});

describe("machineOptions", () => {
  it("are those of the client, with plain http only if the issuer has it", () => {
    expect(machineOptions(environment(), "machine-a")).toEqual({
      clientId: "machine-a",
      keyFile: "/project/certs/machine-a-signing.key",
      issuer: "http://keycloak:8080/realms/r",
      connectTo: "keycloak:8080=127.0.0.1:8080",
      dpop: false,
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
