// A project that declares nothing in Docker, with its state elsewhere.
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { m2m, makeProject, type Result, SHARED } from "./environment";
import { httpStates, postgresStates, type StateServer } from "./state-server";

/** No engine answers there. */
const NO_DOCKER = { DOCKER_HOST: "unix:///nowhere/docker.sock" };

function mainFor(backend: string, clientId: string): string {
  return `
import { App, HttpBackend, PgBackend, TerraformStack } from "cdktf";
import { KeycloakServer, Realm, SignedJwtClient, SigningKeyPair } from "./constructs";
const app = new App();
const stack = new TerraformStack(app, "elsewhere");
${backend};
const at = { url: "http://localhost:${SHARED.keycloakPort}", issuerBase: "http://keycloak:8080" };
const server = KeycloakServer.fromUrl(stack, "Keycloak", at);
const realm = Realm.fromRealmName(stack, "Realm", { server, realmName: "sjwt-example" });
const signingKey = new SigningKeyPair(stack, "Key", { name: "${clientId}", algorithm: "ES256" });
new SignedJwtClient(stack, "Client", { realm, clientId: "${clientId}", signingKey });
void [HttpBackend, PgBackend];
app.synth();
`;
}

describe.each([
  ["http", httpStates],
  ["pg", postgresStates],
] as const)("with the %s backend and no Docker", (name, open) => {
  let states: StateServer;
  let folder: string;
  let kept: string;
  const run = (...args: string[]): Promise<Result> => m2m(folder, args, NO_DOCKER);
  const certs = () => readdirSync(join(folder, "certs")).sort();
  /** A fresh checkout of somebody who forgot to commit them. */
  const lose = (...files: string[]) => {
    for (const file of files) rmSync(join(folder, "certs", file));
  };

  beforeAll(async () => {
    states = await open();
    folder = makeProject(SHARED, mainFor(states.backend, `elsewhere-${name}`));
    kept = mkdtempSync(join(tmpdir(), "m2m-kept-"));
  });
  afterAll(async () => {
    await m2m(folder, ["down", "--yes"]);
    await states.close();
    for (const path of [folder, kept]) rmSync(path, { recursive: true, force: true });
  });

  it("every command works that needs none", async () => {
    expect((await run("diff")).exitCode).toBe(2);
    const { exitCode, stderr } = await run("up");
    expect(exitCode, stderr).toBe(0);
    expect((await run("diff")).exitCode).toBe(0);
    expect((await run("keys")).stdout).toContain("deployed, private half here");
    expect((await run("doctor")).exitCode).toBe(0);
    cpSync(join(folder, "certs"), kept, { recursive: true });
  });

  it("a checkout without key and certificate does not replace the deployed key", async () => {
    lose(...certs());
    for (const args of [["up"], ["diff"], ["keys", "prepare", "--all"]]) {
      const { exitCode, stdout } = await run(...args, "--json");
      expect([exitCode, JSON.parse(stdout).error?.code], args.join(" ")).toEqual([1, "key-replaced"]);
      expect(certs()).toEqual([]);
    }
    cpSync(kept, join(folder, "certs"), { recursive: true });
    expect((await run("diff")).exitCode).toBe(0);
  });

  it("a checkout without the record of a rotation drops no key", async () => {
    expect((await run("keys", "prepare", "--all")).exitCode).toBe(0);
    const { exitCode, stderr } = await run("up");
    expect(exitCode, stderr).toBe(0);
    lose(`elsewhere-${name}-signing.keys.json`);
    const again = await run("up", "--json");
    expect([again.exitCode, JSON.parse(again.stdout).error?.code]).toEqual([1, "record-lost"]);
  });

  it("down destroys it", async () => {
    const { exitCode, stderr } = await run("down", "--yes");
    expect(exitCode, stderr).toBe(0);
  });
});
