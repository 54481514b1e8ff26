// What a team of services has in its repository: its clients, on the server of ../server.
//
//   get       the folder `access`, from who runs the server
//   deploy    ./m2m -C examples/layered/identities up
//   take down ./m2m -C examples/layered/identities down
import { App, PgBackend, TerraformOutput, TerraformStack } from "cdktf";
import { CertificateAuthority, KeycloakServer, Realm, SignedJwtClient, SigningKeyPair } from "../../../constructs";

const app = new App();
const stack = new TerraformStack(app, "identities");

const access = (file: string) => `../../../access/${file}`; // Terraform runs in cdktf.out/stacks/identities
const signIn = new URLSearchParams({
  sslmode: "verify-full",
  sslrootcert: access("states_identities-tls.trust.crt"),
  sslcert: access("states_identities-tls.crt"),
  sslkey: access("states_identities-tls.key"),
  connect_timeout: "30", // seconds; without it, a database that hangs is waited for without end
});
new PgBackend(stack, {
  connStr: `postgres://states_identities@127.0.0.1:5432/states_identities?${decodeURIComponent(`${signIn}`)}`,
});

const authority = CertificateAuthority.fromFiles(stack, "Ca", { certificateFile: "access/layered-ca.crt" });
const server = KeycloakServer.fromUrl(stack, "Keycloak", {
  url: "https://localhost:8443",
  issuerBase: "https://keycloak:8443",
  authority,
  deployer: { clientId: "identities", privateKeyFile: "access/identities-signing.key" },
});
const realm = Realm.fromRealmName(stack, "Realm", { server, realmName: "machines" });

const keyA = new SigningKeyPair(stack, "OrdersKey", { name: "orders" });
const orders = new SignedJwtClient(stack, "Orders", { realm, clientId: "orders", signingKey: keyA });

const keyB = new SigningKeyPair(stack, "BillingKey", { name: "billing" });
const billing = new SignedJwtClient(stack, "Billing", { realm, clientId: "billing", signingKey: keyB });
billing.grantCall(orders);

new TerraformOutput(stack, "issuer", { value: realm.issuer, staticId: true });

app.synth();
