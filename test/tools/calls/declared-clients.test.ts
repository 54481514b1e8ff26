import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type App, TerraformStack } from "cdktf";
import { describe, expect, it } from "vitest";
import {
  CertificateAuthority,
  KeycloakServer,
  MachineContainer,
  Realm,
  SignedJwtClient,
  SigningKeyPair,
  TlsCertificate,
} from "../../../constructs";
import { readCertificate } from "../../../constructs/keys/certificate";
import { keyIdInFile } from "../../../constructs/keys/private-key";
import { chooseClient } from "../../../tools/calls/choose-client";
import { clientFacts } from "../../../tools/calls/client-facts";
import { type DeclaredClient, declaredClients } from "../../../tools/calls/declared-clients";
import { connectToOf, declaredApi } from "../../../tools/calls/reach";
import type { Stack } from "../../../tools/project/project";
import { inTemporaryProject } from "../../constructs/project";
import { synthesized } from "../grants/shop";
import { projectIn } from "../parts";

inTemporaryProject();

const FIXED = join(__dirname, "..", "..", "fixtures", "certs", "machine-a.crt");

/** The clients that an app declares. */
function declared(declare: (app: App) => void): { all: DeclaredClient[]; stacks: Stack[] } {
  const stacks = synthesized(declare);
  return { all: declaredClients(projectIn(process.cwd()), stacks), stacks };
}

/** What a machine is told of a client. */
function facts(declare: (app: App) => void, clientId: string) {
  const { all, stacks } = declared(declare);
  const client = chooseClient(all, clientId);
  return clientFacts(client, connectToOf(client, stacks));
}

const REMOTE = { url: "http://localhost:8080", issuerBase: "http://keycloak:8080" };

function remote(stack: TerraformStack, realmName = "r", at: { url: string; issuerBase?: string } = REMOTE) {
  const server = KeycloakServer.fromUrl(stack, "Server", at);
  return Realm.fromRealmName(stack, "Realm", { server, realmName });
}

describe("a declared client", () => {
  it("of a server elsewhere has the facts of its realm and of its key pair", () => {
    const { variables, warnings } = facts((app) => {
      const stack = new TerraformStack(app, "one");
      const places = { directory: "public", privateKeyDirectory: "private" };
      const signingKey = new SigningKeyPair(stack, "Key", { name: "billing", algorithm: "ES256", ...places });
      new SignedJwtClient(stack, "Billing", { realm: remote(stack), clientId: "billing", signingKey });
    }, "billing");
    const keyFile = join(process.cwd(), "private", "billing-signing.key");
    expect(variables).toEqual({
      ISSUER: "http://keycloak:8080/realms/r",
      ASSERTION_AUDIENCE: "http://keycloak:8080/realms/r",
      TOKEN_ENDPOINT: "http://localhost:8080/realms/r/protocol/openid-connect/token",
      JWKS_URI: "http://localhost:8080/realms/r/protocol/openid-connect/certs",
      CLIENT_ID: "billing",
      KEY_ID: keyIdInFile(keyFile),
      ALGORITHM: "ES256",
      KEY_FILE: keyFile,
      CERTIFICATE_FILE: join(process.cwd(), "public", "billing-signing.crt"),
      CONNECT_TO: "keycloak:8080=localhost:8080",
      ALLOW_INSECURE_HTTP: "true",
    });
    expect(warnings).toEqual([]);
  });

  it("of a realm in another stack is found with it, and needs no other address where the issuer is reached as it is", () => {
    const { variables } = facts((app) => {
      const realm = remote(new TerraformStack(app, "realms"), "r", { url: "https://sso.example.org" });
      const stack = new TerraformStack(app, "clients");
      const signingKey = new SigningKeyPair(stack, "Key", { name: "billing" });
      new SignedJwtClient(stack, "Billing", { realm, clientId: "billing", signingKey, boundTo: "dpop" });
    }, "billing");
    expect(variables).toMatchObject({ ISSUER: "https://sso.example.org/realms/r", DPOP: "true" });
    expect(Object.keys(variables)).not.toEqual(expect.arrayContaining(["CONNECT_TO"]));
    expect(Object.keys(variables)).not.toEqual(expect.arrayContaining(["ALLOW_INSECURE_HTTP"]));
  });

  it("that is bound to a certificate has its files for TLS, and any other the CA of its server", () => {
    const secure = (app: App) => {
      const stack = new TerraformStack(app, "secure");
      const authority = new CertificateAuthority(stack, "Ca", { name: "ca" });
      const server = new KeycloakServer(stack, "Keycloak", { tls: { authority }, clientCertificates: "request" });
      const realm = new Realm(stack, "Realm", { server, realmName: "r" });
      const boundTo = new TlsCertificate(stack, "Tls", { authority, name: "a", usage: "client" });
      const client = (clientId: string, more = {}) => {
        const signingKey = new SigningKeyPair(stack, `${clientId}Key`, { name: clientId });
        return new SignedJwtClient(stack, clientId, { realm, clientId, signingKey, ...more });
      };
      client("a", { boundTo });
      new MachineContainer(stack, "Api", { server, client: client("api") });
    };
    const at = (file: string) => join(process.cwd(), "certs", file);
    expect(facts(secure, "a").variables).toMatchObject({
      TOKEN_ENDPOINT: "https://localhost:8443/realms/r/protocol/openid-connect/token",
      TLS_CA_FILE: at("a-tls.trust.crt"),
      TLS_CERTIFICATE_FILE: at("a-tls.crt"),
      TLS_KEY_FILE: at("a-tls.key"),
      CONNECT_TO: "keycloak:8443=localhost:8443,api:3000=127.0.0.1:3000",
    });
    const { variables } = facts(secure, "api");
    expect(variables).toMatchObject({ TLS_CA_FILE: at("ca.trust.crt") });
    expect(variables).not.toHaveProperty("TLS_KEY_FILE");
  });

  it("whose key was made elsewhere says so, and which key it is", () => {
    mkdirSync("given");
    copyFileSync(FIXED, "given/a.crt");
    const { kid, publicJwk } = readCertificate(readFileSync(FIXED, "utf8"), "a");
    writeFileSync("given/a.jwk", JSON.stringify({ ...publicJwk, kid: "from-the-hsm" }));
    const elsewhere = (app: App) => {
      const stack = new TerraformStack(app, "one");
      const realm = remote(stack);
      const certificate = SigningKeyPair.fromCertificateFile(stack, "Certificate", "given/a.crt");
      new SignedJwtClient(stack, "A", { realm, clientId: "by-certificate", signingKey: certificate });
      const signingKey = SigningKeyPair.fromPublicKeyFile(stack, "Public", "given/a.jwk");
      new SignedJwtClient(stack, "B", { realm, clientId: "by-public-key", signingKey });
      const published = SigningKeyPair.fromJwksUri(stack, "Uri", "https://m.example/jwks", { algorithm: "ES256" });
      new SignedJwtClient(stack, "C", { realm, clientId: "by-jwks", signingKey: published });
    };
    for (const [clientId, known] of [
      ["by-certificate", kid],
      ["by-public-key", "from-the-hsm"],
    ] as const) {
      const { variables, warnings } = facts(elsewhere, clientId);
      expect(variables).toMatchObject({ KEY_ID: known, ALGORITHM: "RS256" });
      expect(Object.keys(variables).filter((name) => /_FILE$/.test(name))).toEqual([]);
      expect(warnings).toEqual([expect.stringContaining(`the private key of ${clientId} was made elsewhere`)]);
    }
    const { variables, warnings } = facts(elsewhere, "by-jwks");
    expect(variables).toMatchObject({ ALGORITHM: "ES256" });
    expect(variables).not.toHaveProperty("KEY_ID");
    expect(warnings).toEqual([expect.stringContaining("fetches the keys of by-jwks from https://m.example/jwks")]);
  });

  it("whose key file holds another key than the declared one is told with the key that is there", () => {
    const { all } = declared((app) => {
      const stack = new TerraformStack(app, "one");
      const realm = remote(stack);
      for (const name of ["a", "b"]) {
        const signingKey = new SigningKeyPair(stack, `${name}Key`, { name });
        new SignedJwtClient(stack, name, { realm, clientId: name, signingKey });
      }
    });
    copyFileSync("certs/b-signing.key", "certs/a-signing.key");
    const { variables, warnings } = clientFacts(chooseClient(all, "a"), "");
    const { kid } = chooseClient(all, "b");
    expect(variables.KEY_ID).toBe(kid);
    expect(warnings).toEqual([expect.stringContaining(`holds key ${kid}, which Keycloak is not to accept from a`)]);
  });
});

