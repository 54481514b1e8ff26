// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what Terraform would read
import { X509Certificate } from "node:crypto";
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Annotations, type TerraformStack } from "cdktf";
import { describe, expect, it, vi } from "vitest";
import {
  CertificateAuthority,
  type CertificateAuthorityProps,
  type ICertificateAuthority,
  KeycloakServer,
  PrivateLocalBackend,
  Realm,
  SigningKeyPair,
  TlsCertificate,
  type TlsCertificateProps,
} from "../../constructs";
import { printPrivateKey } from "../../constructs/keys/private-key";
import { newKey, openssl } from "./certificates/made";
import { captureNotices, inTemporaryProject, makeProject, manifestOf, messageOf, newStack, synth } from "./project";

inTemporaryProject();

const ca = (stack: TerraformStack, name = "ca", props: Partial<CertificateAuthorityProps> = {}) =>
  new CertificateAuthority(stack, `Ca-${name}`, { name, ...props });
const tls = (authority: ICertificateAuthority, props: Partial<TlsCertificateProps> = {}, id = "Api") =>
  new TlsCertificate((authority as CertificateAuthority).node.scope!, id, {
    authority,
    name: "api",
    usage: "server",
    ...props,
  });
const stackOf = () => {
  captureNotices();
  return newStack();
};
const read = (file: string) => readFileSync(file, "utf8");

describe("a file holds one thing:", () => {
  it.each<[string, (stack: TerraformStack) => unknown, string]>([
    [
      "a certificate x and a CA x-tls",
      (stack) => [tls(ca(stack)), ca(stack, "api-tls")],
      "certs/api-tls.crt must hold one thing, got: a server certificate for 127.0.0.1, ::1, api, localhost by the CA of certs/ca.trust.crt, and the certificate of a root CA; choose another `name` or `directory` for one",
    ],
    [
      "a pair x and a CA x-signing",
      (stack) => [new SigningKeyPair(stack, "Key", { name: "x", algorithm: "EdDSA" }), ca(stack, "x-signing")],
      "certs/x-signing.crt must hold one thing, got: the certificate of a signing key, and the certificate of a root CA",
    ],
    [
      "two certificates of one name and different usages",
      (stack) => {
        const authority = ca(stack);
        return [tls(authority), tls(authority, { usage: "client" }, "Client")];
      },
      "by the CA of certs/ca.trust.crt, and a client certificate by the CA of certs/ca.trust.crt",
    ],
    [
      "what a CA trusts, and a CA that is called so",
      (stack) => [ca(stack, "a.trust"), ca(stack, "a")],
      "certs/a.trust.crt must hold one thing, got: the certificate of a root CA, and a list of 1 trusted",
    ],
  ])("%s are refused", (_what, declare, message) => {
    const stack = stackOf();
    expect(messageOf(() => declare(stack))).toContain(message);
  });

  it("the same certificate may be declared twice, and a CA and a certificate have one name", () => {
    const stack = stackOf();
    const authority = ca(stack, "api");
    const [one, two] = [tls(authority), tls(authority, { dnsNames: ["localhost", "api"] }, "Again")];
    expect(one.thumbprint).toBe(two.thumbprint);
  });

  it("servers of one stack, and in constructs of one's own, have one each", () => {
    const stack = stackOf();
    const authority = ca(stack);
    const one = new KeycloakServer(stack, "One", { tls: { authority }, containerName: "one", port: 9001 });
    new KeycloakServer(one, "Two", { tls: { authority }, containerName: "two", port: 9002 });
    const uploaded = Object.values(synth(stack).resource.docker_container!).map(({ upload }) =>
      upload.map(({ source }: { source: string }) => source).filter((source: string) => source.includes("tls")),
    );
    expect(uploaded).toEqual([
      ["files/One/tls.crt", "../../../certs/one-tls.key"],
      ["files/One.Two/tls.crt", "../../../certs/two-tls.key"],
    ]);
  });
});

