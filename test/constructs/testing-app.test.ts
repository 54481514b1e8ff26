import { createHash, X509Certificate } from "node:crypto";
import { mkdirSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { TerraformStack, Testing } from "cdktf";
import { describe, expect, it, vi } from "vitest";
import {
  CertificateAuthority,
  DeployerClient,
  KeycloakServer,
  MachineContainer,
  Monitoring,
  PrivateLocalBackend,
  ProtectedApi,
  Realm,
  SignedJwtClient,
  type SigningAlgorithm,
  SigningKeyPair,
  TlsCertificate,
  testingApp,
} from "../../constructs";
import { SIGNING_ALGORITHMS } from "../../constructs/keys/algorithms";
import { captureNotices, inTemporaryProject, messageOf, newApp, writeProjectFile } from "./project";

inTemporaryProject();

/** A stack with everything that has files. */
class Everything extends TerraformStack {
  constructor(scope: ConstructorParameters<typeof TerraformStack>[0], id: string) {
    super(scope, id);
    new PrivateLocalBackend(this);
    const root = new CertificateAuthority(this, "Root", { name: "root" });
    const authority = new CertificateAuthority(this, "Ca", { name: "ca", authority: root, keyAlgorithm: "RSA-2048" });
    const certificate = new TlsCertificate(this, "Tls", { authority, name: "keycloak", usage: "server" });
    const server = new KeycloakServer(this, "Keycloak", {
      tls: { authority, certificate },
      clientCertificates: "request",
    });
    const realm = new Realm(this, "Realm", { server, realmName: "machines" });
    const key = (name: string, algorithm: SigningAlgorithm) =>
      new SigningKeyPair(this, `${name}Key`, { name, algorithm });
    new DeployerClient(this, "Deployer", { server, realms: [realm], signingKey: key("terraform", "ES256") });
    const client = new SignedJwtClient(this, "Shop", { realm, clientId: "shop", signingKey: key("shop", "EdDSA") });
    const billing = new SignedJwtClient(this, "Billing", {
      realm,
      clientId: "billing",
      signingKey: key("billing", "RS256"),
    });
    new ProtectedApi(this, "Api", { realm, client: billing }).grant(client);
    const tls = new TlsCertificate(this, "BillingTls", { authority, name: "billing", usage: "peer" });
    new MachineContainer(this, "BillingContainer", { client: billing, server, tls, metrics: true });
    new Monitoring(this, "Monitoring", { server });
  }
}

const json = (stack: TerraformStack) => Testing.synth(stack, true);
const everything = () => json(new Everything(testingApp(), "m2m"));

describe("an app for tests", () => {
  it("leaves nothing behind, neither in the project nor among temporary files, and says nothing", () => {
    const notices = captureNotices();
    mkdirSync("tmp");
    vi.stubEnv("TMPDIR", resolve("tmp"));
    everything();
    expect(readdirSync(".", { recursive: true })).toEqual(["cdktf.json", "tmp"]);
    expect(notices).toEqual([]);
  });

  it("gives the same JSON in every run, whatever is on the machine and in its environment", () => {
    const first = everything();
    writeProjectFile(
      ".m2m/sources.json",
      JSON.stringify({ keycloakImage: "x", machineImage: "y", keycloakProvider: "z" }),
    );
    writeProjectFile("certs/shop-signing.crt", "of somebody else");
    writeProjectFile("certs/billing-signing.key", "of somebody else");
    writeProjectFile("terraform.m2m.tfstate", "{}");
    for (const name of ["CI", "M2M_REISSUE_CERTIFICATES", "M2M_SWITCHES_KEYS"]) vi.stubEnv(name, "true");
    vi.stubEnv("M2M_CREATE_KEYS", "false");
    vi.stubEnv("KEYCLOAK_PASSWORD", "another");
    mkdirSync("deep/down", { recursive: true });
    process.chdir("deep/down");
    expect(everything()).toBe(first);
    expect(first).not.toContain(tmpdir());
  });

  it("gives the keys that they were in the last release", () => {
    const stack = new TerraformStack(testingApp(), "m2m");
    const kids = SIGNING_ALGORITHMS.map((algorithm) => {
      return [algorithm, new SigningKeyPair(stack, algorithm, { name: algorithm, algorithm }).certificatePem];
    });
    const hash = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 16);
    expect(Object.fromEntries(kids.map(([algorithm, pem]) => [algorithm, hash(pem!)]))).toMatchInlineSnapshot(`
      {
        "ES256": "bfdd64b492b46c34",
        "ES384": "188cb98c69c76ad7",
        "ES512": "21c89b62058268c9",
        "EdDSA": "4877c54b4aec80bf",
        "PS256": "15980044fbcbc006",
        "PS384": "fd354c393f3e1fe9",
        "PS512": "f51e2eeb05571466",
        "RS256": "03835c7cdf971709",
        "RS384": "b8b5d0290d265462",
        "RS512": "39364d08b4e03e18",
      }
    `);
  });

  it("gives each pair a key of its own, of the size that is asked for", () => {
    const stack = new TerraformStack(testingApp(), "m2m");
    const one = new SigningKeyPair(stack, "One", { name: "one", rsaBits: 2049, validityDays: 30 });
    const same = new SigningKeyPair(new TerraformStack(testingApp(), "m2m"), "Same", { name: "one", rsaBits: 2049 });
    const others = [
      new SigningKeyPair(stack, "Two", { name: "two", rsaBits: 2049 }),
      new SigningKeyPair(stack, "Elsewhere", { name: "one", rsaBits: 2049, directory: "more" }),
    ];
    expect(new X509Certificate(one.certificatePem).publicKey.asymmetricKeyDetails?.modulusLength).toBe(2049);
    expect(one.notAfter).toEqual(new Date("2100-01-31T00:00:00Z"));
    expect(same.kid).toBe(one.kid);
    expect(new Set([one, ...others].map(({ kid }) => kid)).size).toBe(3);
  });

  it("marks each certificate as one for tests, which nobody signed", () => {
    const stack = new TerraformStack(testingApp(), "m2m");
    const { certificatePem } = new SigningKeyPair(stack, "Key", { name: "press" });
    const certificate = new X509Certificate(certificatePem);
    expect(certificate.subject).toBe("CN=press");
    expect(certificate.issuer).toBe("CN=FOR UNIT TESTS ONLY: nobody has this key");
    expect(certificate.verify(certificate.publicKey)).toBe(false);
  });

  it("still refuses what a deploy would refuse", () => {
    const stack = new TerraformStack(testingApp(), "m2m");
    expect(messageOf(() => new SigningKeyPair(stack, "Key", { name: "a/b" }))).toContain("`name` must be");
    const ca = new CertificateAuthority(stack, "Ca", { name: "ca", permittedDnsNames: ["example.com"] });
    const misnamed = () => new TlsCertificate(stack, "Tls", { authority: ca, name: "x", usage: "server" });
    expect(messageOf(misnamed)).toContain("must be names that the CA may issue for");
  });

  it("cannot be deployed", () => {
    const app = testingApp();
    new TerraformStack(app, "m2m");
    expect(messageOf(() => app.synth())).toBe(
      "[app] an app of `testingApp` must not be deployed, as nobody has its keys, got: a call of `app.synth()`; use `new App()` in the program of `cdktf.json`, and `Testing.synth(stack)` in tests",
    );
  });

  it("passes on cdktf's own options", () => {
    const app = testingApp({ context: { "m2m:machineName": "x" }, stubVersion: true });
    expect(app.node.tryGetContext("m2m:machineName")).toBe("x");
    expect(app.node.tryGetContext("cdktfVersion")).toBe("stubbed");
  });
});

it("an app beside it makes real keys", () => {
  captureNotices();
  testingApp();
  new SigningKeyPair(new TerraformStack(newApp(), "m2m"), "Key", { name: "press", algorithm: "ES256" });
  expect(readdirSync("certs").sort()).toEqual(["press-signing.crt", "press-signing.key"]);
});
