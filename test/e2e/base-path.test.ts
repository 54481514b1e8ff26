// A Keycloak below a path, as older ones have it and reverse proxies give it: `https://sso.example.com/auth`.

import { rmSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADMIN_PASSWORD, m2m, makeProject, SHARED } from "./environment";

const LOGIN = { KEYCLOAK_USER: "admin", KEYCLOAK_PASSWORD: ADMIN_PASSWORD };

let proxy: Server;
let folder: string;
/** Paths that came, without the base path if they had it. */
const outside: string[] = [];

beforeAll(async () => {
  proxy = createServer((incoming, answer) => {
    const { url = "", method, headers } = incoming;
    if (!url.startsWith("/auth/")) {
      outside.push(url);
      answer.writeHead(404).end();
      return;
    }
    const path = url.slice("/auth".length);
    const onward = request({ port: SHARED.keycloakPort, path, method, headers }, (response) => {
      answer.writeHead(response.statusCode!, response.headers);
      response.pipe(answer);
    });
    onward.on("error", () => answer.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as AddressInfo;
  folder = makeProject(
    SHARED,
    `
import { App, TerraformStack } from "cdktf";
import { KeycloakServer, PrivateLocalBackend, Realm, SignedJwtClient, SigningKeyPair } from "./constructs";

const app = new App();
const stack = new TerraformStack(app, "base-path");
new PrivateLocalBackend(stack);
const server = KeycloakServer.fromUrl(stack, "Keycloak", { url: "http://localhost:${port}/auth", issuerBase: "http://keycloak:8080" });
const realm = new Realm(stack, "Realm", { server, realmName: "base-path" });
const signingKey = new SigningKeyPair(stack, "Key", { name: "base-path", algorithm: "ES256" });
new SignedJwtClient(stack, "Client", { realm, clientId: "base-path", signingKey });
app.synth();
`,
  );
});
afterAll(async () => {
  await m2m(folder, ["down", "--yes"], LOGIN);
  rmSync(folder, { recursive: true, force: true });
  await new Promise((resolve) => proxy.close(resolve));
});

describe("a server below a path", () => {
  it("is deployed to, checked and left without asking for anything beside that path", async () => {
    const up = await m2m(folder, ["up"], LOGIN);
    expect(up.exitCode, up.stderr).toBe(0);
    expect(up.stderr).not.toContain("was not checked"); // the issuer, below the path too
    expect((await m2m(folder, ["diff"], LOGIN)).exitCode).toBe(0);
    expect((await m2m(folder, ["down", "--yes"], LOGIN)).exitCode).toBe(0);
    expect(outside).toEqual([]);
  });
});
