import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { chooseCaller } from "../../../tools/calls/call";
import { type Environment, readEnvironment } from "../../../tools/calls/environment";
import { rsaPair } from "../../generated-key";
import { projectIn, temporaryFolder } from "../parts";

const ISSUER = "http://keycloak:8080/realms/r";
const folder = temporaryFolder();

describe("the caller that up chooses", () => {
  const FILES = { "a-third": "a-third.key", "machine-a": "machine-a.key", "machine-b": "machine-b.key" };
  const KEY = rsaPair().privateKey.export({ type: "pkcs8", format: "pem" });

  function here(clients: string[], port = 1): Environment {
    for (const client of clients) writeFileSync(join(folder.path, `${client}.key`), KEY);
    const outputs = {
      issuer: { value: ISSUER },
      api: { value: "http://machine-b:3000/api/protected" },
      connect_to: { value: `keycloak:8080=127.0.0.1:${port}` },
      key_files: { value: FILES },
    };
    return readEnvironment(projectIn(folder.path), [{ outputs, resources: [] }]);
  }

  it("has its key here, and is never the API itself", async () => {
    expect(await chooseCaller(here(["machine-b"]))).toBeUndefined();
    expect(await chooseCaller(here(["machine-a"]))).toBe("machine-a");
  });

  it.each([
    ["the first of several whose token is meant for the API", ["a-third"], "a-third"],
    ["machine-a, if its token is meant for the API", ["a-third", "machine-a"], "machine-a"],
    ["any other if machine-a's is not", ["machine-b", "a-third"], "a-third"],
  ])("is %s", async (_, granted, expected) => {
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
    const server = createServer((request, response) => {
      response.setHeader("content-type", "application/json");
      if (request.method === "GET") {
        response.end(
          JSON.stringify({ issuer: ISSUER, token_endpoint: `${ISSUER}/token`, jwks_uri: `${ISSUER}/certs` }),
        );
        return;
      }
      request.setEncoding("utf8").on("data", (body: string) => {
        const assertion = new URLSearchParams(body).get("client_assertion")!;
        const { sub } = JSON.parse(Buffer.from(assertion.split(".")[1]!, "base64url").toString());
        const token = `${encode({ alg: "RS256" })}.${encode(granted.includes(sub) ? { aud: "machine-b" } : {})}.c2ln`;
        response.end(JSON.stringify({ access_token: token, token_type: "Bearer", expires_in: 60 }));
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const { port } = server.address() as AddressInfo;
      expect(await chooseCaller(here(["a-third", "machine-a", "machine-b"], port))).toBe(expected);
    } finally {
      server.close();
    }
  });
});
