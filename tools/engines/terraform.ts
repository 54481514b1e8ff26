import { createHash } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { execa, type Options } from "execa";
import { readTextIfThere } from "../../constructs/keys/read-file";
import { type Output, ToolError } from "../output";
import type { Stack } from "../project/project";
import { parseState, type State } from "../project/state";
import type { SavedPlan } from "./saved-plan";
import {
  changesShown,
  describe,
  errorsOf,
  type PlannedChange,
  parseEvent,
  plannedChanges,
  type UiEvent,
} from "./terraform-events";
import { TerraformFailure } from "./terraform-failure";

/** Terraform in the folder of one stack, with the environment that says where its providers come from. */
export class Terraform {
  constructor(
    private readonly binary: string,
    private readonly stack: Stack,
    private readonly env: Record<string, string>,
    private readonly out: Output,
  ) {}

  /** Installs providers, unless they were installed for the same requirements before. */
  async init(): Promise<void> {
    const stamp = join(this.stack.folder, ".terraform", "m2m-initialised");
    const wanted = this.requirements();
    if (readTextIfThere(stamp) === wanted) return;
    // The lock file may hold checksums of another bundle of the same version. The JSON pins the versions.
    rmSync(join(this.stack.folder, ".terraform.lock.hcl"), { force: true });
    const args = ["init", "-input=false", "-no-color", ...(this.hasSameStateFile() ? ["-reconfigure"] : [])];
    await this.out.step(`initialising stack ${this.stack.name}`, () => this.run(args));
    writeFileSync(stamp, wanted);
  }

  /** Plans all, or some addresses and what they need, into a file to apply. */
  async planInto(file: string, targets: readonly string[] = []): Promise<PlannedChange[]> {
    const args = [`-out=${file}`, ...targets.map((target) => `-target=${target}`)];
    return (await this.planEvents(args)).changes;
  }

  /** Plans all into a file to look at, beside whoever holds the state. */
  async planToShow(file: string): Promise<{ pending: boolean; changes: PlannedChange[] }> {
    return await this.planEvents([`-out=${file}`, "-lock=false"]);
  }

  /** What a saved plan does, in full. */
  async show(file: string): Promise<SavedPlan> {
    return JSON.parse(await this.run(["show", "-json", file]));
  }

  /** A saved plan as Terraform prints it for a person. */
  async showText(file: string, colour: boolean): Promise<string> {
    return await this.run(["show", ...(colour ? [] : ["-no-color"]), file]);
  }

  /** Does what a saved plan says, and nothing else. It changes so many resources. */
  async applyPlan(file: string, resources: number): Promise<void> {
    const what = `applying stack ${this.stack.name}`;
    await this.out.step(what, (show) => this.stream(["apply", file], changesShown(show, resources)));
  }

  /** Without a refresh a provider is started only if it has something to destroy. */
  async destroy(options: { refresh: boolean } = { refresh: true }): Promise<void> {
    const args = ["destroy", "-auto-approve", ...(options.refresh ? [] : ["-refresh=false"])];
    const what = `destroying stack ${this.stack.name}`;
    await this.out.step(what, (show) => this.stream(args, changesShown(show)));
  }

  /** The plan as data. It is `pending` even if nothing but outputs would change. */
  async planJson(): Promise<{ pending: boolean; changes: PlannedChange[] }> {
    return await this.planEvents(["-lock=false"]);
  }

  private async planEvents(args: readonly string[]): Promise<{ pending: boolean; changes: PlannedChange[] }> {
    return await this.out.step(`planning stack ${this.stack.name}`, async () => {
      const result = await this.start(["plan", "-input=false", "-json", "-detailed-exitcode", ...args]);
      const events = text(result.stdout).split("\n").flatMap(parseEvent);
      if (result.failed && result.exitCode !== 2) throw this.failure("plan", errorsOf(events) || text(result.stderr));
      return { pending: result.exitCode === 2, changes: events.flatMap(plannedChanges) };
    });
  }

  async state(): Promise<State> {
    return parseState(await this.run(["state", "pull"]), `the state of ${this.stack.name}`);
  }

  async forget(addresses: readonly string[]): Promise<void> {
    if (addresses.length > 0) await this.run(["state", "rm", ...addresses]);
  }

