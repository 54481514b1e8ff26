import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { duration, type Output, ToolError } from "../output";

/** How the parts of this folder talk; `warn` tells what is about to change the system. */
export type BringContext = Pick<Output, "say" | "warn">;

export interface RunOptions {
  /** The longest the command may take; then it is ended. */
  readonly timeoutMs: number;
  readonly cwd?: string;
  /** Added to this process's own environment; `undefined` removes a variable. */
  readonly env?: Record<string, string | undefined>;
}

export interface RunResult {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
  /** The last lines of both streams, for error messages. */
  readonly tail: string;
  readonly timedOut: boolean;
  /** The program itself was not found. */
  readonly missing: boolean;
}

/** Runs a program to its end and never throws: a failure is part of the result. */
export async function run(file: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const env: NodeJS.ProcessEnv = { ...process.env, ...options.env };
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const all: Buffer[] = [];
  let timedOut = false;
  const outcome = await new Promise<number | NodeJS.ErrnoException | null>((resolve) => {
    const child = spawn(file, args, { cwd: options.cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    const forget = endWithThisProcess(child);
    const timer = setTimeout(() => {
      timedOut = true;
      endGroup(child);
    }, options.timeoutMs);
    child.stdout.on("data", (chunk: Buffer) => {
      out.push(chunk);
      all.push(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      err.push(chunk);
      all.push(chunk);
    });
    const finish = (value: number | NodeJS.ErrnoException | null) => {
      clearTimeout(timer);
      forget();
      resolve(value);
    };
    child.on("error", finish);
    child.on("close", finish);
  });
  const error = outcome instanceof Error ? outcome : undefined;
  const text = Buffer.concat(all).toString().trimEnd() || (error?.message ?? "");
  return {
    ok: outcome === 0 && !timedOut,
    stdout: Buffer.concat(out).toString(),
    stderr: Buffer.concat(err).toString(),
    tail: text.split("\n").slice(-12).join("\n"),
    timedOut,
    missing: error?.code === "ENOENT",
  };
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

/** The full path of a program on PATH, or undefined. */
export function findProgram(name: string, path = process.env.PATH ?? ""): string | undefined {
  const candidates = name.includes("/") ? [name] : path.split(delimiter).map((folder) => join(folder || ".", name));
  return candidates.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Prints when a step begins, every quarter of a minute while it lasts, and when it ends. */
export async function step<T>(say: (text: string) => void, what: string, work: () => Promise<T>): Promise<T> {
  const begin = Date.now();
  say(`${what} …`);
  const timer = setInterval(() => say(`${what} … ${duration(Date.now() - begin)}`), 15_000);
  timer.unref();
  try {
    const value = await work();
    say(`${what}: done in ${duration(Date.now() - begin)}`);
    return value;
  } finally {
    clearInterval(timer);
  }
}

export function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}

const running = new Set<ChildProcess>();
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A program started here has a process group of its own, which ends with this process. */
function endWithThisProcess(child: ChildProcess): () => void {
  if (running.size === 0) {
    process.on("exit", endRunning);
    for (const signal of SIGNALS) {
      process.on(signal, passOn);
    }
  }
  running.add(child);
  return () => {
    running.delete(child);
    if (running.size === 0) {
      removeListeners();
    }
  };
}

/** Ends what runs; where nobody else listens to the signal, this process then ends by it, as it would have. */
function passOn(signal: NodeJS.Signals): void {
  endRunning();
  removeListeners();
  if (process.listenerCount(signal) === 0) {
    process.kill(process.pid, signal);
  }
}

function removeListeners(): void {
  process.off("exit", endRunning);
  for (const signal of SIGNALS) {
    process.off(signal, passOn);
  }
}

function endRunning(): void {
  for (const child of running) {
    endGroup(child);
  }
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) {
    return;
  }
  try {
    process.kill(-child.pid, "SIGTERM");
  } catch {
    child.kill();
  }
}
