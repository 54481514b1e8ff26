// What a platform team has in its repository: the server, its database, a realm, and what the team of ../identities deploys with.
//
//   deploy    ./m2m -C examples/layered/server up
//   hand over cp -r examples/layered/server/access examples/layered/identities/
//   take down ./m2m -C examples/layered/server down --destroy-data
import { App, TerraformStack } from "cdktf";
import {
  CertificateAuthority,
  DeployerClient,
  KeycloakServer,
  PostgresDatabase,
  PrivateLocalBackend,
  Realm,
  SigningKeyPair,
  TerraformStates,
} from "../../../constructs";

const app = new App();
const stack = new TerraformStack(app, "server");
new PrivateLocalBackend(stack); // not in the database that this very stack makes: see docs/layers.md

const authority = new CertificateAuthority(stack, "Ca", {
  name: "layered-ca",
  directory: "access",
  privateKeyDirectory: "certs",
});
const database = new PostgresDatabase(stack, "Database", { localhostPort: 5432 });
const server = new KeycloakServer(stack, "Keycloak", { mode: "production", database, tls: { authority } });
const realm = new Realm(stack, "Realm", { server, realmName: "machines", loginEventsSeconds: 86_400 });

// Terraform of this app signs in by a key too: nobody has to know a password.
const ownKey = new SigningKeyPair(stack, "PlatformKey", { name: "platform" });
new DeployerClient(stack, "Platform", { server, realms: [realm], clientId: "platform", signingKey: ownKey });

// What the other team gets: it may manage the clients of the realm, and keep its states beside Keycloak's database.
const theirKey = new SigningKeyPair(stack, "IdentitiesKey", { name: "identities", directory: "access" });
new DeployerClient(stack, "Identities", {
  server,
  realms: [realm],
  clientId: "identities",
  signingKey: theirKey,
  ofAnotherApp: true,
});
new TerraformStates(stack, "IdentitiesStates", { database, name: "identities", directory: "access" });

app.synth();
