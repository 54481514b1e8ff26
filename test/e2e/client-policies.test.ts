// The realm itself refuses weak machine clients, whoever adds them.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { decodeJwt, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDpopKey, type Issuer, loadSigningKey, openIssuer, requestToken } from "../../machines";
import { rsaPair } from "../generated-key";
import { ADMIN_PASSWORD, m2m, makeProject, namesOf, SHARED, takeDown } from "./environment";
import { type Json, type Server, sharedServer } from "./provider/server";

const OWN = namesOf("client-policies");
const ISSUER = "http://keycloak:8080/realms/client-policies";

const MAIN = `
import { App, TerraformStack } from "cdktf";
import {
  KeycloakServer, MachineClientPolicy, PrivateLocalBackend, Realm, SignedJwtClient, SigningKeyPair,
} from "./constructs";

const app = new App();
const stack = new TerraformStack(app, "client-policies");
new PrivateLocalBackend(stack);
const at = { url: "http://localhost:${SHARED.keycloakPort}", issuerBase: "http://keycloak:8080" };
const server = KeycloakServer.fromUrl(stack, "Keycloak", at);
const realm = new Realm(stack, "Realm", { server, realmName: "client-policies" });
const signingKey = new SigningKeyPair(stack, "Key", { name: "declared", algorithm: "ES256" });
new SignedJwtClient(stack, "Declared", { realm, clientId: "declared", signingKey });
new MachineClientPolicy(stack, "Policy", { realm, algorithms: ["ES256", "RS256"] });
const bound = new Realm(stack, "BoundRealm", { server, realmName: "client-policies-bound" });
new SignedJwtClient(stack, "Bound", { realm: bound, clientId: "bound", signingKey, boundTo: "dpop" });
new MachineClientPolicy(stack, "BoundPolicy", { realm: bound, boundTokens: "dpop" });
app.synth();
`;

let folder: string;
let issuer: Issuer;
let server: Server;
const login = { KEYCLOAK_USER: "admin", KEYCLOAK_PASSWORD: ADMIN_PASSWORD };
beforeAll(async () => {
  folder = makeProject(OWN, MAIN);
  const { exitCode, stderr } = await m2m(folder, ["up"], login);
  expect(exitCode, stderr).toBe(0);
  server = await sharedServer();
  const connectTo = `keycloak:8080=127.0.0.1:${SHARED.keycloakPort}`;
  issuer = openIssuer({ issuer: ISSUER, connectTo, allowInsecureHttp: true });
});
afterAll(async () => {
  await issuer?.close();
  await takeDown(folder, OWN);
});

/** Adds a client as an administrator would, with every right that it can get. */
const addByHand = (clientId: string, more: Json, realm = "client-policies") =>
  server.admin("POST", `/${realm}/clients`, {
    ...{ clientId, enabled: true, publicClient: false, serviceAccountsEnabled: true, fullScopeAllowed: true },
    ...more,
  });

/** Adds a client that signs, and asks for a token as it. */
async function signing(clientId: string, alg: string): Promise<{ status: number; answer: Json }> {
  const { publicKey, privateKey } = rsaPair();
  const key = { ...publicKey.export({ format: "jwk" }), kid: clientId, alg, use: "sig" };
  const attributes = {
    "token.endpoint.auth.signing.alg": alg,
    "use.jwks.string": "true",
    "jwks.string": JSON.stringify({ keys: [key] }),
  };
  await addByHand(clientId, { clientAuthenticatorType: "client-jwt", attributes });
  const assertion = await new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({ alg, kid: clientId })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(ISSUER)
    .setIssuedAt()
    .setExpirationTime("60s")
    .sign(privateKey);
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion,
  });
  const endpoint = `http://127.0.0.1:${SHARED.keycloakPort}/realms/client-policies/protocol/openid-connect/token`;
  const response = await fetch(endpoint, { method: "POST", body });
  return { status: response.status, answer: (await response.json()) as Json };
}

describe("a realm with a MachineClientPolicy", () => {
  it("shows no change after the deploy", async () => {
    expect((await m2m(folder, ["diff"], login)).exitCode).toBe(0);
  });

  it("gives tokens to the declared client", async () => {
    const signingKey = loadSigningKey(join(folder, "certs/declared-signing.key"));
    expect((await requestToken(issuer, { clientId: "declared", signingKey })).accessToken).toMatch(/^eyJ/);
  });

  it("refuses a client with a secret that is added by hand", async () => {
    const added = addByHand("by-secret", { clientAuthenticatorType: "client-secret", secret: "secret" });
    await expect(added).rejects.toThrow("token_endpoint_auth_method");
  });

  it("refuses tokens to a client of an algorithm that is not allowed", async () => {
    const { status, answer } = await signing("by-ps256", "PS256");
    expect([status, answer.error_description]).toEqual([400, "Request not allowed"]);
  });

  it("gives tokens to a client that is added by hand as it should be, without every role", async () => {
    const { status, answer } = await signing("by-rs256", "RS256");
    expect(status, answer.error_description).toBe(200);
    const found = await server.admin("GET", "/client-policies/clients?clientId=by-rs256");
    expect(found[0].fullScopeAllowed).toBe(false);
  });

  it("shows no change after that either", async () => {
    expect((await m2m(folder, ["diff"], login)).exitCode).toBe(0);
  });
});

describe("a realm whose tokens have to be bound", () => {
  const boundIssuer = () => {
    const connectTo = `keycloak:8080=127.0.0.1:${SHARED.keycloakPort}`;
    return openIssuer({ issuer: `${ISSUER}-bound`, connectTo, allowInsecureHttp: true });
  };

  it("gives bound tokens to the declared client, and none without a proof", async () => {
    const other = boundIssuer();
    const signingKey = loadSigningKey(join(folder, "certs/declared-signing.key"));
    try {
      const dpop = createDpopKey();
      const { accessToken } = await requestToken(other, { clientId: "bound", signingKey, dpop });
      expect(decodeJwt(accessToken).cnf).toMatchObject({ jkt: dpop.thumbprint });
      await expect(requestToken(other, { clientId: "bound", signingKey })).rejects.toThrow("DPoP proof is missing");
    } finally {
      await other.close();
    }
  });

  it("refuses a client without the binding that is added by hand", async () => {
    const attributes = { "token.endpoint.auth.signing.alg": "ES256" };
    const added = addByHand("unbound", { clientAuthenticatorType: "client-jwt", attributes }, "client-policies-bound");
    await expect(added).rejects.toThrow("DPoP token in disabled");
  });

  it("refuses tokens to a client that lost the binding by hand", async () => {
    const found = await server.admin("GET", "/client-policies-bound/clients?clientId=bound");
    const client = found[0];
    const unbound = { ...client, attributes: { ...client.attributes, "dpop.bound.access.tokens": "false" } };
    const changed = server.admin("PUT", `/client-policies-bound/clients/${client.id}`, unbound);
    await expect(changed).rejects.toThrow("DPoP token in disabled");
  });
});
