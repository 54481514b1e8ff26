import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ensureKeyPair } from "../../constructs/keys/key-pair";
import { makeProject, run } from "../project";

const CERTIFICATE = "certs/machines-signing.crt";

/** What is changed by hand in the declaration: nothing, the description of one client, or of all. */
/** Whether each client declares its scopes, or leaves them to the realm. */
export type Scopes = "client" | "realm";
export type Changed = "none" | "one" | "all";

/** N machines that share one certificate: what is measured is the clients, not the keys. */
const MAIN = `
import { App, TerraformStack } from "cdktf";
import type { OpenidClient } from "./.gen/providers/keycloak/openid-client";
import { KeycloakServer, PrivateLocalBackend, Realm, SignedJwtClient, SigningKeyPair } from "./constructs";

const { SCALE_URL: url = "", SCALE_REALM: realmName = "", SCALE_CLIENTS, SCALE_CHANGED, SCALE_SCOPES } = process.env;
const clients = Number(SCALE_CLIENTS);
const changed = SCALE_CHANGED === "all" ? clients : SCALE_CHANGED === "one" ? 1 : 0;

const app = new App();
const stack = new TerraformStack(app, "machines");
new PrivateLocalBackend(stack);
const server = KeycloakServer.fromUrl(stack, "Keycloak", { url, issuerBase: "http://keycloak:8080" });
const realm = new Realm(stack, "Realm", {
  server,
  realmName,
  defaultClientScopes: ["profile", "basic", "email"],
  optionalClientScopes: ["address"],
});
const signingKey = SigningKeyPair.fromCertificateFile(stack, "Key", "${CERTIFICATE}");
for (let index = 0; index < clients; index++) {
  const props = { realm, clientId: \`machine-\${index}\`, signingKey, scopesOfRealm: SCALE_SCOPES === "realm" };
  const client = new SignedJwtClient(stack, \`Machine\${index}\`, props);
  if (index < changed) (client.node.findChild("Resource") as OpenidClient).description = \`changed: \${SCALE_CHANGED}\`;
}
app.synth();
`;

export interface Machines {
  /** The certificate that all of them have. */
  readonly certificate: string;
  /** The synthesized stack's JSON. */
  synth(clients: number, changed: Changed): Promise<string>;
  remove(): void;
}

export function declareMachines(url: string, realmName: string, scopes: Scopes): Machines {
  const project = makeProject(undefined, MAIN);
  const certificate = makeCertificate(project.folder);
  const synth = async (clients: number, changed: Changed) => {
    await run(join(project.folder, "node_modules", ".bin", "tsx"), ["main.ts"], {
      cwd: project.folder,
      env: {
        ...process.env,
        SCALE_URL: url,
        SCALE_REALM: realmName,
        SCALE_CLIENTS: String(clients),
        SCALE_CHANGED: changed,
        SCALE_SCOPES: scopes,
        CDKTF_OUTDIR: "cdktf.out",
      },
    });
    return readFileSync(join(project.folder, "cdktf.out", "stacks", "machines", "cdk.tf.json"), "utf8");
  };
  return { certificate, synth, remove: project.remove };
}

/** The same clients as the article has them: in the realm's JSON. */
export function realmToImport(realm: string, clients: number, certificate: string): unknown {
  return {
    realm,
    enabled: true,
    clients: Array.from({ length: clients }, (_, index) => ({
      clientId: `machine-${index}`,
      clientAuthenticatorType: "client-jwt",
      protocol: "openid-connect",
      standardFlowEnabled: false,
      implicitFlowEnabled: false,
      directAccessGrantsEnabled: false,
      serviceAccountsEnabled: true,
      publicClient: false,
      attributes: { "token.endpoint.auth.signing.alg": "RS256", "jwt.credential.certificate": certificate },
      defaultClientScopes: ["service_account", "profile", "basic", "email"],
      optionalClientScopes: ["address"],
    })),
  };
}

function makeCertificate(folder: string): string {
  const { base64 } = ensureKeyPair({
    name: "machines",
    files: {
      certificate: join(folder, CERTIFICATE),
      record: join(folder, CERTIFICATE.replace(/crt$/, "keys.json")),
      key: join(folder, CERTIFICATE.replace(/crt$/, "key")),
      staged: (kid) => join(folder, `${kid}.key`),
    },
    algorithm: "RS256",
    rsaBits: 2048,
    validityDays: 5,
    creation: "allowed",
    reissueExpired: false,
    notice: () => undefined,
  });
  return base64;
}
