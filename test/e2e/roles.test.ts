import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createVerifier, loadSigningKey, openIssuer, requestToken } from "../../machines";
import { m2m, makeProject, namesOf, SHARED, takeDown } from "./environment";

/** Two clients in the shared environment's realm, in a project of their own. */
const MAIN = `
import { App, TerraformStack } from "cdktf";
import { KeycloakServer, PrivateLocalBackend, Realm, SignedJwtClient, SigningKeyPair } from "./constructs";

const app = new App();
const stack = new TerraformStack(app, "roles");
new PrivateLocalBackend(stack);
const { ISSUER_BASE: issuerBase = "http://keycloak:8080" } = process.env;
const at = { url: "http://localhost:${SHARED.keycloakPort}", issuerBase };
const server = KeycloakServer.fromUrl(stack, "Keycloak", at);
const realm = Realm.fromRealmName(stack, "Realm", { server, realmName: "sjwt-example" });
const signingKey = new SigningKeyPair(stack, "Key", { name: "roles" });
const own = { accessTokenLifespanSeconds: 77, claims: { team: "blue", level: 3, trusted: true } };
const shop = new SignedJwtClient(stack, "Shop", { realm, clientId: "roles-shop", signingKey, ...own });
new SignedJwtClient(stack, "Stock", { realm, clientId: "roles-stock", signingKey }).grantCall(shop, { roles: ["reader"] });
app.synth();
`;

let folder: string;
beforeAll(() => {
  folder = makeProject(namesOf("roles"), MAIN);
});
afterAll(async () => await takeDown(folder, namesOf("roles")));

const ISSUER = "http://keycloak:8080/realms/sjwt-example";

describe("a client with roles, claims and a lifespan of its own", () => {
  it("is deployed, and shows no change", async () => {
    const { exitCode, stderr } = await m2m(folder, ["up"]);
    expect(exitCode, stderr).toBe(0);
    expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
  });

  it("has all of them in its token", async () => {
    const issuer = openIssuer({
      issuer: ISSUER,
      connectTo: `keycloak:8080=127.0.0.1:${SHARED.keycloakPort}`,
      allowInsecureHttp: true,
    });
    const signingKey = loadSigningKey(`${folder}/certs/roles-signing.key`);
    const { accessToken } = await requestToken(issuer, { clientId: "roles-shop", signingKey });
    const verify = (roles: string[]) => createVerifier(issuer, { audience: "roles-stock", roles })(accessToken);
    expect(await verify(["reader"])).toMatchObject({
      caller: "roles-shop",
      roles: ["reader"],
      claims: { team: "blue" },
    });
    await expect(verify(["writer"])).rejects.toMatchObject({ code: "ERR_TOKEN_ROLE" });
    await issuer.close();
    const claims = decodeJwt(accessToken);
    expect(claims).toMatchObject({
      aud: "roles-stock",
      resource_access: { "roles-stock": { roles: ["reader"] } },
      team: "blue",
      level: 3,
      trusted: true,
    });
    expect(claims.exp! - claims.iat!).toBe(77);
  });
});

describe("an issuer that is not the one of the realm", () => {
  it("is told by up, with the one that Keycloak says", async () => {
    const { exitCode, stderr } = await m2m(folder, ["up"], { ISSUER_BASE: "http://elsewhere:8080" });
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toContain(
      `Keycloak says that the issuer of realm sjwt-example is ${ISSUER}, but it is declared as http://elsewhere:8080/realms/sjwt-example`,
    );
    expect((await m2m(folder, ["up"])).stderr).not.toContain("Keycloak says");
  });
});
