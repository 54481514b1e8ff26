import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { findProjectFolder } from "../../constructs/contract/project-files";
import type { StackJson } from "../../constructs/contract/terraform-json";
import { MOST_STATE_BYTES, readTextFile, UnreadableFile } from "../../constructs/keys/read-file";
import { quoted } from "../../constructs/keys/shown";
import { ToolError } from "../output";

/** The folder with `cdktf.json` and what it says. */
export interface Project {
  readonly folder: string;
  /** The command that synthesizes. */
  readonly app: string;
  readonly outdir: string;
  readonly context: Record<string, unknown>;
}

/** What a remark begins with, by cdktf's level. An error ends a synthesis. */
const WORDS: Readonly<Record<string, string>> = { "@cdktf/info": "note", "@cdktf/warn": "warning" };

/** Whether a line tells a remark of the app. */
export function isRemark(line: string): boolean {
  return Object.values(WORDS).some((word) => line.startsWith(`${word}: `));
}

/** One synthesized stack. */
export interface Stack {
  readonly name: string;
  /** Where Terraform runs. */
  readonly folder: string;
  readonly json: SynthesizedJson;
  /** Warnings and notes of the constructs. */
  readonly remarks: readonly string[];
}

type ProviderConfiguration = { readonly alias?: string; readonly url?: string };
type Resources = Record<string, Record<string, Record<string, unknown>>>;

export interface SynthesizedJson extends StackJson {
  readonly resource?: Resources;
  readonly data?: Resources;
  readonly variable?: Record<string, { readonly default?: string | null }>;
  /** cdktf writes a list for each provider, other programs may write one alone. */
  readonly provider?: Record<string, ProviderConfiguration | readonly ProviderConfiguration[]>;
  readonly terraform: StackJson["terraform"] & { readonly backend?: { readonly local?: { readonly path: string } } };
}

interface Manifest {
  readonly stacks: Record<
    string,
    {
      readonly name: string;
      readonly synthesizedStackPath: string;
      readonly workingDirectory: string;
      readonly annotations: readonly { level: string; message: string; constructPath: string }[];
      readonly dependencies: readonly string[];
    }
  >;
}

export function openProject(from = process.cwd()): Project {
  const folder = findProjectFolder(from);
  if (folder === undefined) {
    throw new ToolError("no-project", `no cdktf.json in ${from} or above it; change into a CDK for Terraform project`);
  }
  const { app, output = "cdktf.out", context = {} } = readCdktfJson(join(folder, "cdktf.json"));
  return { folder, app, outdir: resolve(folder, output), context };
}

function readCdktfJson(path: string): { app: string; output?: string; context?: Record<string, unknown> } {
  const invalid = (problem: string, cause?: unknown) =>
    new ToolError("project-invalid", `${path} ${problem}`, { cause });
  let content: { app?: unknown } | null;
  try {
    content = JSON.parse(readTextFile(path));
  } catch (cause) {
    if (cause instanceof UnreadableFile) throw cause;
    throw invalid(`must be JSON, got: ${(cause as Error).message}`, cause);
  }
  const app = content?.app;
  if (typeof app === "string" && app.trim() !== "") return { ...content, app };
  throw invalid(`must name the program that synthesizes, as in "app": "npx tsx main.ts", got: ${quoted(app)}`);
}

/** The stacks of the last synthesis, a stack after those it depends on. */
export function readStacks(project: Project): Stack[] {
  const path = join(project.outdir, "manifest.json");
  if (!existsSync(path)) return [];
  const { stacks } = JSON.parse(readTextFile(path, { mostBytes: MOST_STATE_BYTES })) as Manifest;
  const ordered = new Map<string, Stack>();
  const visit = (name: string): void => {
    const entry = stacks[name];
    if (!entry || ordered.has(name)) return;
    entry.dependencies.forEach(visit);
    ordered.set(name, {
      name,
      folder: join(project.outdir, entry.workingDirectory),
      json: JSON.parse(readTextFile(join(project.outdir, entry.synthesizedStackPath), { mostBytes: MOST_STATE_BYTES })),
      remarks: entry.annotations.map(
        ({ level, constructPath, message }) => `${WORDS[level] ?? "warning"}: [${constructPath}] ${message}`,
      ),
    });
  };
  Object.keys(stacks).forEach(visit);
  return [...ordered.values()];
}

/** The addresses of a stack's resources whose type starts with a prefix, as `TYPE.NAME`. */
export function addresses(stack: Stack, prefix: string): string[] {
  return Object.entries(stack.json.resource ?? {})
    .filter(([type]) => type.startsWith(prefix))
    .flatMap(([type, named]) => Object.keys(named).map((name) => `${type}.${name}`));
}
