import { inject } from "vitest";
import { ADMIN_PASSWORD, m2m, makeProject, SHARED, takeDown } from "../environment";
import type { Names } from "../project";

// biome-ignore lint/suspicious/noExplicitAny: what Keycloak and Terraform answer has no types here
export type Json = Record<string, any>;

/** A Keycloak that the provider's tests work on. */
export interface Server {
  readonly names: Names;
  readonly url: string;
  /** Variables by which Terraform finds the providers, as `m2m env` gives them. */
  readonly env: Record<string, string>;
  /** Keycloak's admin API, below `/admin/realms`, as an administrator with a browser would use it. */
  admin(method: "GET" | "PUT" | "POST" | "DELETE", path: string, body?: unknown): Promise<Json>;
  /** An administrator's access token. */
  token(): Promise<string>;
}

/** The one of an environment that is up; tests keep to realms of their own. */
export async function serverOf(names: Names, folder: string): Promise<Server> {
  const url = `http://localhost:${names.keycloakPort}`;
  const tokens = new Map<string, { text: string; until: number }>();
  return {
    names,
    url,
    env: JSON.parse((await m2m(folder, ["env", "--json"])).stdout),
    admin: (method, path, body) => callAdmin(url, tokens, method, path, body),
    token: () => tokenOf(url, tokens),
  };
}

/** The one that all files share. */
export function sharedServer(): Promise<Server> {
  return serverOf(SHARED, inject("folder"));
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

/** One for tests that stop it or wear it out: this package's construct, alone in its stack. */
export async function startKeycloak(names: Names): Promise<Server & { stop(): Promise<void> }> {
  const folder = makeProject(names, MAIN);
  const up = await m2m(folder, ["up"]);
  if (up.exitCode !== 0) throw new Error(up.stderr);
  return { ...(await serverOf(names, folder)), stop: () => takeDown(folder, names) };
}

type Tokens = Map<string, { text: string; until: number }>;

async function tokenOf(url: string, tokens: Tokens): Promise<string> {
  const known = tokens.get(url);
  if (known && Date.now() < known.until) return known.text;
  const login = { grant_type: "password", client_id: "admin-cli", username: "admin", password: ADMIN_PASSWORD };
  const response = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
    method: "POST",
    body: new URLSearchParams(login),
  });
  const { access_token } = (await response.json()) as { access_token: string };
  // Rights on a realm come with the first token after it was made: a short life sees to that.
  tokens.set(url, { text: access_token, until: Date.now() + 2_000 });
  return access_token;
}

async function callAdmin(url: string, tokens: Tokens, method: string, path: string, body?: unknown): Promise<Json> {
  const response = await fetch(`${url}/admin/realms${path}`, {
    method,
    headers: { authorization: `Bearer ${await tokenOf(url, tokens)}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: HTTP ${response.status} ${text}`);
  return text === "" ? {} : JSON.parse(text);
}

export const EMBEDDED = "terraform.local/cdktf-keycloak-m2m/keycloak";

/** The provider block of a test's configuration. */
export function providerBlock(url: string): Json {
  return { url, client_id: "admin-cli", username: "admin", password: ADMIN_PASSWORD };
}
