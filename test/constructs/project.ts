import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { App, TerraformStack } from "cdktf";
import { afterEach, beforeEach, vi } from "vitest";
import { type ISigningKey, KeycloakServer, Realm, SigningKeyPair } from "../../constructs";

/** The checkout these tests are part of. */
export const CHECKOUT = join(__dirname, "..", "..");

/** Facts of the fixed certificates in test/fixtures/certs. */
export const FIXED = {
  "machine-a": { kid: "EPpphzqVwJCUEBrvl0e_XwjUchREOb5-UofFWoy7A04", end: "2125-12-08" },
  "machine-b": { kid: "qt4_hnLcfVgG_yyFx5tE9PDrY1JLvwy6v5dUQefp598", end: "2125-12-08" },
} as const;

/** Settings of the machine that runs the tests; a test that wants one sets it itself. */
const SETTINGS = [
  "CDKTF_CONTEXT_JSON",
  "CDKTF_OUTDIR",
  "M2M_CREATE_KEYS",
  "M2M_KNOWN_KEYS",
  "M2M_NOTICES",
  "M2M_REISSUE_CERTIFICATES",
  "M2M_RENEW_CERTIFICATES",
  "M2M_RENEW_CERTIFICATE_KEYS",
  "KEYCLOAK_PASSWORD",
  "KEYCLOAK_USER",
  "TF_VAR_keycloak_admin_password",
  "TF_VAR_keycloak_admin_username",
];

/** An empty folder with a `cdktf.json`. */
export function makeProject(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "m2m-test-")));
  writeFileSync(join(folder, "cdktf.json"), JSON.stringify({ language: "typescript", app: "node app.cjs" }));
  return folder;
}

/** Runs every test of a file in an empty project of its own, with none of the machine's settings. */
export function inTemporaryProject(): void {
  let before: string;
  let folder: string;
  beforeEach(() => {
    before = process.cwd();
    folder = makeProject();
    process.chdir(folder);
    for (const name of SETTINGS) vi.stubEnv(name, undefined);
  });
  afterEach(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true });
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });
}

/** A stack of an app that writes to `cdktf.out` in the project, as the cdktf CLI has it. */
export function newStack(id = "test", context: Record<string, unknown> = {}): TerraformStack {
  return new TerraformStack(newApp(context), id);
}

export function newApp(context: Record<string, unknown> = {}): App {
  return new App({ outdir: "cdktf.out", stackTraces: false, context: context as Record<string, string> });
}

/** A signing key over one of the fixed certificates, put into the project. */
export function fixedKey(stack: TerraformStack, name: keyof typeof FIXED, id = `${name}-key`): ISigningKey {
  mkdirSync("certs", { recursive: true });
  copyFileSync(fixture(name), `certs/${name}-signing.crt`);
  return new SigningKeyPair(stack, id, { name });
}

export function fixture(name: keyof typeof FIXED): string {
  return join(CHECKOUT, "test", "fixtures", "certs", `${name}.crt`);
}

/** A realm on a server that exists, which needs no Docker in the synthesized JSON. */
export function newRealm(stack: TerraformStack, id = "Realm", realmName = "r"): Realm {
  const server = (stack.node.tryFindChild("Server") ?? newServer(stack)) as unknown as ReturnType<typeof newServer>;
  return new Realm(stack, id, { server, realmName });
}

function newServer(stack: TerraformStack) {
  return KeycloakServer.fromUrl(stack, "Server", { url: "https://keycloak.example" });
}

export interface SynthesizedStack {
  readonly provider: Record<string, Record<string, unknown>[]>;
  // biome-ignore lint/suspicious/noExplicitAny: arguments of any resource type
  readonly resource: Record<string, Record<string, any>>;
  // biome-ignore lint/suspicious/noExplicitAny: arguments of any data source
  readonly data?: Record<string, Record<string, any>>;
  readonly variable: Record<string, Record<string, unknown>>;
  readonly terraform: {
    readonly backend: Record<string, unknown>;
    readonly required_providers: Record<string, { source: string; version: string }>;
  };
}

/** Synthesizes the whole app, validations included, and reads what Terraform will read. */
export function synth(stack: TerraformStack): SynthesizedStack {
  const app = App.of(stack);
  app.synth();
  return JSON.parse(readFileSync(join(app.outdir, "stacks", stack.node.id, "cdk.tf.json"), "utf8"));
}

/** The one resource of a type. */
export function only(json: SynthesizedStack, type: string) {
  const all = Object.values(json.resource[type] ?? {});
  if (all.length !== 1) throw new Error(`expected one ${type}, got: ${all.length}`);
  return all[0];
}

/** The manifest's entry of a stack, after synthesis. */
export function manifestOf(stack: TerraformStack): {
  readonly dependencies: string[];
  readonly annotations: { constructPath: string; level: string; message: string }[];
} {
  return JSON.parse(readFileSync("cdktf.out/manifest.json", "utf8")).stacks[stack.node.id];
}

/** The text of a thrown error. */
export function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("nothing was thrown");
}

/** What is written to stderr from now on, and kept off the terminal. */
export function captureNotices(): string[] {
  const notices: string[] = [];
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    notices.push(String(text));
    return true;
  });
  return notices;
}

export function writeProjectFile(path: string, content: string, mode = path.endsWith(".key") ? 0o600 : 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content, { mode });
}

/** Every file below a folder. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** What every client that signs in with a JWT has, whoever it is: one way in, and no other flow. */
export const SIGNING_CLIENT = {
  enabled: true,
  access_type: "CONFIDENTIAL",
  client_authenticator_type: "client-jwt",
  service_accounts_enabled: true,
  standard_flow_enabled: false,
  implicit_flow_enabled: false,
  direct_access_grants_enabled: false,
  use_refresh_tokens: false,
};
