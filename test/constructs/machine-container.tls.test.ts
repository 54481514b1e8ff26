import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  CertificateAuthority,
  type ClientCertificates,
  KeycloakServer,
  MachineContainer,
  type MachineContainerProps,
  PrivateLocalBackend,
  Realm,
  SignedJwtClient,
  TlsCertificate,
  type TlsCertificateProps,
} from "../../constructs";
import { openssl } from "./certificates/made";
import { findPrivateBytes } from "./private-bytes";
import { captureNotices, filesBelow, fixedKey, inTemporaryProject, messageOf, newStack, synth } from "./project";

inTemporaryProject();

const read = (file: string) => readFileSync(file, "utf8");

function declared(clientCertificates: ClientCertificates = "request") {
  captureNotices();
  const stack = newStack();
  new PrivateLocalBackend(stack);
  writeFileSync("own.cjs", "");
  const authority = new CertificateAuthority(stack, "Ca", { name: "ca" });
  const other = new CertificateAuthority(stack, "Other", { name: "other" });
  const server = new KeycloakServer(stack, "Keycloak", { tls: { authority }, clientCertificates });
  const realm = new Realm(stack, "Realm", { server, realmName: "r" });
  const api = new SignedJwtClient(stack, "Api", { realm, clientId: "api", signingKey: fixedKey(stack, "machine-b") });
  const certificate = (props: Partial<TlsCertificateProps> = {}) =>
    new TlsCertificate(stack, `Tls-${props.name ?? "api"}`, { authority, name: "api", usage: "peer", ...props });
  const machine = (props: Partial<MachineContainerProps>) =>
    new MachineContainer(stack, "Machine", { client: api, server, program: "own.cjs", ...props });
  const caller = (boundTo: TlsCertificate | ReturnType<typeof TlsCertificate.fromFiles>) =>
    new SignedJwtClient(stack, "Press", {
      realm,
      clientId: "a=b,c",
      signingKey: fixedKey(stack, "machine-a"),
      boundTo,
    });
  const parts = () => {
    const { resource } = synth(stack);
    const named = (type: string) => Object.entries(resource[type]!).find(([name]) => name.startsWith("Machine_"))?.[1];
    return { container: named("docker_container"), renewal: named("terraform_data") };
  };
  return { stack, other, api, certificate, machine, caller, parts };
}

describe("a machine in a container", () => {
  it("serves https with its certificate, and is told where the files are", () => {
    const { machine, certificate, parts } = declared();
    expect(machine({ tls: certificate() }).url).toBe("https://api:3000");
    const { container } = parts();
    expect(container.env).toEqual(
      expect.arrayContaining([
        "TLS_CA_FILE=/run/machine/ca.crt",
        "TLS_CERTIFICATE_FILE=/run/machine/tls.crt",
        "TLS_KEY_FILE=/run/machine/tls.key",
        "ALLOW_INSECURE_HTTP=false",
      ]),
    );
    expect(container.upload.slice(2)).toEqual([
      { source: "files/Machine/ca.crt", file: "/run/machine/ca.crt", permissions: "0444" },
      { source: "files/Machine/tls.crt", file: "/run/machine/tls.crt", permissions: "0444" },
      { source: "../../../certs/api-tls.key", file: "/run/machine/tls.key", permissions: "0440" },
    ]);
    expect(read("cdktf.out/stacks/test/files/Machine/ca.crt")).toBe(read("certs/ca.trust.crt"));
  });

  it("has renewed files brought when certificate or CA change", () => {
    const { machine, certificate, parts } = declared();
    const tls = certificate();
    machine({ tls });
    const trusted = createHash("sha256").update(read("certs/ca.trust.crt")).digest("base64url");
    const { renewal } = parts();
    expect(renewal.triggers_replace).toEqual({ certificate: tls.thumbprint, trusted });
    expect(renewal.provisioner.map((one: Record<string, { command: string }>) => one["local-exec"]!.command)).toEqual([
      "api:/run/machine/.ca.crt",
      "api:/run/machine/.tls.crt",
      "api:/run/machine/.tls.key",
      "cd /run/machine && chmod 0444 .ca.crt && chmod 0444 .tls.crt && chmod 0440 .tls.key && mv .ca.crt ca.crt && mv .tls.crt tls.crt && mv .tls.key tls.key",
    ]);
  });

  it("with a client's certificate calls by it and serves plain http", () => {
    const { machine, certificate, parts } = declared("required");
    expect(machine({ tls: certificate({ usage: "client" }) }).url).toBe("http://api:3000");
    expect(parts().container.env).toContain("SERVE_HTTPS=false");
  });

  it("trusts the CA of its server without a certificate of its own", () => {
    const { machine, parts } = declared();
    machine({});
    const { container, renewal } = parts();
    expect(container.env.filter((one: string) => one.startsWith("TLS_"))).toEqual(["TLS_CA_FILE=/run/machine/ca.crt"]);
    expect(Object.keys(renewal.triggers_replace)).toEqual(["trusted"]);
  });

  it("is told the certificate of each caller, whatever the client is called", () => {
    const { machine, certificate, caller, api, parts } = declared();
    machine({ tls: certificate(), clientCertificates: "required" });
    api.grantCall(caller(certificate({ name: "press", usage: "client" })));
    expect(parts().container.env).toEqual(
      expect.arrayContaining(["CLIENT_CERTIFICATES=required", "CALLER_CERTIFICATES=a%3Db%2Cc=press"]),
    );
  });

  it("leaves no private bytes in what is synthesized", () => {
    const { machine, certificate, parts } = declared();
    machine({ tls: certificate() });
    parts();
    const keys = filesBelow("certs").filter((file) => file.endsWith("-tls.key"));
    expect(keys).toHaveLength(2);
    for (const file of filesBelow("cdktf.out")) {
      for (const key of keys) expect(findPrivateBytes(read(key), readFileSync(file, "latin1")), file).toBeUndefined();
    }
  });
});

