import { request } from "node:http";
import { m2m, makeProject, removeThings, run } from "../project";
import { cpuOf, peakOf } from "./usage";

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
  const jvm = await processOf(NAMES.keycloak);
  const { stdout } = await m2m(project.folder, ["env", "--json"], env);
  return {
    url,
    env: JSON.parse(stdout),
    admin: async (method, path, body, timeoutMs = 60_000) => {
      const authorization = `Bearer ${await login(url)}`;
      const text = body === undefined ? undefined : JSON.stringify(body);
      return send(method, `${url}/admin/realms${path}`, { authorization }, "application/json", text, timeoutMs);
    },
    usage: () => ({ peakMiB: peakOf(jvm), cpu: cpuOf(jvm) }),
    stop: async () => {
      await m2m(project.folder, ["down", "--yes"], env).catch(() => removeThings(NAMES.keycloak));
      project.remove();
    },
  };
}

/** The largest process of a container, as this machine counts processes. */
async function processOf(container: string): Promise<number> {
  const { stdout } = await run("docker", ["top", container, "-eo", "pid"]);
  const pids = stdout.split("\n").slice(1).filter(Boolean).map(Number);
  return pids.sort((a, b) => peakOf(b) - peakOf(a))[0] ?? 0;
}

async function login(url: string): Promise<string> {
  const form = { grant_type: "password", client_id: "admin-cli", username: "admin", password: PASSWORD };
  const path = "/realms/master/protocol/openid-connect/token";
  const type = "application/x-www-form-urlencoded";
  const answer = await send("POST", url + path, {}, type, new URLSearchParams(form).toString(), 60_000);
  return (JSON.parse(answer) as { access_token: string }).access_token;
}

/** By node:http: fetch gives up by itself after five minutes without an answer. */
function send(
  method: string,
  url: string,
  headers: Record<string, string>,
  type: string,
  body: string | undefined,
  timeout: number,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request(url, { method, headers: { ...headers, "content-type": type }, timeout }, async (answer) => {
      const text = (await answer.setEncoding("utf8").toArray()).join("");
      if ((answer.statusCode ?? 500) < 400) resolve(text);
      else reject(new Error(`HTTP ${answer.statusCode} ${text.slice(0, 200)}`));
    });
    call.on("timeout", () => call.destroy(new Error(`no answer within ${timeout / 1000} s`)));
    call.on("error", reject);
    call.end(body);
  });
}
