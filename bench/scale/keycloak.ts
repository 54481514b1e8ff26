import { adminApi } from "../admin-api";
import { m2m, makeProject, removeFromDocker } from "../project";
import { cpuOf, peakOf, processOf } from "./usage";

const NAMES = { keycloak: "m2m-scale-keycloak", keycloakPort: 18_590, machine: "m2m-scale-b", machinePort: 13_590 };
export const PASSWORD = "scale-admin-password";

const MAIN = `
import { App, TerraformStack } from "cdktf";
import { KeycloakServer, PrivateLocalBackend } from "./constructs";

const app = new App();
const stack = new TerraformStack(app, "server");
new PrivateLocalBackend(stack);
new KeycloakServer(stack, "Keycloak");
app.synth();
`;

/** A Keycloak for the bench: this package's construct, alone in its stack. */
export interface Server {
  readonly url: string;
  /** Variables by which Terraform finds the embedded provider, as `m2m env` gives them. */
  readonly env: Record<string, string>;
  /** A call to the admin API, below `/admin/realms`. */
  admin(method: string, path: string, body?: unknown, timeoutMs?: number): Promise<string>;
  /** The JVM's peak of resident memory in MiB since its start, and its seconds on a processor. */
  usage(): { peakMiB: number; cpu: number };
  stop(): Promise<void>;
}

export async function startKeycloak(): Promise<Server> {
  const project = makeProject(NAMES, MAIN);
  const env = { TF_VAR_keycloak_admin_password: PASSWORD };
  await m2m(project.folder, ["up", "--json"], env);
  const url = `http://localhost:${NAMES.keycloakPort}`;
  const admin = adminApi(url, PASSWORD);
  const jvm = await processOf(NAMES.keycloak);
  const { stdout } = await m2m(project.folder, ["env", "--json"], env);
  return {
    url,
    env: JSON.parse(stdout),
    admin: (method, path, body, timeoutMs) => admin(method, `/realms${path}`, body, timeoutMs),
    usage: () => ({ peakMiB: peakOf(jvm), cpu: cpuOf(jvm) }),
    stop: async () => {
      await m2m(project.folder, ["down", "--yes"], env).catch(() => removeFromDocker(NAMES));
      project.remove();
    },
  };
}