  /** Calls what the state has under one address by another. */
  async move(from: string, to: string): Promise<void> {
    await this.run(["state", "mv", from, to]);
  }

  /** Takes an object that exists into the state. */
  async import(address: string, id: string): Promise<void> {
    await this.run(["import", "-input=false", "-no-color", address, id]);
  }

  /** Does another program hold the state? Terraform itself is asked, by a command that changes nothing. */
  async isLocked(): Promise<boolean> {
    const result = await this.start(["untaint", "-allow-missing", "-no-color", "none.none"]);
    return result.failed && /Error acquiring the state lock/.test(text(result.stderr));
  }

  /**
   * Whether the last init had the same local state, however its path was written: the framework's own backend and
   * {@link PrivateLocalBackend} write it in two ways. Terraform takes another spelling for another state.
   */
  private hasSameStateFile(): boolean {
    const wanted = this.stack.json.terraform.backend?.local?.path;
    const path = lastLocalPath(readTextIfThere(join(this.stack.folder, ".terraform", "terraform.tfstate")));
    if (wanted === undefined || path === undefined || path === wanted) return false;
    return resolve(this.stack.folder, path) === resolve(this.stack.folder, wanted);
  }

  /** What decides whether an init is still good: the required providers and the mirrors' content. */
  private requirements(): string {
    const text = JSON.stringify([this.stack.json.terraform, this.env]);
    return createHash("sha256").update(text).digest("hex");
  }

  private async run(args: string[]): Promise<string> {
    const result = await this.start(args);
    if (result.failed) throw this.failure(args[0]!, text(result.stderr) || text(result.stdout));
    return text(result.stdout);
  }

  /** Runs with Terraform's machine-readable output. */
  private async stream(args: string[], watch: (event: UiEvent) => void): Promise<void> {
    const child = this.start([args[0]!, "-json", "-input=false", ...args.slice(1)]);
    const errors: string[] = [];
    for await (const line of child) {
      for (const event of parseEvent(line)) {
        watch(event);
        if (event.diagnostic?.severity === "error") errors.push(describe(event));
      }
    }
    const result = await child;
    if (result.isTerminated) {
      throw new ToolError(
        "terraform-killed",
        `terraform ${args[0]} of stack ${this.stack.name} was ended by ${result.signal}, and what it was making may be missing in the state; run \`m2m up\` or \`m2m down\` to go on`,
      );
    }
    if (result.failed) throw this.failure(args[0]!, errors.join("\n\n") || text(result.stderr));
  }

  private start(args: string[]) {
    return startTerraform(this.binary, args, {
      cwd: this.stack.folder,
      env: { CHECKPOINT_DISABLE: "true", TF_IN_AUTOMATION: "true", ...backendWait(), ...this.env },
      stdin: "ignore",
      reject: false,
      // Ctrl-C reaches Terraform too. It stops in order and saves its state, so wait for it.
      forceKillAfterDelay: 120_000,
    });
  }

  private failure(step: string, output: string): TerraformFailure {
    return new TerraformFailure(step, this.stack.name, output);
  }
}

/** A PostgreSQL that takes connections and does not answer would be waited for without end. Seconds. */
function backendWait(): Record<string, string> {
  return process.env.PGCONNECT_TIMEOUT === undefined ? { PGCONNECT_TIMEOUT: "30" } : {};
}

/**
 * Starts Terraform so that only its owner can read what it writes. Some commands leave copies of the state, which everybody
 * could read otherwise. The started program keeps the mask; this process gets its own back at once.
 */
export function startTerraform<T extends Options>(binary: string, args: readonly string[], options: T) {
  const mask = process.umask(0o077);
  try {
    return execa(binary, args, options);
  } finally {
    process.umask(mask);
  }
}

/** The path of the local state at the last init, by what Terraform notes of it. What cannot be read, it tells itself. */
function lastLocalPath(noted = ""): string | undefined {
  try {
    const { type, config } = (JSON.parse(noted) as { backend: { type: string; config: { path?: string } } }).backend;
    return type === "local" ? config.path || undefined : undefined;
  } catch {
    return undefined;
  }
}

/** execa leaves out a stream that was not captured. */
function text(stream: string | undefined): string {
  return stream ?? "";
}
