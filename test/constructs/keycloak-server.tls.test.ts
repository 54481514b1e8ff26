// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Terraform's references look like that
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { KeycloakProvider } from "../../.gen/providers/keycloak/provider";
import {
  CertificateAuthority,
  KeycloakServer,
  type KeycloakServerProps,
  type KeycloakTls,
  PrivateLocalBackend,
  Realm,
  TlsCertificate,
} from "../../constructs";
import { findPrivateBytes } from "./private-bytes";
import { captureNotices, filesBelow, inTemporaryProject, messageOf, newStack, only, synth } from "./project";

inTemporaryProject();

type Props = Omit<KeycloakServerProps, "tls"> & { tls?: Partial<KeycloakTls> };

function declared() {
  captureNotices();
  const stack = newStack();
  new PrivateLocalBackend(stack);
  const authority = new CertificateAuthority(stack, "Ca", { name: "ca" });
  const other = new CertificateAuthority(stack, "Other", { name: "other" });
  const server = ({ tls, ...props }: Props = {}) => {
    const made = new KeycloakServer(stack, "Keycloak", { tls: { authority, ...tls }, ...props });
    new Realm(stack, "Realm", { server: made, realmName: "r" });
    return made;
  };
  const json = (props?: Props) => {
    server(props);
    return synth(stack);
  };
  return { stack, authority, other, server, json };
}

const read = (file: string) => readFileSync(file, "utf8");
const FOLDER = "/opt/keycloak/conf/tls";

describe("a server with tls", () => {
  it("serves https alone, at 8443, and says so in its addresses", () => {
    const { server, authority } = declared();
    expect(server()).toMatchObject({
      url: "https://localhost:8443",
      issuerBase: "https://keycloak:8443",
      connectTo: "keycloak:8443=127.0.0.1:8443",
      authority,
      clientCertificates: "none",
    });
  });

  it("starts with its files, reads them again, and takes TLS 1.3", () => {
    const container = only(declared().json(), "docker_container");
    expect(container.ports).toEqual([{ internal: 8443, external: 8443, ip: "127.0.0.1" }]);
    expect(container.command).toEqual([
      "start",
      "--optimized",
      "--cache=local",
      "--http-enabled=false",
      `--https-certificate-file=${FOLDER}/tls.crt`,
      `--https-certificate-key-file=${FOLDER}/tls.key`,
      "--https-protocols=TLSv1.3",
      "--https-certificates-reload-period=31s",
      "--http-management-scheme=http",
      "--hostname=https://localhost:8443",
    ]);
    const [, ...files] = container.upload;
    expect(files).toEqual([
      { source: "files/Keycloak/tls.crt", file: `${FOLDER}/tls.crt`, permissions: "0444" },
      { source: "../../../certs/keycloak-tls.key", file: `${FOLDER}/tls.key`, permissions: "0440" },
    ]);
    expect(read("cdktf.out/stacks/test/files/Keycloak/tls.crt")).toBe(read("certs/keycloak-tls.crt"));
  });

  it("takes TLS 1.2 if it is asked to", () => {
    const { command } = only(declared().json({ tls: { minimumVersion: "TLSv1.2" } }), "docker_container");
    expect(command).toContain("--https-protocols=TLSv1.3,TLSv1.2");
  });

  it("asks its clients for certificates of what its CA trusts", () => {
    const { json } = declared();
    const { command, upload } = only(json({ clientCertificates: "request" }), "docker_container");
    expect(command).toContain(`--https-trust-store-file=${FOLDER}/clients.p12`);
    expect(upload.at(-1)).toMatchObject({ source: "files/Keycloak/clients.p12", permissions: "0444" });
  });

  it("has renewed files brought when their public facts change, all of them before Keycloak sees one", () => {
    const renewal = only(declared().json({ clientCertificates: "request" }), "terraform_data");
    const store = readFileSync("cdktf.out/stacks/test/files/Keycloak/clients.p12");
    const [pem] = read("certs/keycloak-tls.crt").match(/[A-Za-z\d+/=\s]{200,}/)!;
    expect(renewal.triggers_replace).toEqual({
      certificate: createHash("sha256").update(Buffer.from(pem, "base64")).digest("base64url"),
      clients: createHash("sha256").update(store).digest("base64url"),
    });
    const commands = renewal.provisioner.map((one: Record<string, { interpreter: string[]; command: string }>) => [
      ...one["local-exec"]!.interpreter,
      one["local-exec"]!.command,
    ]);
    expect(commands).toEqual([
      ["docker", "cp", "-L", "files/Keycloak/tls.crt", `keycloak:${FOLDER}/.tls.crt`],
      ["docker", "cp", "-L", "../../../certs/keycloak-tls.key", `keycloak:${FOLDER}/.tls.key`],
      ["docker", "cp", "-L", "files/Keycloak/clients.p12", `keycloak:${FOLDER}/.clients.p12`],
      [
        ...["docker", "exec", "--user", "0", "keycloak", "sh", "-c"],
        `cd ${FOLDER} && chmod 0444 .tls.crt && chmod 0440 .tls.key && chmod 0444 .clients.p12 && mv .tls.crt tls.crt && mv .tls.key tls.key && mv .clients.p12 clients.p12`,
      ],
    ]);
    expect(renewal.depends_on).toEqual([expect.stringMatching(/^docker_container\.Keycloak_Container_/)]);
  });

  it("has Terraform read CA, certificate and key from their files", () => {
    const { provider } = declared().json({ clientCertificates: "required" });
    expect(provider.keycloak).toEqual([
      expect.objectContaining({
        url: "https://localhost:8443",
        root_ca_certificate: '${file("../../../certs/ca.trust.crt")}',
        tls_client_certificate: '${file("../../../certs/keycloak-terraform-tls.crt")}',
        tls_client_private_key: '${file("../../../certs/keycloak-terraform-tls.key")}',
      }),
    ]);
  });

  it("leaves no private bytes and no absolute path in what is synthesized", () => {
    declared().json({ clientCertificates: "required" });
    const keys = filesBelow("certs").filter((file) => file.endsWith(".key"));
    expect(keys).toHaveLength(4);
    for (const file of filesBelow("cdktf.out")) {
      const text = readFileSync(file, "latin1");
      for (const key of keys) expect(findPrivateBytes(read(key), text), `${key} in ${file}`).toBeUndefined();
      expect(text.includes(process.cwd()), file).toBe(false);
    }
  });
});

