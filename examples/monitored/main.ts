// The article's environment, watched: Prometheus and Alertmanager beside Keycloak and the machines.
//
//   deploy    ./m2m -C examples/monitored up
//   look      ./m2m -C examples/monitored status, or http://localhost:9090/alerts
//   take down ./m2m -C examples/monitored down
import { App, TerraformOutput, TerraformStack } from "cdktf";
import {
  KeycloakServer,
  MachineContainer,
  Monitoring,
  PrivateLocalBackend,
  ProtectedApi,
  Realm,
  SignedJwtClient,
  SigningKeyPair,
} from "../../constructs";

const app = new App();
const stack = new TerraformStack(app, "monitored");
new PrivateLocalBackend(stack);

const server = new KeycloakServer(stack, "Keycloak");
const kept = { loginEventsSeconds: 86_400, adminEventsSeconds: 604_800 }; // for `m2m events` and `m2m drift`
const realm = new Realm(stack, "Realm", { server, realmName: "sjwt-example", ...kept });

const keyA = new SigningKeyPair(stack, "MachineAKey", { name: "machine-a" });
const a = new SignedJwtClient(stack, "MachineA", { realm, clientId: "machine-a", signingKey: keyA });

const keyB = new SigningKeyPair(stack, "MachineBKey", { name: "machine-b" });
const b = new SignedJwtClient(stack, "MachineB", { realm, clientId: "machine-b", signingKey: keyB });
const orders = new ProtectedApi(stack, "Orders", { realm, client: b, scopes: { "orders:read": "read orders" } });
orders.grant(a, "orders:read");

const api = new MachineContainer(stack, "MachineBApi", { server, client: b, metrics: true });
const monitoring = new Monitoring(stack, "Monitoring", { server });

const outputs = {
  issuer: realm.issuer,
  api: `${api.url}/api/protected`,
  connect_to: `${server.connectTo},${api.connectTo}`,
  key_files: { [a.clientId]: keyA.privateKeyFile, [b.clientId]: keyB.privateKeyFile },
  prometheus: monitoring.prometheusUrl,
  alertmanager: monitoring.alertmanagerUrl,
};
for (const [name, value] of Object.entries(outputs)) new TerraformOutput(stack, name, { value, staticId: true });

app.synth();
