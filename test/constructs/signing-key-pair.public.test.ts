import { createPublicKey } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  type IPublicKeys,
  type JwksUriOptions,
  KeycloakServer,
  MachineContainer,
  Realm,
  SignedJwtClient,
  SigningKeyPair,
} from "../../constructs";
import { keyId } from "../../constructs/keys/certificate";
import { ecPair, rsaPair } from "../generated-key";
import { inTemporaryProject, messageOf, newRealm, newStack, only, synth, writeProjectFile } from "./project";

inTemporaryProject();

const [ONE, TWO] = [rsaPair(), ecPair()].map(({ privateKey }) => createPublicKey(privateKey));
const URI = "https://billing.example/jwks";

/** The client that is declared with some keys. */
function declared(keysIn: (stack: ReturnType<typeof newStack>) => IPublicKeys) {
  const stack = newStack();
  new SignedJwtClient(stack, "Billing", { realm: newRealm(stack), clientId: "billing", signingKey: keysIn(stack) });
  return only(synth(stack), "keycloak_openid_client");
}

const byFile = (text: string, options = {}) => {
  writeProjectFile("keys", text);
  return declared((stack) => SigningKeyPair.fromPublicKeyFile(stack, "Keys", "keys", options));
};
const byUri = (uri: string, options: JwksUriOptions = { algorithm: "ES256" }) =>
  declared((stack) => SigningKeyPair.fromJwksUri(stack, "Keys", uri, options));

describe("a public key alone", () => {
  it("is published as a JWKS, without a certificate", () => {
    const { extra_config, description } = byFile(String(ONE!.export({ type: "spki", format: "pem" })));
    const { "jwks.string": jwks, ...rest } = extra_config;
    expect(rest).toEqual({
      "token.endpoint.auth.signing.alg": "RS256",
      "use.jwks.string": "true",
      "use.jwks.url": "false",
      "tls.client.certificate.bound.access.tokens": "false",
    });
    expect(JSON.parse(jwks).keys).toMatchObject([{ kid: keyId(ONE!), kty: "RSA", use: "sig", alg: "RS256" }]);
    expect(description).toBe(`signs with RS256, key ${keyId(ONE!)}`);
  });

  it("may be one of a set: all are accepted, and the first is the active one", () => {
    const keys = [TWO!, ONE!].map((key, index) => ({ ...key.export({ format: "jwk" }), kid: `k${index}` }));
    const { extra_config, description } = byFile(JSON.stringify({ keys }));
    expect(JSON.parse(extra_config["jwks.string"]).keys).toMatchObject([{ kid: "k0" }, { kid: "k1" }]);
    expect(extra_config).not.toHaveProperty("token.endpoint.auth.signing.alg");
    expect(description).toBe("signs with ES256, key k0; retiring: k1");
  });

  it.each<[() => unknown, string]>([
    [() => byFile("x"), "[test/Keys] keys must hold a public key in PEM, a JWK or a JWK set"],
    [
      () => declared((stack) => SigningKeyPair.fromPublicKeyFile(stack, "Keys", "none")),
      "[test/Keys] none must hold a public key, got: no such file",
    ],
    [() => byFile("x", { algorithm: "HS256" }), "`algorithm` must be"],
    [() => byFile("x", { alg: "RS256" }), "`alg` is not an option; the options are algorithm"],
  ])("is refused, case %#", (declare, message) => {
    expect(messageOf(declare)).toContain(message);
  });
});

describe("keys at an address", () => {
  it("are fetched by Keycloak, which is told nothing else of them", () => {
    const { extra_config, description } = byUri(URI);
    expect(extra_config).toEqual({
      "token.endpoint.auth.signing.alg": "ES256",
      "jwks.url": URI,
      "use.jwks.string": "false",
      "use.jwks.url": "true",
      "tls.client.certificate.bound.access.tokens": "false",
    });
    expect(description).toBe(`signs with ES256, keys at ${URI}`);
  });

  it("may be without TLS only by a loud name", () => {
    expect(messageOf(() => byUri("http://billing/jwks"))).toContain("set `allowInsecureHttp`");
    const { extra_config } = byUri("http://billing/jwks", { algorithm: "ES256", allowInsecureHttp: true });
    expect(extra_config["jwks.url"]).toBe("http://billing/jwks");
  });

  it.each(["", "billing", "ftp://billing/", "https://u:p@billing/", "https://billing/#x", "https://billing/ x"])(
    "are refused at %j",
    (uri) => {
      expect(messageOf(() => byUri(uri))).toContain("`jwksUri` must be an https address");
    },
  );

  it("need an algorithm", () => {
    expect(messageOf(() => byUri(URI, {} as JwksUriOptions))).toContain("`algorithm` must be");
  });
});

it("a container cannot have a key whose file is not known", () => {
  const stack = newStack();
  const server = new KeycloakServer(stack, "Keycloak");
  const realm = new Realm(stack, "Realm", { server, realmName: "r" });
  const signingKey = SigningKeyPair.fromJwksUri(stack, "Keys", URI, { algorithm: "RS256" });
  const client = new SignedJwtClient(stack, "Billing", { realm, clientId: "billing", signingKey });
  expect(messageOf(() => new MachineContainer(stack, "Container", { client, server }))).toContain(
    "`client` must sign with a key whose file is here, as a SigningKeyPair has it, got: one with public keys alone",
  );
});
