// Several servers as one, in Docker Swarm: one of them may end, or be updated, while machines call each other.
//
//   deploy    ./m2m -C examples/cluster up --init-swarm
//   look      https://localhost:8443
//   take down ./m2m -C examples/cluster down --destroy-data
import { App, TerraformOutput, TerraformStack } from "cdktf";
import {
  CertificateAuthority,
  KeycloakCluster,
  MachineContainer,
  PostgresDatabase,
  PrivateLocalBackend,
  Realm,
  SignedJwtClient,
  SigningKeyPair,
  TlsCertificate,
} from "../../constructs";

const app = new App();
const stack = new TerraformStack(app, "cluster");
new PrivateLocalBackend(stack);

const authority = new CertificateAuthority(stack, "Ca", { name: "cluster-ca" });
const database = new PostgresDatabase(stack, "Database");
const server = new KeycloakCluster(stack, "Keycloak", { replicas: 2, database, tls: { authority } });
const realm = new Realm(stack, "Realm", { server, realmName: "sjwt-example", loginEventsSeconds: 86_400 });

const keyA = new SigningKeyPair(stack, "MachineAKey", { name: "machine-a" });
const a = new SignedJwtClient(stack, "MachineA", { realm, clientId: "machine-a", signingKey: keyA });

const keyB = new SigningKeyPair(stack, "MachineBKey", { name: "machine-b" });
const b = new SignedJwtClient(stack, "MachineB", { realm, clientId: "machine-b", signingKey: keyB });
b.grantCall(a);

const tlsB = new TlsCertificate(stack, "MachineBTls", { authority, name: "machine-b", usage: "server" });
const api = new MachineContainer(stack, "MachineBApi", { server, client: b, tls: tlsB });

const outputs = {
  issuer: realm.issuer,
  api: `${api.url}/api/protected`,
  connect_to: `${server.connectTo},${api.connectTo}`,
  key_files: { [a.clientId]: keyA.privateKeyFile, [b.clientId]: keyB.privateKeyFile },
  tls_files: { [a.clientId]: { ca: authority.trustFile } },
};
for (const [name, value] of Object.entries(outputs)) new TerraformOutput(stack, name, { value, staticId: true });

app.synth();
