import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RealmKey, RealmProps } from "../../constructs";
import {
  createTokenClient,
  createVerifier,
  type Issuer,
  loadSigningKey,
  openIssuer,
  requestToken,
} from "../../machines";
import { m2m, makeProject, SHARED } from "./environment";
import { type Json, type Server, sharedServer } from "./provider/server";

const REALM = "realm-keys";
const ISSUER = `http://keycloak:8080/realms/${REALM}`;
/** Short, so that a key can be removed soon after it has signed for the last time. */
const TOKEN_SECONDS = 6;

const MAIN = `
import { readFileSync } from "node:fs";
import { App, TerraformStack } from "cdktf";
import { KeycloakServer, PrivateLocalBackend, Realm, RealmKeys, SignedJwtClient, SigningKeyPair } from "./constructs";

const { keys, ...changing } = JSON.parse(readFileSync("realm.json", "utf8"));
const app = new App();
const stack = new TerraformStack(app, "keys");
new PrivateLocalBackend(stack);
const at = { url: "http://localhost:${SHARED.keycloakPort}", issuerBase: "http://keycloak:8080" };
const server = KeycloakServer.fromUrl(stack, "Keycloak", at);
const realm = new Realm(stack, "Realm", {
  server,
  realmName: "${REALM}",
  accessTokenLifespanSeconds: ${TOKEN_SECONDS},
  loginEventsSeconds: 86_400,
  ...changing,
});
new RealmKeys(stack, "Keys", { realm, keys });
const signingKey = new SigningKeyPair(stack, "Key", { name: "caller" });
const caller = new SignedJwtClient(stack, "Caller", { realm, clientId: "caller", signingKey });
new SignedJwtClient(stack, "Api", { realm, clientId: "api", signingKey }).grantCall(caller);
app.synth();
`;

const key = (name: string, state: RealmKey["state"]): RealmKey => ({ name, state });
const ELLIPTIC: RealmKey = { name: "elliptic", state: "active", algorithm: "ES256" };

let server: Server;
let folder: string;
let issuer: Issuer;
let machine: { clientId: string; signingKey: ReturnType<typeof loadSigningKey> };

/** Declares these keys and deploys them. Returns what the diff said before. */
async function declare(keys: readonly RealmKey[], realm: Partial<RealmProps> = {}): Promise<string[]> {
  writeFileSync(join(folder, "realm.json"), JSON.stringify({ keys, ...realm }));
  const diff = await m2m(folder, ["diff", "--json"]);
  expect(diff.exitCode, diff.stderr).toBe(2);
  const up = await m2m(folder, ["up", "--yes"]); // a key that is not declared any more is destroyed
  expect(up.exitCode, up.stderr).toBe(0);
  const { changes } = JSON.parse(diff.stdout) as { changes: { action: string; address: string }[] };
  return changes.map(({ action, address }) => `${action} ${address.replace(/^keycloak_|_[0-9A-F]{8}$/g, "")}`).sort();
}

async function published(): Promise<JSONWebKeySet> {
  return (await (await fetch(`${server.url}/realms/${REALM}/protocol/openid-connect/certs`)).json()) as JSONWebKeySet;
}

const fresh = async () => (await requestToken(issuer, machine)).accessToken;
const signerOf = (token: string) => decodeProtectedHeader(token).kid!;

/** Keycloak's ids of the keys, by the names that were declared. */
async function kids(): Promise<{ [name: string]: string }> {
  const components = (await server.admin("GET", `/${REALM}/components`)) as Json[];
  const names = new Map(components.map(({ id, name }) => [id, name]));
  const { keys } = await server.admin("GET", `/${REALM}/keys`);
  return Object.fromEntries(keys.map(({ providerId, kid }: Json) => [names.get(providerId), kid]));
}

beforeAll(async () => {
  server = await sharedServer();
  folder = makeProject(SHARED, MAIN);
  writeFileSync(join(folder, "realm.json"), JSON.stringify({ keys: [key("first", "prepared")] }));
  const up = await m2m(folder, ["up"]);
  expect(up.exitCode, up.stderr).toBe(0);
  const connectTo = `keycloak:8080=127.0.0.1:${SHARED.keycloakPort}`;
  issuer = openIssuer({ issuer: ISSUER, connectTo, allowInsecureHttp: true });
  machine = { clientId: "caller", signingKey: loadSigningKey(join(folder, "certs/caller-signing.key")) };
});

afterAll(async () => {
  await issuer?.close();
  const down = await m2m(folder, ["down", "--yes"]);
  rmSync(folder, { recursive: true, force: true });
  expect(down.exitCode, down.stderr).toBe(0);
});

