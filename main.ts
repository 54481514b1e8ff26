// The environment of a machine that calls another: Keycloak in Docker, a realm, two machines, and machine-b's API.
//
//   deploy    ./m2m up      or   npm ci && npx cdktf deploy
//   look      http://localhost:8080 (admin console), http://localhost:3000/api/protected (401 without a token)
//   take down ./m2m down    or   npx cdktf destroy
import { App, TerraformOutput, TerraformStack } from "cdktf";
import {
  KeycloakServer,
  MachineContainer,
  PrivateLocalBackend,
  Realm,
  SignedJwtClient,
  SigningKeyPair,
} from "./constructs";

const app = new App();
const stack = new TerraformStack(app, "m2m");
new PrivateLocalBackend(stack);

const server = new KeycloakServer(stack, "Keycloak");
const realm = new Realm(stack, "Realm", { server, realmName: "sjwt-example", loginEventsSeconds: 86_400 });

const keyA = new SigningKeyPair(stack, "MachineAKey", { name: "machine-a", validityDays: 5 });
const a = new SignedJwtClient(stack, "MachineA", { realm, clientId: "machine-a", signingKey: keyA });

const keyB = new SigningKeyPair(stack, "MachineBKey", { name: "machine-b", validityDays: 5 });
const b = new SignedJwtClient(stack, "MachineB", { realm, clientId: "machine-b", signingKey: keyB });
b.grantCall(a);

const api = new MachineContainer(stack, "MachineBApi", { server, client: b });

const outputs = {
  issuer: realm.issuer,
  token_endpoint: realm.tokenEndpoint,
  jwks_uri: realm.jwksUri,
  api: `${api.url}/api/protected`,
  connect_to: `${server.connectTo},${api.connectTo}`,
  key_files: { [a.clientId]: keyA.privateKeyFile, [b.clientId]: keyB.privateKeyFile },
};
for (const [name, value] of Object.entries(outputs)) new TerraformOutput(stack, name, { value, staticId: true });

app.synth();