describe("a server refuses", () => {
  it.each<[string, (made: ReturnType<typeof declared>) => Props, string]>([
    ["another version", () => ({ tls: { minimumVersion: "SSLv3" as never } }), 'must be "TLSv1.3" or "TLSv1.2"'],
    ["no CA", () => ({ tls: { authority: undefined } }), "`tls` must have an `authority` or a `certificate`"],
    ["an option that there is not", () => ({ tls: { cert: 1 } as never }), "`cert` is not an option"],
    ["other client certificates", () => ({ clientCertificates: "some" as never }), '"none", "request" or "required"'],
    [
      "a certificate that machines cannot use",
      ({ stack, authority }) => ({
        tls: {
          certificate: new TlsCertificate(stack, "T", {
            authority,
            name: "t",
            usage: "server",
            dnsNames: ["keycloak.example.org", "localhost"],
          }),
        },
      }),
      "`tls.certificate` must be for keycloak, as machines reach the server, and localhost, as Terraform and browsers do, got: one that is not for keycloak",
    ],
    [
      "a client's certificate",
      ({ stack, authority }) => ({
        tls: { certificate: new TlsCertificate(stack, "T", { authority, name: "t", usage: "client" }) },
      }),
      '`tls.certificate` must be of usage "server" or "peer", got: "client"',
    ],
    [
      "a server's certificate for Terraform",
      ({ stack, authority }) => ({
        clientCertificates: "required",
        tls: { terraformCertificate: new TlsCertificate(stack, "T", { authority, name: "t", usage: "server" }) },
      }),
      '`tls.terraformCertificate` must be of usage "client" or "peer", got: "server"',
    ],
    [
      "one of another CA for Terraform",
      ({ stack, other }) => ({
        clientCertificates: "required",
        tls: {
          terraformCertificate: new TlsCertificate(stack, "T", { authority: other, name: "t", usage: "client" }),
        },
      }),
      "`tls.terraformCertificate` must be of a CA that the server trusts",
    ],
    [
      "a provider without a certificate where one is required",
      ({ stack }) => ({
        clientCertificates: "required",
        provider: new KeycloakProvider(stack, "Own", { alias: "own", url: "https://localhost:8443" }),
      }),
      '`provider` must have a `tlsClientCertificate` where `clientCertificates` is "required", got: one without',
    ],
  ])("%s", (_what, props, message) => {
    const made = declared();
    const given = props(made);
    expect(messageOf(() => made.server(given))).toContain(message);
  });

  it("client certificates without tls", () => {
    const props = { clientCertificates: "required" } as const;
    expect(messageOf(() => new KeycloakServer(newStack(), "Keycloak", props))).toMatch(/`clientCertificates` needs/);
  });

  it("https beside plain http, by address", () => {
    const from = (attributes: Parameters<typeof KeycloakServer.fromUrl>[2]) =>
      messageOf(() => KeycloakServer.fromUrl(newStack(), "K", attributes));
    expect(from({ url: "https://sso.example", issuerBase: "http://sso.example" })).toContain(
      "`issuerBase` must be https beside an https `url`, got: http://sso.example; tokens and keys would travel in plain text",
    );
    const { authority } = declared();
    expect(from({ url: "http://sso.example", authority })).toContain(
      "`authority` and `terraformCertificate` need an https `url`, got: http://sso.example",
    );
  });

  it("nothing of a CA alongside", () => {
    const { stack, other } = declared();
    const authority = new CertificateAuthority(stack, "Next", { name: "next", alongside: [other] });
    const terraformCertificate = new TlsCertificate(stack, "T", { authority: other, name: "t", usage: "client" });
    const props = { tls: { authority, terraformCertificate }, clientCertificates: "required" } as const;
    expect(new KeycloakServer(stack, "Keycloak", props).url).toBe("https://localhost:8443");
  });
});
