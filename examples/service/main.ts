// Declares the service "orders" beside the environment that `./m2m up` runs: it may call machine-b, "shop" may call it.
import { App, TerraformOutput, TerraformStack } from "cdktf";
// In a project of your own: from "cdktf-keycloak-m2m".
import { KeycloakServer, PrivateLocalBackend, Realm, SignedJwtClient, SigningKeyPair } from "../../constructs";

const app = new App();
const stack = new TerraformStack(app, "orders");
new PrivateLocalBackend(stack);

const at = { url: "http://localhost:8080", issuerBase: "http://keycloak:8080" };
const server = KeycloakServer.fromUrl(stack, "Keycloak", at);
const realm = Realm.fromRealmName(stack, "Realm", { server, realmName: "sjwt-example" });

const ordersKey = new SigningKeyPair(stack, "OrdersKey", { name: "orders", algorithm: "ES256" });
const orders = new SignedJwtClient(stack, "Orders", { realm, clientId: "orders", signingKey: ordersKey });
SignedJwtClient.fromClientId(stack, "MachineB", { realm, clientId: "machine-b" }).grantCall(orders);

const shopKey = new SigningKeyPair(stack, "ShopKey", { name: "shop", algorithm: "EdDSA" });
const shop = new SignedJwtClient(stack, "Shop", { realm, clientId: "shop", signingKey: shopKey });
orders.grantCall(shop);

const outputs = {
  issuer: realm.issuer,
  connect_to: "keycloak:8080=127.0.0.1:8080",
  key_files: { orders: ordersKey.privateKeyFile, shop: shopKey.privateKeyFile },
};
for (const [name, value] of Object.entries(outputs)) new TerraformOutput(stack, name, { value, staticId: true });

app.synth();