describe("files of others", () => {
  /** As certbot has them: links into another folder. */
  function certbot() {
    tls(ca(stackOf()));
    mkdirSync("live");
    symlinkSync("../certs/api-tls.crt", "live/fullchain.pem");
    symlinkSync("../certs/api-tls.key", "live/privkey.pem");
    symlinkSync("../certs/ca.crt", "live/root.pem");
    symlinkSync("../certs/ca.key", "live/root.key");
    const stack = stackOf();
    const authority = CertificateAuthority.fromFiles(stack, "Ca", {
      certificateFile: "live/root.pem",
      privateKeyFile: "live/root.key",
    });
    return { stack, authority };
  }
  const given = { certificateFile: "live/fullchain.pem", privateKeyFile: "live/privkey.pem", usage: "server" } as const;

  it("may be links, certificates and keys", () => {
    const { stack, authority } = certbot();
    const { files, certificatePem } = TlsCertificate.fromFiles(stack, "Api", { ...given, authority });
    expect(files).toEqual({ ca: "live/root.trust.crt", certificate: given.certificateFile, key: given.privateKeyFile });
    expect(certificatePem).toBe(read("certs/api-tls.crt"));
    new TlsCertificate(stack, "Issued", { authority, name: "issued", usage: "client" });
    expect(openssl(["verify", "-CAfile", "live/root.trust.crt", "certs/issued-tls.crt"])).toContain("OK");
  });

  it("are held together through links, too", () => {
    const { stack, authority } = certbot();
    writeFileSync("certs/api-tls.key", read("certs/ca.key"));
    const files = { ...given, authority };
    expect(messageOf(() => TlsCertificate.fromFiles(stack, "Api", files))).toContain(
      "live/fullchain.pem must certify the key in ",
    );
  });

  it("that are keys with a passphrase are refused, with the command to run", () => {
    const { stack, authority } = certbot();
    writeFileSync("certs/api-tls.key", printPrivateKey(newKey(), "secret"));
    expect(messageOf(() => TlsCertificate.fromFiles(stack, "Api", { ...given, authority }))).toContain(
      "must hold a key for TLS without a passphrase, got: an encrypted one; decrypt it (openssl pkey",
    );
  });

  it("that are a CA's key which others may read are warned of", () => {
    const { stack } = certbot();
    chmodSync("certs/ca.key", 0o644);
    const again = newStack();
    const files = { certificateFile: "certs/ca.crt", privateKeyFile: "certs/ca.key" };
    CertificateAuthority.fromFiles(again, "Ca", files);
    Annotations.of(stack).addInfo("the other stack is not looked at");
    synth(again);
    expect(JSON.stringify(manifestOf(again))).toContain("others than its owner may use certs/ca.key (mode 0644)");
  });

  it.each(["ED25519", "RSA -pkeyopt rsa_keygen_bits:2048", "EC -pkeyopt ec_paramgen_curve:P-521"])(
    "may be a CA of %s, which issues",
    (algorithm) => {
      openssl(["genpkey", "-algorithm", ...algorithm.split(" "), "-out", "own.key"]);
      chmodSync("own.key", 0o600);
      const subject = ["-subj", "/O=Company/CN=Root", "-days", "30", "-addext", "keyUsage=critical,keyCertSign"];
      openssl(["req", "-x509", "-key", "own.key", "-out", "own.pem", ...subject]);
      const stack = stackOf();
      const files = { certificateFile: "own.pem", privateKeyFile: "own.key" };
      const authority = CertificateAuthority.fromFiles(stack, "Ca", files);
      tls(authority);
      const args = ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "own.trust.crt"];
      expect(openssl([...args, "certs/api-tls.crt"])).toContain("OK");
      const { validFrom } = new X509Certificate(read("own.pem"));
      expect(new X509Certificate(read("certs/api-tls.crt")).validFrom).toBe(validFrom); // not before its CA
    },
  );

  it("may not be a CA of RSA-PSS, whose key signs nothing here", () => {
    openssl(["genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "own.key"]);
    openssl(["req", "-x509", "-key", "own.key", "-out", "own.pem", "-subj", "/CN=Root", "-days", "30"]);
    const trusted = CertificateAuthority.fromFiles(stackOf(), "Ca", { certificateFile: "own.pem" });
    expect(trusted.trustedPem).toBe(read("own.pem"));
    const files = { certificateFile: "own.pem", privateKeyFile: "own.key" };
    expect(messageOf(() => CertificateAuthority.fromFiles(newStack(), "Ca", files))).toMatch(
      /own\.key must hold an RSA, P-256, P-384, P-521 or Ed25519 key, got: rsa-pss/,
    );
  });
});

describe("a CA", () => {
  it("whose certificate has ended issues nothing, and no key is made", () => {
    const stack = stackOf();
    ca(stack, "ca", { validityDays: 1 });
    vi.useFakeTimers({ now: Date.now() + 2 * 86_400_000, toFake: ["Date"] });
    const message = messageOf(() => tls(ca(stackOf())));
    vi.useRealTimers();
    expect(message).toMatch(
      /\[test\/Api\] certs\/api-tls\.crt cannot be issued, as the certificate of the CA has ended on .*, got: CN=ca; renew that one first/,
    );
    expect(messageOf(() => read("certs/api-tls.key"))).toContain("ENOENT");
  });

  it("that was swapped is noticed by what the former one issued", () => {
    tls(ca(stackOf()));
    rmSync("certs/ca.crt");
    rmSync("certs/ca.key");
    expect(messageOf(() => tls(ca(stackOf())))).toContain("certs/api-tls.crt must be issued by its `authority`");
    vi.stubEnv("M2M_REISSUE_CERTIFICATES", "true");
    tls(ca(stackOf()));
    expect(openssl(["verify", "-CAfile", "certs/ca.trust.crt", "certs/api-tls.crt"])).toContain("OK");
  });

  it("permits names without a star", () => {
    expect(messageOf(() => ca(stackOf(), "ca", { permittedDnsNames: ["*.example.org"] }))).toContain(
      "`permittedDnsNames` must be without a star: all names below are meant too",
    );
  });
});

describe("places", () => {
  it("of a key and of absolute folders are as declared, and a second checkout gives the same JSON", () => {
    const declare = (stack: TerraformStack) => {
      const authority = ca(stack, "ca", { privateKeyDirectory: "secrets" });
      tls(authority, { directory: "tls/${x}", privateKeyDirectory: "%{y}" }); // what Terraform would read
      const server = new KeycloakServer(stack, "Keycloak", { tls: { authority }, clientCertificates: "required" });
      new Realm(stack, "Realm", { server, realmName: "r" });
      new PrivateLocalBackend(stack);
      return JSON.stringify(synth(stack));
    };
    const first = declare(stackOf());
    const here = process.cwd();
    expect(read("secrets/ca.key")).toContain("BEGIN PRIVATE KEY");
    expect(read("%{y}/api-tls.key")).toContain("BEGIN PRIVATE KEY");
    expect(first).not.toContain(here);
    const elsewhere = makeProject();
    for (const folder of ["certs", "tls"]) cpSync(folder, join(elsewhere, folder), { recursive: true });
    for (const name of ["ca.key", "keycloak-tls.key", "keycloak-terraform-tls.key"]) {
      rmSync(join(elsewhere, "certs", name), { force: true });
    }
    process.chdir(elsewhere);
    vi.stubEnv("CI", "true");
    expect(declare(stackOf())).toBe(first);
    process.chdir(here);
    rmSync(elsewhere, { recursive: true });
  });

  it("of one with Terraform's characters reach Terraform as they are", () => {
    const stack = stackOf();
    const authority = ca(stack, "ca", { directory: "${x}" });
    const certificate = tls(authority, { dnsNames: ["keycloak", "localhost"], directory: "${x}" });
    const server = new KeycloakServer(stack, "Keycloak", { tls: { certificate } });
    new Realm(stack, "Realm", { server, realmName: "r" });
    const text = JSON.stringify({ ...synth(stack), "//": undefined });
    expect(text).toContain("$${x}/ca.trust.crt");
    expect(text).toContain("$${x}/api-tls.key");
    expect(text).not.toMatch(/[^$]\$\{x\}/);
  });
});
