import { ADMIN_PASSWORD, m2m, makeProject, type Names, takeDown } from "../environment";

// biome-ignore lint/suspicious/noExplicitAny: what Keycloak and Terraform answer has no types here
export type Json = Record<string, any>;

/** A Keycloak for the provider's own tests: this package's construct, alone in its stack, and nothing else. */
export interface Server {
  readonly names: Names;
  readonly url: string;
  /** Variables by which Terraform finds the providers, as `m2m env` gives them. */
  readonly env: Record<string, string>;
  /** Keycloak's admin API, below `/admin/realms`, as an administrator with a browser would use it. */
  admin(method: "GET" | "PUT" | "POST" | "DELETE", path: string, body?: unknown): Promise<Json>;
  stop(): Promise<void>;
}

const MAIN = `
import { App, TerraformStack } from "cdktf";
import { KeycloakServer, PrivateLocalBackend } from "./constructs";

const app = new App();
const stack = new TerraformStack(app, "server");
new PrivateLocalBackend(stack);
new KeycloakServer(stack, "Keycloak");
app.synth();
`;

export async function startKeycloak(names: Names, env: Record<string, string> = {}): Promise<Server> {
  const folder = makeProject(names, MAIN);
  const up = await m2m(folder, ["up"], env);
  if (up.exitCode !== 0) throw new Error(up.stderr);
  const url = `http://localhost:${names.keycloakPort}`;
  return {
    names,
    url,
    env: JSON.parse((await m2m(folder, ["env", "--json"], env)).stdout),
    admin: (method, path, body) => callAdmin(url, method, path, body),
    stop: () => takeDown(folder, names),
  };
}

let token: { text: string; until: number } | undefined;

async function tokenOf(url: string): Promise<string> {
  if (token && Date.now() < token.until) return token.text;
  const login = { grant_type: "password", client_id: "admin-cli", username: "admin", password: ADMIN_PASSWORD };
  const response = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
    method: "POST",
    body: new URLSearchParams(login),
  });
  const { access_token } = (await response.json()) as { access_token: string };
  token = { text: access_token, until: Date.now() + 30_000 };
  return access_token;
}

async function callAdmin(url: string, method: string, path: string, body?: unknown): Promise<Json> {
  const response = await fetch(`${url}/admin/realms${path}`, {
    method,
    headers: { authorization: `Bearer ${await tokenOf(url)}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: HTTP ${response.status} ${text}`);
  // The rights on a new realm come with the next token.
  if (method === "POST" && path === "") token = undefined;
  return text === "" ? {} : JSON.parse(text);
}

export const EMBEDDED = "terraform.local/cdktf-keycloak-m2m/keycloak";

/** The provider block of a test's configuration. */
export function providerBlock(url: string): Record<string, unknown> {
  return { url, client_id: "admin-cli", username: "admin", password: ADMIN_PASSWORD };
}
