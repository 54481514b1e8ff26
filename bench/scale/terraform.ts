import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EMBEDDED_KEYCLOAK, OFFICIAL_KEYCLOAK, type ProviderSource } from "../../constructs/contract/sources";
import { type Calls, type CountingProxy, total } from "./counting-proxy";
import { PASSWORD, type Server } from "./keycloak";
import type { StateServer } from "./state-server";
import { type Usage, watch } from "./usage";

/** A provider to measure, and how Terraform finds it. */
export interface Way {
  readonly name: string;
  readonly source: ProviderSource;
  readonly env: Record<string, string>;
  readonly program: string;
}

/** One run of Terraform. */
export interface Measured {
  readonly seconds: number;
  readonly calls: Calls;
  /** Of Terraform, and of the provider as its child. */
  readonly usage?: Usage;
  /** Seconds that Keycloak computed meanwhile. */
  readonly keycloakCpu?: number;
  /** The first lines of what went wrong. */
  readonly failure?: string;
}

const TIMEOUT_MS = 30 * 60_000;

export function embedded(env: Record<string, string>, program: string): Way {
  return { name: "embedded", source: EMBEDDED_KEYCLOAK, env, program };
}

/** A binary built elsewhere, put where a registry's package would be. */
export function official(program: string, folder: string): Way {
  const mirror = join(folder, "mirror");
  const place = join(mirror, OFFICIAL_KEYCLOAK.source, "5.9.0", "linux_amd64");
  mkdirSync(place, { recursive: true });
  symlinkSync(program, join(place, "terraform-provider-keycloak_v5.9.0"));
  const config = join(folder, "official.tfrc");
  writeFileSync(
    config,
    `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\n`,
  );
  return { name: "official", source: OFFICIAL_KEYCLOAK, env: { TF_CLI_CONFIG_FILE: config }, program };
}

/** A folder in which Terraform works on the synthesized stack, with one provider. */
export class Workspace {
  private readonly folder = mkdtempSync(join(tmpdir(), "m2m-scale-"));

  constructor(
    private readonly way: Way,
    private readonly proxy: CountingProxy,
    private readonly server: Server,
    private readonly state: StateServer | undefined,
  ) {}

  /** The same JSON for every provider, but for the provider's address and the place of the state: here, or a server. */
  write(stack: string): void {
    const json = JSON.parse(stack);
    const backend = this.state ? { backend: { http: { address: this.state.address } } } : {};
    json.terraform = { required_providers: { keycloak: this.way.source }, ...backend };
    writeFileSync(join(this.folder, "main.tf.json"), JSON.stringify(json));
  }

  init(): Promise<Measured> {
    return this.run(["init", "-input=false"]);
  }

  apply(): Promise<Measured> {
    return this.run(["apply", "-auto-approve", "-input=false"]);
  }

  /** A plan that is to be empty. */
  plan(): Promise<Measured> {
    return this.run(["plan", "-input=false", "-detailed-exitcode"]);
  }

  destroy(): Promise<Measured> {
    return this.run(["destroy", "-auto-approve", "-input=false"]);
  }

  private async run(args: string[]): Promise<Measured> {
    this.proxy.take();
    const cpuBefore = this.server.usage().cpu;
    const begun = performance.now();
    const child = spawn(process.env.TERRAFORM_BINARY_NAME ?? "terraform", [...args, "-no-color"], {
      cwd: this.folder,
      env: {
        ...process.env,
        CHECKPOINT_DISABLE: "1",
        TF_IN_AUTOMATION: "1",
        TF_VAR_keycloak_admin_password: PASSWORD,
        ...this.way.env,
      },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: TIMEOUT_MS,
    });
    const output: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => output.push(chunk));
    const stop = watch(child.pid!);
    const [exitCode] = (await once(child, "close")) as [number | null];
    const seconds = (performance.now() - begun) / 1000;
    const usage = stop();
    const keycloakCpu = this.server.usage().cpu - cpuBefore;
    const failure = exitCode === 0 ? {} : { failure: reasonOf(Buffer.concat(output).toString(), exitCode) };
    return { seconds, calls: this.proxy.take(), usage, keycloakCpu, ...failure };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** How many errors there were, and the first; or what a plan that should be empty would change. */
function reasonOf(output: string, exitCode: number | null): string {
  const errors = output.match(/Error: .*/g) ?? [];
  const [plan] = output.match(/^Plan: .*/m) ?? [];
  if (errors.length === 0) return plan ?? `exit code ${exitCode}`;
  return `${errors.length} error${errors.length > 1 ? "s" : ""}, the first: ${errors[0]!.slice("Error: ".length, 160)}`;
}

export function callsPerClient(calls: Calls, clients: number): number {
  return (total(calls) - (calls.login ?? 0)) / clients;
}
