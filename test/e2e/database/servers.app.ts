// Two servers on a database that exists: one that speaks https itself, and one behind a proxy that does.
import { App, TerraformOutput, TerraformStack } from "cdktf";
import {
  CertificateAuthority,
  KeycloakServer,
  PostgresDatabase,
  PrivateLocalBackend,
  Realm,
  SignedJwtClient,
  SigningKeyPair,
  TlsCertificate,
} from "../../../constructs";

const app = new App();
const stack = new TerraformStack(app, "elsewhere");
new PrivateLocalBackend(stack);
const { at, proxiedPort } = app.node.getContext("test");
const authority = new CertificateAuthority(stack, "Ca", { name: "sso-ca" });
const database = (name: string) =>
  PostgresDatabase.fromUrl(stack, `Database-${name}`, {
    url: `postgresql://${name}@${at}/${name}`,
    passwordFile: "database.password",
    caFile: "elsewhere/db-ca.crt",
  });

const direct = new KeycloakServer(stack, "Direct", {
  mode: "production",
  database: database("direct"),
  tls: { authority },
  publicUrl: "https://direct.example.test",
});
const proxied = new KeycloakServer(stack, "Proxied", {
  mode: "production",
  database: database("proxied"),
  containerName: `${direct.containerName}-proxied`,
  port: proxiedPort,
  plainHttpBehindProxy: "xforwarded",
  publicUrl: "https://proxied.example.test",
});
new TlsCertificate(stack, "ProxyTls", {
  authority,
  name: "proxy",
  usage: "server",
  dnsNames: ["proxied.example.test"],
});

const keyFiles: Record<string, string> = {};
for (const [name, server] of Object.entries({ direct, proxied })) {
  const realm = new Realm(stack, `Realm-${name}`, { server, realmName: name, loginEventsSeconds: 3600 });
  const signingKey = new SigningKeyPair(stack, `Key-${name}`, { name });
  new SignedJwtClient(stack, `Client-${name}`, { realm, clientId: name, signingKey });
  keyFiles[name] = signingKey.privateKeyFile;
}
const outputs = {
  issuer: "https://direct.example.test/realms/direct",
  connect_to: direct.connectTo,
  key_files: keyFiles,
  tls_files: { direct: { ca: authority.trustFile } },
};
for (const [name, value] of Object.entries(outputs)) new TerraformOutput(stack, name, { value, staticId: true });

app.synth();
