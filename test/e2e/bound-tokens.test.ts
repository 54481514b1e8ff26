// Tokens of a client that is declared with boundTo: "dpop": of use to their owner, and to nobody else.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDpopKey, type Issuer, loadSigningKey, openIssuer, openMachine, requestToken } from "../../machines";
import { clientOf, m2m, makeProject, namesOf, SHARED, takeDown } from "./environment";

const OWN = namesOf("bound-tokens");
const ISSUER = "http://keycloak:8080/realms/sjwt-example";
const API = "http://machine-b:3000/api/protected";
const CONNECT_TO = `keycloak:8080=127.0.0.1:${SHARED.keycloakPort},machine-b:3000=127.0.0.1:${SHARED.machinePort}`;

/** A caller of the shared environment's machine-b. The outputs make it an environment that m2m can call in. */
const main = (boundTo: string) => `
import { App, TerraformOutput, TerraformStack } from "cdktf";
import { KeycloakServer, PrivateLocalBackend, Realm, SignedJwtClient, SigningKeyPair } from "./constructs";

const app = new App();
const stack = new TerraformStack(app, "bound");
new PrivateLocalBackend(stack);
const at = { url: "http://localhost:${SHARED.keycloakPort}", issuerBase: "http://keycloak:8080" };
const server = KeycloakServer.fromUrl(stack, "Keycloak", at);
const realm = Realm.fromRealmName(stack, "Realm", { server, realmName: "sjwt-example" });
const signingKey = new SigningKeyPair(stack, "Key", { name: "bound" });
const caller = new SignedJwtClient(stack, "Caller", { realm, clientId: "bound", signingKey, ${boundTo} });
SignedJwtClient.fromClientId(stack, "MachineB", { realm, clientId: "machine-b" }).grantCall(caller);
const outputs = {
  issuer: realm.issuer,
  api: "${API}",
  connect_to: "${CONNECT_TO}",
  key_files: { bound: signingKey.privateKeyFile },
};
for (const [name, value] of Object.entries(outputs)) new TerraformOutput(stack, name, { value });
app.synth();
`;

let folder: string;
let issuer: Issuer;
let identity: { clientId: string; signingKey: ReturnType<typeof loadSigningKey> };
beforeAll(async () => {
  folder = makeProject(OWN, main('boundTo: "dpop"'));
  const { exitCode, stdout, stderr } = await m2m(folder, ["up"]);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toContain("HTTP 200");
  issuer = openIssuer({ issuer: ISSUER, connectTo: CONNECT_TO, allowInsecureHttp: true });
  identity = { clientId: "bound", signingKey: loadSigningKey(join(folder, "certs/bound-signing.key")) };
});
afterAll(async () => {
  await issuer?.close();
  await takeDown(folder, OWN);
});

const call = async (headers: Record<string, string>, path = "", method = "GET") => {
  const response = await fetch(`http://127.0.0.1:${SHARED.machinePort}/api/protected${path}`, { method, headers });
  const { code = "" } = (await response.json()) as { code?: string };
  return `${response.status} ${code}`.trim();
};

describe("a client that is bound by DPoP", () => {
  it("is called as by m2m, offline and online, and shows no change", async () => {
    for (const options of [[], ["--online"]]) {
      expect((await m2m(folder, ["call", "bound", ...options])).stdout).toContain("HTTP 200\ncaller: bound");
    }
    expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
    const { stdout, stderr } = await m2m(folder, ["token", "bound", "--json"]);
    expect(JSON.parse(stdout).token_type).toBe("DPoP");
    expect(stderr).toContain("bound to a key that only this run had");
    expect((await m2m(folder, ["call", "bound", "--bash"])).stderr).toContain("leave out --bash");
  });

  it("gets no token without a proof", async () => {
    await expect(requestToken(issuer, identity)).rejects.toThrow("DPoP proof is missing");
  });

  it("calls by the library, with one token for many requests", async () => {
    const machine = openMachine({
      ...identity,
      issuer: ISSUER,
      connectTo: CONNECT_TO,
      allowInsecureHttp: true,
      dpop: true,
    });
    for (const address of [API, `${API}/online`, API]) expect((await machine.fetch(address)).status).toBe(200);
    await machine.close();
  });

  it("has tokens that nobody else can use", async () => {
    const dpop = createDpopKey();
    const { accessToken } = await requestToken(issuer, { ...identity, dpop });
    expect(decodeJwt(accessToken)).toMatchObject({ cnf: { jkt: dpop.thumbprint }, typ: "DPoP" });
    const proofBy = (key: typeof dpop, url = API, method = "GET", token = accessToken) =>
      key.proof({ method, url, accessToken: token });
    const owned = { authorization: `DPoP ${accessToken}` };
    for (const path of ["", "/online"]) {
      const url = `${API}${path}`;
      const used = { ...owned, dpop: proofBy(dpop, url) };
      expect(await call(used, path)).toBe("200");
      const refused: [what: string, headers: Record<string, string>][] = [
        ["again", used],
        ["as bearer token", { authorization: `Bearer ${accessToken}` }],
        ["as bearer token with a proof", { authorization: `Bearer ${accessToken}`, dpop: proofBy(dpop, url) }],
        ["without a proof", owned],
        ["with a proof by another key", { ...owned, dpop: proofBy(createDpopKey(), url) }],
        [
          "with a proof by the key that signs assertions",
          { ...owned, dpop: proofBy(createDpopKey(identity.signingKey), url) },
        ],
        ["with a proof for another address", { ...owned, dpop: proofBy(dpop, `${url}/more`) }],
        ["with a proof for another host", { ...owned, dpop: proofBy(dpop, url.replace("machine-b", "127.0.0.1")) }],
        ["with a proof for another method", { ...owned, dpop: proofBy(dpop, url, "POST") }],
        ["with a proof for another token", { ...owned, dpop: proofBy(dpop, url, "GET", "other") }],
      ];
      for (const [what, headers] of refused) expect(await call(headers, path), what).toMatch(/^401 ERR_TOKEN_/);
    }
  });

  it("changes in place when the binding is taken away, and the diff says so", async () => {
    writeFileSync(join(folder, "main.ts"), main(""));
    const diff = await m2m(folder, ["diff"]);
    expect(diff.stdout).toBe("~ client bound  tokens bound to nothing (were bound to dpop)");
    const { exitCode, stderr } = await m2m(folder, ["up"]);
    expect(exitCode, stderr).toBe(0);
    expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
    expect((await clientOf(SHARED, "bound")).attributes).not.toHaveProperty("dpop.bound.access.tokens", "true");
    await expect(requestToken(issuer, identity)).resolves.toBeDefined();
  });
});
