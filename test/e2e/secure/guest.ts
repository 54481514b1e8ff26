import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { makeProject } from "../environment";
import type { Names } from "../project";

/**
 * A project that declares a client on the server of another one, by its address. It has the CA and Terraform's certificate as
 * files of others.
 *
 * @param declared text that declares `server`; it may use `ca`, `terraform` and `at`
 * @param more what else is declared
 */
export function guestProject(host: Names, hostFolder: string, name: string, declared: string, more = ""): string {
  const main = `
import { App, TerraformStack } from "cdktf";
import { CertificateAuthority, DeployerClient, KeycloakServer, PrivateLocalBackend, Realm, SignedJwtClient, SigningKeyPair, TlsCertificate } from "./constructs";

const app = new App();
const stack = new TerraformStack(app, "${name}");
new PrivateLocalBackend(stack);
const ca = (certificateFile: string) => CertificateAuthority.fromFiles(stack, "Ca", { certificateFile });
const files = { certificateFile: "given/terraform.crt", privateKeyFile: "given/terraform.key", usage: "client" as const };
const terraform = (authority: ReturnType<typeof ca>) => TlsCertificate.fromFiles(stack, "Tls", { ...files, authority });
const at = { url: "https://localhost:${host.keycloakPort}", issuerBase: "https://keycloak:8443" };
${declared}
const realm = Realm.fromRealmName(stack, "Realm", { server, realmName: "sjwt-example" });
const signingKey = new SigningKeyPair(stack, "Key", { name: "${name}" });
new SignedJwtClient(stack, "Client", { realm, clientId: "${name}", signingKey, boundTo: "dpop" });
${more}
app.synth();
`;
  const folder = makeProject(host, main);
  mkdirSync(join(folder, "given"));
  for (const [from, to] of [
    ["m2m-ca.crt", "ca.crt"],
    [`${host.keycloak}-terraform-tls.crt`, "terraform.crt"],
    [`${host.keycloak}-terraform-tls.key`, "terraform.key"],
  ] as const) {
    copyFileSync(join(hostFolder, "certs", from), join(folder, "given", to));
  }
  return folder;
}
