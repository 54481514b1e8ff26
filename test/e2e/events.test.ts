// Who was refused and why, on the shared environment; what was changed by hand, in a realm of its own.
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import {
  type AssertionOptions,
  type Issuer,
  loadSigningKey,
  openIssuer,
  requestToken,
  type SigningKey,
  signAssertion,
} from "../../machines";
import { ADMIN_PASSWORD, admin, m2m, makeProject, namesOf, SHARED, takeDown } from "./environment";

const shared = inject("folder");
const ISSUER = "http://keycloak:8080/realms/sjwt-example";
const CLIENT = "events-machine";

describe("m2m events", () => {
  let issuer: Issuer;
  let signingKey: SigningKey;
  let other: SigningKey;
  const file = (name: string) => join(shared, `certs/${name}-signing.key`);

  /** A client of its own: other files ask as machine-a, and are refused too. */
  beforeAll(async () => {
    issuer = openIssuer({
      issuer: ISSUER,
      connectTo: `keycloak:8080=127.0.0.1:${SHARED.keycloakPort}`,
      allowInsecureHttp: true,
    });
    signingKey = loadSigningKey(file("machine-a"));
    other = loadSigningKey(file("machine-b"));
    const jwk = createPublicKey(readFileSync(file("machine-a"))).export({ format: "jwk" });
    const keys = [{ ...jwk, kid: signingKey.kid, alg: signingKey.algorithm, use: "sig" }];
    for (const [clientId, enabled] of [
      [CLIENT, true],
      [`${CLIENT}-off`, false],
    ] as const) {
      await admin(SHARED, "POST", "/clients", {
        clientId,
        enabled,
        publicClient: false,
        standardFlowEnabled: false,
        serviceAccountsEnabled: true,
        clientAuthenticatorType: "client-jwt",
        attributes: { "use.jwks.string": "true", "jwks.string": JSON.stringify({ keys }) },
      });
    }
  });
  afterAll(async () => {
    for (const clientId of [CLIENT, `${CLIENT}-off`]) {
      const [client] = await admin(SHARED, "GET", `/clients?clientId=${clientId}`);
      if (client) await admin(SHARED, "DELETE", `/clients/${client.id}`);
    }
    await issuer?.close();
  });

  async function post(assertion: string): Promise<number> {
    const form = {
      grant_type: "client_credentials",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: assertion,
    };
    const address = `http://localhost:${SHARED.keycloakPort}/realms/sjwt-example/protocol/openid-connect/token`;
    return (await fetch(address, { method: "POST", body: new URLSearchParams(form) })).status;
  }
  const assertion = (change: Partial<AssertionOptions> = {}) =>
    signAssertion({ clientId: CLIENT, issuer: ISSUER, signingKey, ...change });

  async function seen(client: string): Promise<{ outcome: string; cause?: string; knownBy?: string }[]> {
    const { exitCode, stdout, stderr } = await m2m(shared, ["events", "--json", "--client", client, "--since", "10m"]);
    expect(exitCode, stderr).toBe(0);
    return JSON.parse(stdout);
  }

  it("names who was granted, and the cause of each refusal, in their order", async () => {
    await requestToken(issuer, { clientId: CLIENT, signingKey });
    const once = await assertion();
    expect([await post(once), await post(once)]).toEqual([200, 400]);
    expect(await post(await assertion({ signingKey: other }))).toBe(400);
    expect(await post(await assertion({ signingKey: { ...other, kid: signingKey.kid } }))).toBe(400);
    expect(await post(await assertion({ now: () => new Date(Date.now() - 600_000) }))).toBe(400);
    await expect(requestToken(issuer, { clientId: CLIENT, signingKey, scope: "no-such" })).rejects.toThrow();
    expect((await seen(CLIENT)).map(({ cause = "granted", knownBy }) => [cause, knownBy])).toEqual([
      ["granted", undefined],
      ["granted", undefined],
      ["replay", "log"],
      ["key-unknown", "log"],
      ["wrong-key", "log"],
      ["assertion-refused", "log"],
      ["scope-refused", "event"],
    ]);
  });

  it("names a client that was switched off, and one that is not there", async () => {
    for (const clientId of [`${CLIENT}-off`, `${CLIENT}-gone`]) {
      await expect(requestToken(issuer, { clientId, signingKey })).rejects.toThrow();
    }
    expect(await seen(`${CLIENT}-off`)).toMatchObject([{ outcome: "refused", cause: "client-disabled" }]);
    expect(await seen(`${CLIENT}-gone`)).toMatchObject([{ outcome: "refused", cause: "client-unknown" }]);
  });

  it("prints one line each, with what to do", async () => {
    const { stdout } = await m2m(shared, ["events", "--client", CLIENT, "--refused", "--tail", "1"]);
    expect(stdout).toMatch(/^\S+Z {2}events-machine {2}refused, from \S+: a scope was asked for .+; grant it .+$/);
  });
});

