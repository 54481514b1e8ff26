import { execa } from "execa";
import { duration } from "../duration";
import { type Output, ToolError } from "../output";
import { endGroup, endWithThisProcess } from "./process-group";

/** How the parts of this folder talk. `warn` tells what is about to change the system. */
export type BringContext = Pick<Output, "say" | "step" | "warn">;

export interface RunOptions {
  /** How long the command may take before it is ended. */
  readonly timeoutMs: number;
  readonly cwd?: string;
  /** Added to this process's own environment; `undefined` removes a variable. */
  readonly env?: Record<string, string | undefined>;
}

export interface RunResult {
  readonly ok: boolean;
  readonly stdout: string;
  /** The last lines of both streams, for error messages. */
  readonly tail: string;
  readonly timedOut: boolean;
}

/** Runs a program to its end. It never throws: a failure is part of the result. */
export async function run(file: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const { timeoutMs, cwd, env } = options;
  const program = execa(file, args, { cwd, env, stdin: "ignore", all: true, reject: false, detached: true });
  const forget = endWithThisProcess(program);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    endGroup(program);
  }, timeoutMs);
  const { failed, stdout = "", all = "", originalMessage = "" } = await program;
  clearTimeout(timer);
  forget();
  return { ok: !failed && !timedOut, stdout, tail: lastLines(all || originalMessage), timedOut };
}

function lastLines(text: string): string {
  return text.trimEnd().split("\n").slice(-12).join("\n");
}

export interface MustOptions extends RunOptions {
  /** What could not be done, as the first words of the error. */
  readonly failure: string;
  /** What to do about it, as its last words. */
  readonly remedy?: string;
  /** @default "command-failed" */
  readonly code?: string;
}

/** Like {@link run}, but a failure is an error that quotes the command and its last lines. */
export async function must(file: string, args: readonly string[], options: MustOptions): Promise<RunResult> {
  const result = await run(file, args, options);
  if (result.ok) {
    return result;
  }
  const how = result.timedOut ? `no end after ${duration(options.timeoutMs)}` : "it failed";
  const remedy = options.remedy ? `\n${options.remedy}` : "";
  throw new ToolError(
    options.code ?? "command-failed",
    `${options.failure}: ${how}: ${[file, ...args].join(" ")}\n${indent(result.tail)}${remedy}`,
  );
}

export function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}
