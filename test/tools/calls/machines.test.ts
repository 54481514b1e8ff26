import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { keyId } from "../../../constructs/keys/certificate";
import {
  chooseCaller,
  type Environment,
  machineOptions,
  readEnvironment,
  readIssuer,
} from "../../../tools/calls/machines";
import { ecPair, rsaPair } from "../../generated-key";
import { inState, projectIn, temporaryFolder } from "../parts";

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
      algorithms: {},
    });
  });

  it("reads from the state what a client is declared to sign with", () => {
    const attributes = { client_id: "machine-a", extra_config: { "token.endpoint.auth.signing.alg": "PS256" } };
    const client = {
      mode: "managed",
      type: "keycloak_openid_client",
      name: "A",
      provider: "",
      instances: [{ attributes }],
    };
    const read = readEnvironment(PROJECT, [{ outputs: OUTPUTS, resources: [client] }]);
    expect(machineOptions(read, "machine-a").algorithm).toBe("PS256");
  });

  it("reads what the key in the file signs with, where none is pinned while keys of two kinds are accepted", () => {
    const project = projectIn(folder.path);
    const keyFile = join(folder.path, "machine-a.key");
    const outputs = { ...OUTPUTS, key_files: { value: { "machine-a": "machine-a.key" } } };
    const made = [rsaPair(), ecPair()];
    const keys = made.map(({ publicKey }, i) => ({ kid: keyId(publicKey), alg: ["PS256", "ES256"][i] }));
    const extra_config = { "use.jwks.string": "true", "jwks.string": JSON.stringify({ keys }) };
    const client = inState("keycloak_openid_client", "A", { client_id: "machine-a", extra_config });
    const algorithm = () => {
      return machineOptions(readEnvironment(project, [{ outputs, resources: [client] }]), "machine-a").algorithm;
    };
    expect(algorithm()).toBeUndefined();
    for (const [i, { privateKey }] of made.entries()) {
      writeFileSync(keyFile, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
      expect(algorithm()).toBe(keys[i]!.alg);
    }
    writeFileSync(keyFile, "no key");
    expect(algorithm()).toBeUndefined();
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

describe("the caller that up chooses", () => {
  const FILES = { "a-third": "a-third.key", "machine-a": "machine-a.key", "machine-b": "machine-b.key" };
  const KEY = rsaPair().privateKey.export({ type: "pkcs8", format: "pem" });

  function here(clients: string[], port = 1): Environment {
    for (const client of clients) writeFileSync(join(folder.path, `${client}.key`), KEY);
    const outputs = {
      ...OUTPUTS,
      connect_to: { value: `keycloak:8080=127.0.0.1:${port}` },
      key_files: { value: FILES },
    };
    return readEnvironment(projectIn(folder.path), [{ outputs, resources: [] }]);
  }

  it("is one whose key is here, and never the API itself", async () => {
    expect(await chooseCaller(here(["machine-b"]))).toBeUndefined();
    expect(await chooseCaller(here(["machine-a"]))).toBe("machine-a");
  });

  it("is among several the first whose token is meant for the API", async () => {
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
    const issuer = OUTPUTS.issuer.value;
    const server = createServer((request, response) => {
      response.setHeader("content-type", "application/json");
      if (request.method === "GET") {
        response.end(JSON.stringify({ issuer, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/certs` }));
        return;
      }
      request.setEncoding("utf8").on("data", (body: string) => {
        const assertion = new URLSearchParams(body).get("client_assertion")!;
        const { sub } = JSON.parse(Buffer.from(assertion.split(".")[1]!, "base64url").toString());
        const token = `${encode({ alg: "RS256" })}.${encode(sub === "machine-a" ? { aud: "machine-b" } : {})}.c2ln`;
        response.end(JSON.stringify({ access_token: token, token_type: "Bearer", expires_in: 60 }));
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const { port } = server.address() as AddressInfo;
      expect(await chooseCaller(here(["a-third", "machine-a", "machine-b"], port))).toBe("machine-a");
    } finally {
      server.close();
    }
  });
});