describe("m2m drift", () => {
  const OWN = namesOf("events");
  const login = { KEYCLOAK_USER: "admin", KEYCLOAK_PASSWORD: ADMIN_PASSWORD };
  const MAIN = `
import { App, TerraformStack } from "cdktf";
import { KeycloakServer, PrivateLocalBackend, ProtectedApi, Realm, SignedJwtClient, SigningKeyPair } from "./constructs";

const app = new App();
const stack = new TerraformStack(app, "events");
new PrivateLocalBackend(stack);
const at = { url: "http://localhost:${SHARED.keycloakPort}", issuerBase: "http://keycloak:8080" };
const server = KeycloakServer.fromUrl(stack, "Keycloak", at);
const realm = new Realm(stack, "Realm", { server, realmName: "events", adminEventsSeconds: 3600 });
const signingKey = new SigningKeyPair(stack, "Key", { name: "a", algorithm: "ES256" });
const caller = new SignedJwtClient(stack, "Caller", { realm, clientId: "caller", signingKey });
new SignedJwtClient(stack, "Other", { realm, clientId: "other", signingKey });
new ProtectedApi(stack, "Orders", { realm, audience: "orders", scopes: { "orders:read": "read" } }).grant(caller, "orders:read");
app.synth();
`;

  let folder: string;
  beforeAll(async () => {
    folder = makeProject(OWN, MAIN);
    const { exitCode, stderr } = await m2m(folder, ["up"], login);
    expect(exitCode, stderr).toBe(0);
  });
  afterAll(() => takeDown(folder, OWN));

  const own = (method: "GET" | "PUT" | "DELETE", path: string, body?: unknown) =>
    admin(SHARED, method, path, body, "events");
  async function drift() {
    const { exitCode, stdout, stderr } = await m2m(folder, ["drift", "--json"], login);
    return { exitCode, stderr, result: JSON.parse(stdout) };
  }

  it("finds nothing after a deploy", async () => {
    const { exitCode, result, stderr } = await drift();
    expect(exitCode, stderr).toBe(0);
    expect(result).toEqual({ drift: [], others: [], pending: 0 });
  });

  it("shows what was changed by hand, by whom, and what up does about it; then up does it", async () => {
    const [client] = await own("GET", "/clients?clientId=other");
    await own("PUT", `/clients/${client.id}`, { ...client, enabled: false });
    const [caller] = await own("GET", "/clients?clientId=caller");
    const scopes = await own("GET", `/clients/${caller.id}/default-client-scopes`);
    const scope = scopes.find(({ name }: { name: string }) => name === "orders:read");
    await own("DELETE", `/clients/${caller.id}/default-client-scopes/${scope.id}`);
    const { exitCode, result } = await drift();
    expect(exitCode).toBe(2);
    const by = [expect.objectContaining({ who: "admin", client: "admin-cli", asTerraform: true })];
    expect(result.drift).toEqual([
      expect.objectContaining({
        what: "client other of realm events",
        attributes: [{ name: "enabled", before: "true", after: "false" }],
        repair: "sets it back",
        by,
      }),
      expect.objectContaining({
        address: expect.stringContaining("keycloak_openid_client_default_scopes."),
        attributes: [{ name: "default_scopes", before: '"orders:read"', after: "nothing" }],
        repair: "sets it back",
        by,
      }),
    ]);
    expect((await m2m(folder, ["up"], login)).exitCode).toBe(0);
    expect((await drift()).exitCode).toBe(0);
  });
});
