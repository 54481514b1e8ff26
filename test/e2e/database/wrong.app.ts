// Servers whose database cannot be used, each for a reason of its own.
import { App, TerraformStack } from "cdktf";
import { CertificateAuthority, KeycloakServer, PostgresDatabase, PrivateLocalBackend } from "../../../constructs";

const app = new App();
const stack = new TerraformStack(app, "wrong");
new PrivateLocalBackend(stack);
const { name, at, firstPort } = app.node.getContext("test");
const host = at.split(":")[0];
const authority = new CertificateAuthority(stack, "Ca", { name: "wrong-ca" });
const right = {
  url: `postgresql://direct@${at}/direct`,
  passwordFile: "database.password",
  caFile: "elsewhere/db-ca.crt",
};
const wrong = {
  password: { ...right, passwordFile: "other.password" },
  host: { ...right, url: "postgresql://direct@db.example.invalid:5432/direct" },
  port: { ...right, url: `postgresql://direct@${host}:1/direct` },
  database: { ...right, url: `postgresql://direct@${at}/missing` },
  authority: { ...right, caFile: "elsewhere/other-ca.crt" },
  rights: { ...right, url: `postgresql://reader@${at}/readable` },
};
for (const [index, [what, attributes]] of Object.entries(wrong).entries()) {
  new KeycloakServer(stack, `Keycloak-${what}`, {
    mode: "production",
    database: PostgresDatabase.fromUrl(stack, `Database-${what}`, attributes),
    tls: { authority },
    containerName: `${name}-${what}`,
    port: firstPort + index,
    memoryMegabytes: 768,
    startTimeoutSeconds: 90,
  });
}

app.synth();