describe("the client that is chosen", () => {
  const twice = (app: App) => {
    for (const name of ["stage", "live"]) {
      const stack = new TerraformStack(app, name);
      const realm = remote(stack, name, { url: `https://${name}.example` });
      const signingKey = new SigningKeyPair(stack, "Key", { name });
      new SignedJwtClient(stack, "Billing", { realm, clientId: "billing", signingKey });
    }
  };

  it("is the declared one of this id, by its stack or realm where there are several", () => {
    const { all } = declared(twice);
    expect(chooseClient(all, "billing", { stack: "live" }).realm.issuer).toBe("https://live.example/realms/live");
    expect(chooseClient(all, "billing", { realm: "stage" }).stack).toBe("stage");
    expect(() => chooseClient(all, "billing")).toThrow(
      'client "billing" is declared 2 times: stack live, realm live; stack stage, realm stage; choose one by --stack or --realm',
    );
  });

  it("is not there under another id or in another place, and all that are declared are named", () => {
    const { all } = declared(twice);
    expect(() => chooseClient(all, "bill")).toThrow(
      'no client "bill" that signs in with a JWT is declared; declared: billing (stack live, realm live), billing (stack stage, realm stage)',
    );
    expect(() => chooseClient(all, "billing", { realm: "x" })).toThrow('is declared in realm "x"; declared:');
    expect(() => chooseClient([], "billing")).toThrow("declared: none");
  });
});

describe("the API that is called", () => {
  const containers = (count: number) => (app: App) => {
    const stack = new TerraformStack(app, "one");
    const server = new KeycloakServer(stack, "Keycloak");
    const realm = new Realm(stack, "Realm", { server, realmName: "r" });
    const client = (clientId: string) => {
      const signingKey = new SigningKeyPair(stack, `${clientId}Key`, { name: clientId });
      return new SignedJwtClient(stack, clientId, { realm, clientId, signingKey });
    };
    client("caller");
    for (let i = 1; i <= count; i++)
      new MachineContainer(stack, `Api${i}`, { server, client: client(`api-${i}`), port: 3000 + i });
  };
  const apiOf = (count: number) => {
    const { all, stacks } = declared(containers(count));
    return declaredApi(chooseClient(all, "caller"), stacks);
  };

  it("is that of the only machine in a container", () => {
    expect(apiOf(1)).toBe("http://api-1:3001/api/protected");
  });

  it("has to be given where there is none, or where there are several", () => {
    expect(() => apiOf(0)).toThrow("the project declares no MachineContainer of this realm; give its address by --url");
    expect(() => apiOf(2)).toThrow("declares several: http://api-1:3001, http://api-2:3002; give its address by --url");
  });
});