describe("refused are", () => {
  type Made = ReturnType<typeof declared>;
  it.each<[string, (made: Made) => unknown, string, ClientCertificates?]>([
    [
      "client certificates without a served one",
      ({ machine }) => machine({ clientCertificates: "request" }),
      '`clientCertificates` needs `tls` of usage "server" or "peer"; declare it',
    ],
    [
      "another word for them",
      ({ machine }) => machine({ clientCertificates: "some" as never }),
      '`clientCertificates` must be "none", "request" or "required"',
    ],
    [
      "a certificate for another host",
      ({ machine, certificate }) => machine({ tls: certificate({ dnsNames: ["api.example.org"] }) }),
      "`tls` must be for api, as callers reach the machine; add it to its `dnsNames`",
    ],
    [
      "a server's where Keycloak requires a client's",
      ({ machine, certificate }) => machine({ tls: certificate({ usage: "server" }) }),
      '`tls` must be of usage "client" or "peer" where the server requires client certificates, got: "server"',
      "required",
    ],
    [
      "none where Keycloak requires one",
      ({ machine }) => machine({}),
      "where the server requires client certificates, got: none",
      "required",
    ],
    [
      "one of another CA",
      ({ machine, certificate, other }) => machine({ tls: certificate({ authority: other }) }),
      "`tls` must be of a CA that the server trusts, got: one of another",
    ],
    [
      "a binding to one of another CA",
      ({ caller, certificate, other }) => caller(certificate({ authority: other, usage: "client" })),
      "`boundTo` must be of a CA that the server trusts, got: one of another",
    ],
    [
      "a binding to a server's",
      ({ caller, certificate }) => caller(certificate({ usage: "server" })),
      '`boundTo` must be of usage "client" or "peer", got: "server"',
    ],
    [
      "a binding where nobody is asked for one",
      ({ caller, certificate }) => caller(certificate()),
      "`boundTo` a certificate needs a server that asks for one",
      "none",
    ],
  ])("%s", (_what, declare, message, asked) => {
    const made = declared(asked);
    expect(messageOf(() => declare(made))).toContain(message);
  });

  it("a binding to a common name that would be two entries in the list of callers", () => {
    const { stack, other, caller } = declared();
    openssl([
      "req",
      "-new",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      "x.key",
      "-subj",
      "/CN=a,admin=b",
      "-out",
      "x.csr",
    ]);
    openssl(["x509", "-req", "-in", "x.csr", "-CA", "certs/ca.crt", "-CAkey", "certs/ca.key", "-out", "x.crt"]);
    const authority = stack.node.findChild("Ca") as typeof other;
    const files = { certificateFile: "x.crt", privateKeyFile: "x.key", authority, usage: "client" } as const;
    expect(messageOf(() => caller(TlsCertificate.fromFiles(stack, "X", files)))).toMatch(
      /`boundTo` must be a certificate whose common name is not empty and has no comma, got: "a.*,admin=b"/,
    );
  });
});
