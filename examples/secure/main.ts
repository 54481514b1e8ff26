// The article's environment over https: mutual TLS, and tokens that only their owner can use.
//
//   deploy    ./m2m -C examples/secure up
//   look      https://localhost:8443 asks for a client certificate; so does https://localhost:3000/api/protected
//   take down ./m2m -C examples/secure down
import { App, TerraformOutput, TerraformStack } from "cdktf";
import {
  CertificateAuthority,
  KeycloakServer,
  MachineContainer,
  PrivateLocalBackend,
  Realm,
  SignedJwtClient,
  SigningKeyPair,
  TlsCertificate,
} from "../../constructs";

const app = new App();
const stack = new TerraformStack(app, "secure");
new PrivateLocalBackend(stack);

const authority = new CertificateAuthority(stack, "Ca", { name: "m2m-ca" });
const server = new KeycloakServer(stack, "Keycloak", { tls: { authority }, clientCertificates: "required" });
const realm = new Realm(stack, "Realm", { server, realmName: "sjwt-example", loginEventsSeconds: 86_400 });

const keyA = new SigningKeyPair(stack, "MachineAKey", { name: "machine-a" });
const tlsA = new TlsCertificate(stack, "MachineATls", { authority, name: "machine-a", usage: "client" });
const a = new SignedJwtClient(stack, "MachineA", {
  realm,
  clientId: "machine-a",
  signingKey: keyA,
  boundTo: tlsA,
});

const keyB = new SigningKeyPair(stack, "MachineBKey", { name: "machine-b" });
const tlsB = new TlsCertificate(stack, "MachineBTls", { authority, name: "machine-b", usage: "peer" });
const b = new SignedJwtClient(stack, "MachineB", { realm, clientId: "machine-b", signingKey: keyB });
b.grantCall(a);

const api = new MachineContainer(stack, "MachineBApi", {
  server,
  client: b,
  tls: tlsB,
  clientCertificates: "required",
});

const outputs = {
  issuer: realm.issuer,
  api: `${api.url}/api/protected`,
  connect_to: `${server.connectTo},${api.connectTo}`,
  key_files: { [a.clientId]: keyA.privateKeyFile, [b.clientId]: keyB.privateKeyFile },
  tls_files: { [a.clientId]: tlsA.files, [b.clientId]: tlsB.files },
};
for (const [name, value] of Object.entries(outputs)) new TerraformOutput(stack, name, { value, staticId: true });

app.synth();