/** Two machines call until they are stopped: one keeps its token, the other asks for a new one each time. */
function callAllAlong() {
  const verifier = () => createVerifier(issuer, { audience: "api", algorithms: ["RS256", "ES256"] });
  const lasting = verifier();
  // One API keeps the keys it has fetched, the other has just started.
  const verify = (token: string) => Promise.all([lasting(token), verifier()(token)]);
  const tokens = createTokenClient(issuer, machine);
  const failures: string[] = [];
  const signers = new Map<string, number>();
  let stopped = false;
  const calls = (async () => {
    while (!stopped) {
      for (const token of [tokens.getToken(), fresh()]) {
        await token.then(verify).catch((error) => failures.push(`${Date.now()} ${error}`));
      }
      signers.set(signerOf(await fresh()), Date.now());
      await sleep(100);
    }
  })();
  const stop = async () => {
    stopped = true;
    await calls;
    return { failures, signers: [...signers.keys()] };
  };
  return { stop };
}

describe("a realm's keys", () => {
  it("rotate while a machine calls, and no call fails", async () => {
    const { "rsa-generated": own, first } = await kids();
    const calling = callAllAlong();
    expect(signerOf(await fresh())).toBe(own); // a key that is prepared signs nothing
    const known = createLocalJWKSet(await published()); // for a verifier that fetches keys once

    const rsa = "realm_keystore_rsa_generated.Keys";
    const activate = [key("first", "active"), key("second", "prepared")];
    expect(await declare(activate)).toEqual([`create ${rsa}_second`, `update ${rsa}_first`]);
    const byFirst = await fresh();
    expect(signerOf(byFirst)).toBe(first);
    await jwtVerify(byFirst, known, { issuer: ISSUER });

    const swap = [key("first", "retiring"), key("second", "active")];
    const bothInPlace = [`update ${rsa}_first`, `update ${rsa}_second`];
    expect(await declare(swap)).toEqual(bothInPlace);
    expect(
      await declare(activate.map(({ name, state }) => key(name, state === "active" ? state : "retiring"))),
    ).toEqual(
      bothInPlace, // and a way back
    );
    expect(await declare([...swap, ELLIPTIC])).toEqual([
      "create realm_keystore_ecdsa_generated.Keys_elliptic",
      ...bothInPlace,
    ]);
    const { second, elliptic } = await kids();
    expect(signerOf(await fresh())).toBe(second);
    expect((await kids()).first).toBe(first); // a key stays what it is in each of its states
    expect((await published()).keys.map(({ kid }) => kid)).toEqual(
      expect.arrayContaining([own, first, second, elliptic]),
    );

    await sleep(TOKEN_SECONDS * 1000 + 500);
    expect(await declare([key("second", "active"), ELLIPTIC], { signatureAlgorithm: "ES256" })).toEqual([
      `delete ${rsa}_first`,
      "update realm.Realm",
    ]);
    expect(signerOf(await fresh())).toBe(elliptic);

    const { failures, signers } = await calling.stop();
    expect(failures).toEqual([]);
    expect(new Set(signers)).toEqual(new Set([own, first, second, elliptic]));
    expect(Object.keys(await kids()).filter((name) => /^(first|fallback)/.test(name))).toEqual([]);
    expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
  });

  it("are not in the state", () => {
    const state = readFileSync(join(folder, "terraform.keys.tfstate"), "utf8");
    const { resources } = JSON.parse(state) as { resources: Json[] };
    const { instances } = resources.find(({ type }) => type === "keycloak_realm_keystore_rsa_generated")!;
    expect(Object.keys(instances[0].attributes).sort()).toEqual([
      "active",
      "algorithm",
      "enabled",
      "id",
      "key_size",
      "name",
      "priority",
      "realm_id",
    ]);
  });
});

describe("sign-ins that the realm keeps", () => {
  it("tell which key a machine signs with, and are still in the log", async () => {
    await fresh();
    const events = (await server.admin("GET", `/${REALM}/events?type=CLIENT_LOGIN&client=caller`)) as Json[];
    const { kid } = machine.signingKey;
    expect(events[0]!.details.client_assertion_id.slice(0, 8)).toBe(kid.slice(0, 8));
    expect(await server.admin("GET", `/${REALM}/events/config`)).toMatchObject({
      eventsEnabled: true,
      eventsExpiration: 86_400,
      eventsListeners: ["jboss-logging"],
      adminEventsEnabled: false,
    });
  });
});
