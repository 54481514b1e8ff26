// Declares a client for each service in another language, beside the environment that `./m2m up` runs. Each may call
// machine-b, and "caller" may call each.
//
//   deploy    ./m2m -C examples/languages up
//   run       eval "$(./m2m -C examples/languages env --client go)", then as the head of each program says
//   take down ./m2m -C examples/languages down
import { App, TerraformStack } from "cdktf";
// In a project of your own: from "cdktf-keycloak-m2m".
import {
  KeycloakServer,
  PrivateLocalBackend,
  Realm,
  SignedJwtClient,
  SigningKeyPair,
  type SigningKeyPairProps,
} from "../../constructs";

const app = new App();
const stack = new TerraformStack(app, "languages");
new PrivateLocalBackend(stack);

const at = { url: "http://localhost:8080", issuerBase: "http://keycloak:8080" };
const server = KeycloakServer.fromUrl(stack, "Keycloak", at);
const realm = Realm.fromRealmName(stack, "Realm", { server, realmName: "sjwt-example" });
const machineB = SignedJwtClient.fromClientId(stack, "MachineB", { realm, clientId: "machine-b" });

const ALGORITHMS = {
  "python-pyjwt": "RS256",
  "python-authlib": "ES256",
  go: "EdDSA",
  "java-nimbus": "PS256",
  "java-spring": "RS256",
} satisfies Record<string, SigningKeyPairProps["algorithm"]>;

const callerKey = new SigningKeyPair(stack, "CallerKey", { name: "caller" });
const caller = new SignedJwtClient(stack, "Caller", { realm, clientId: "caller", signingKey: callerKey });
for (const [clientId, algorithm] of Object.entries(ALGORITHMS)) {
  const signingKey = new SigningKeyPair(stack, `${clientId}-key`, { name: clientId, algorithm });
  const accessTokenLifespanSeconds = 40; // soon asks for the next one, so that a rotated key is seen at work
  const client = new SignedJwtClient(stack, clientId, { realm, clientId, signingKey, accessTokenLifespanSeconds });
  machineB.grantCall(client);
  client.grantCall(caller);
}

app.synth();
