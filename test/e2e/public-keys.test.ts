// Keys of machines that have no certificate here: public keys alone, and keys that Keycloak fetches.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { networkName } from "../../constructs/contract/docker-names";
import { ecPair, type GeneratedPair, rsaPair } from "../generated-key";
import { docker, m2m, makeProject, namesOf, SHARED, takeDown } from "./environment";

const OWN = namesOf("public-keys");
const ISSUER = "http://keycloak:8080/realms/sjwt-example";

const MAIN = `
import { App, TerraformStack } from "cdktf";
import { KeycloakServer, PrivateLocalBackend, Realm, SignedJwtClient, SigningKeyPair } from "./constructs";

const app = new App();
const stack = new TerraformStack(app, "public-keys");
new PrivateLocalBackend(stack);
const at = { url: "http://localhost:${SHARED.keycloakPort}", issuerBase: "http://keycloak:8080" };
const server = KeycloakServer.fromUrl(stack, "Keycloak", at);
const realm = Realm.fromRealmName(stack, "Realm", { server, realmName: "sjwt-example" });
const fetched = { algorithm: "ES256", allowInsecureHttp: true } as const;
const keys = {
  pem: SigningKeyPair.fromPublicKeyFile(stack, "Pem", "keys/one.pem"),
  set: SigningKeyPair.fromPublicKeyFile(stack, "Set", "keys/set.json"),
  uri: SigningKeyPair.fromJwksUri(stack, "Uri", "http://${OWN.machine}:3000/jwks", fetched),
};
for (const [clientId, signingKey] of Object.entries(keys)) new SignedJwtClient(stack, clientId, { realm, clientId, signingKey });
app.synth();
`;

/** Serves the JWK set that it is given by its own PUT. */
const SERVER = `
let jwks = "{}";
require("node:http").createServer((request, response) => {
  if (request.method !== "PUT") return response.setHeader("content-type", "application/json").end(jwks);
  jwks = "";
  request.on("data", (chunk) => { jwks += chunk; }).on("end", () => response.end());
}).listen(3000);`;

const jwkOf = ({ publicKey }: GeneratedPair, kid: string, alg: string) => {
  return { ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" };
};
const [rsa, first, second, own, next] = [rsaPair(), ecPair(), ecPair(), ecPair(), ecPair()];

let folder: string;
beforeAll(async () => {
  folder = makeProject(OWN, MAIN);
  mkdirSync(join(folder, "keys"));
  writeFileSync(join(folder, "keys/one.pem"), rsa.publicKey.export({ type: "spki", format: "pem" }));
  const set = [jwkOf(first, "first", "ES256"), jwkOf(second, "second", "ES256")];
  writeFileSync(join(folder, "keys/set.json"), JSON.stringify({ keys: set }));
  const image = await docker("inspect", "--format", "{{.Config.Image}}", SHARED.machine);
  const network = networkName(SHARED.keycloak);
  await docker(
    "run",
    "--detach",
    "--name",
    OWN.machine,
    "--network",
    network,
    "--entrypoint",
    "node",
    image,
    "-e",
    SERVER,
  );
  await publish(own, "own");
});
afterAll(async () => await takeDown(folder, OWN));

/** Has the machine publish a key, and no other. */
async function publish(key: GeneratedPair, kid: string): Promise<void> {
  const put = `fetch("http://localhost:3000/", { method: "PUT", body: process.argv[1] })`;
  await execa("docker", ["exec", OWN.machine, "node", "-e", put, JSON.stringify({ keys: [jwkOf(key, kid, "ES256")] })]);
}

async function answerTo(clientId: string, { privateKey }: GeneratedPair, header: { kid?: string }, alg = "ES256") {
  const assertion = await new SignJWT({ jti: crypto.randomUUID() })
    .setProtectedHeader({ alg, ...header })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(ISSUER)
    .setIssuedAt()
    .setExpirationTime("30s")
    .sign(privateKey);
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion,
  });
  const realm = `http://localhost:${SHARED.keycloakPort}/realms/sjwt-example`;
  return (await fetch(`${realm}/protocol/openid-connect/token`, { method: "POST", body })).status;
}

describe("keys without a certificate", () => {
  it("are deployed, and show no change", async () => {
    const { exitCode, stderr } = await m2m(folder, ["up"]);
    expect(exitCode, stderr).toBe(0);
    const diff = await m2m(folder, ["diff"]);
    expect(diff.exitCode, diff.stdout).toBe(0);
  });

  it("sign in: one of a file, each of a set by its own id, and the first without one", async () => {
    expect(await answerTo("pem", rsa, {}, "RS256")).toBe(200);
    expect(await answerTo("set", first, { kid: "first" })).toBe(200);
    expect(await answerTo("set", second, { kid: "second" })).toBe(200);
    expect(await answerTo("set", first, {})).toBe(200);
    expect(await answerTo("set", own, { kid: "first" })).toBe(400);
  });

  it("are fetched where the machine publishes them, and rotate without a deploy", async () => {
    expect(await answerTo("uri", own, { kid: "own" })).toBe(200);
    expect(await answerTo("uri", next, { kid: "next" })).toBe(400);
    await publish(next, "next");
    // Keycloak fetches again for an unknown id, ten seconds after the last time.
    await expect.poll(() => answerTo("uri", next, { kid: "next" }), { timeout: 30_000, interval: 1000 }).toBe(200);
  });
});
