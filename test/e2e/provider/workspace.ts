import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { EMBEDDED, type Json, providerBlock, type Server } from "./server";

export interface Outcome {
  readonly exitCode: number;
  readonly output: string;
}

export interface PlannedChange {
  readonly address: string;
  readonly actions: readonly string[];
  /** Attributes whose value would change. */
  readonly attributes: readonly string[];
}

/** A folder in which the real Terraform works with the embedded provider on one configuration after another. */
export class Workspace {
  readonly folder = mkdtempSync(join(tmpdir(), "m2m-terraform-"));

  constructor(
    readonly server: Server,
    private readonly url = server.url,
  ) {}

  /** Writes `resource`, `data` and whatever else of Terraform's JSON, with the provider and, unless told, its login. */
  async write(configuration: Json, login: Json = {}): Promise<void> {
    const provider = { keycloak: { ...providerBlock(this.url), ...login } };
    const terraform = { required_providers: { keycloak: { source: EMBEDDED } } };
    const text = JSON.stringify({ ...configuration, terraform, provider }, null, 1);
    writeFileSync(join(this.folder, "main.tf.json"), text);
    await this.run("init", "-input=false");
  }

  /** Runs Terraform to its end, however it ends. */
  async run(...args: string[]): Promise<Outcome> {
    const { exitCode = -1, all = "" } = await this.start(...args);
    return { exitCode, output: all };
  }

  start(...args: string[]) {
    return execa(process.env.TERRAFORM_BINARY_NAME ?? "terraform", [...args, "-no-color"], {
      cwd: this.folder,
      env: { CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1", ...this.server.env },
      stdin: "ignore",
      reject: false,
      all: true,
      timeout: 300_000,
    });
  }

  apply(...args: string[]): Promise<Outcome> {
    return this.run("apply", "-auto-approve", "-input=false", ...args);
  }

  destroy(): Promise<Outcome> {
    return this.run("destroy", "-auto-approve", "-input=false");
  }

  /** What an apply would do now. */
  async plan(): Promise<PlannedChange[]> {
    const { exitCode, output } = await this.run("plan", "-input=false", "-out=plan");
    if (exitCode !== 0) throw new Error(output);
    const { stdout } = await this.start("show", "-json", "plan");
    const { resource_changes = [] } = JSON.parse(String(stdout)) as { resource_changes?: Json[] };
    return resource_changes
      .filter(({ change }) => !["no-op", "read"].includes(change.actions[0]))
      .map(({ address, change }) => ({ address, actions: change.actions, attributes: changedAttributes(change) }));
  }

  /** The state's attributes by address. */
  state(): Map<string, Json> {
    const { resources } = JSON.parse(readFileSync(join(this.folder, "terraform.tfstate"), "utf8")) as Json;
    return new Map(
      // An apply that was interrupted leaves resources of which nothing was made.
      resources
        .filter(({ instances }: Json) => instances.length)
        .map(({ mode, type, name, instances }: Json) => [
          `${mode === "data" ? "data." : ""}${type}.${name}`,
          instances[0].attributes,
        ]),
    );
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function changedAttributes({ before, after, after_unknown = {} }: Json): string[] {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {}), ...Object.keys(after_unknown)]);
  return [...names]
    .filter((name) => after_unknown[name] === true || JSON.stringify(before?.[name]) !== JSON.stringify(after?.[name]))
    .sort();
}
