import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CANCEL, LIFE_VARIABLE, type TestEvent } from "./events";
import { javascriptStack } from "./javascript-stack";
import { kill, livingWorkers, threadsOf, type Worker } from "./processes";
import { type FileTime, Tally } from "./tally";

/** Nothing may be heard for so long of a worker, or of the run as a whole. */
const SILENCE_MS = 5 * 60_000;
/** What Vitest gets to end a test that has reached its own time-out. */
const MARGIN_MS = 30_000;
/** What Vitest gets to clean up after a run that hangs: it takes down what stands in Docker. */
const CLEAN_UP_MS = 60_000;
const LOOK_EVERY_MS = 500;
/** A worker that is alive has said so within this time. */
const TURNING_MS = 5_000;

export interface WatchedRun {
  /** The checkout whose Vitest is run. */
  readonly checkout: string;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** The Node.js that runs Vitest and its workers. @default the one that runs here */
  readonly node?: string;
  /** @default 300_000 */
  readonly silenceMs?: number;
  /** @default 60_000 */
  readonly cleanUpMs?: number;
  /** What becomes of Vitest's own output. @default "inherit" */
  readonly output?: "inherit" | "ignore";
  /** Tells a person what hangs. */
  warn(text: string): void;
}

export interface Outcome {
  readonly exitCode: number;
  readonly passed: number;
  /** At least one if the exit code is not 0. */
  readonly failed: number;
  /** One line for each failed test, and for each file that failed outside of its tests. */
  readonly failures: readonly string[];
  readonly times: readonly FileTime[];
}

/**
 * Runs Vitest, and ends a run that hangs:
 * - if the event loop of a worker has not turned for five minutes (an endless loop, a lock that nobody opens), whatever
 *   the other workers do meanwhile;
 * - if nothing has begun or ended for five minutes. While a test or a hook runs whose own time-out is longer, Vitest gets
 *   until then to end it: the first `up` of the end-to-end tests may take ten minutes.
 */
export async function runWatched(run: WatchedRun): Promise<Outcome> {
  const life = mkdtempSync(join(tmpdir(), "m2m-tests-"));
  const tally = new Tally();
  const vitest = start(run, life, tally);
  const over = new AbortController();
  const exit = (once(vitest, "close") as Promise<[number | null]>).finally(() => over.abort());
  try {
    const hang = await firstHang(run, life, tally, over.signal);
    if (hang) await giveUp({ ...run, vitest, life, tally, over: over.signal }, hang);
    const [code] = await exit;
    const exitCode = hang ? code || 1 : (code ?? 1);
    // Vitest says that a worker exited, and not in which file.
    if (!hang && tally.openFiles.length > 0) run.warn(`a worker died in: ${tally.openFiles.join(", ")}`);
    return {
      exitCode,
      passed: tally.passed,
      failed: exitCode === 0 ? tally.failures.length : Math.max(tally.failures.length, 1),
      failures: tally.failures,
      times: tally.times,
    };
  } finally {
    rmSync(life, { recursive: true, force: true });
  }
}

function start(
  { checkout, args = [], env, node = process.execPath, output = "inherit" }: WatchedRun,
  life: string,
  tally: Tally,
): ChildProcess {
  const program = join(checkout, "node_modules", "vitest", "vitest.mjs");
  const reporter = join(checkout, "tools", "test-run", "reporter.ts");
  const vitest = fork(program, ["run", "--reporter=default", `--reporter=${reporter}`, ...args], {
    cwd: checkout,
    env: { ...process.env, ...env, [LIFE_VARIABLE]: life },
    execPath: node,
    execArgv: [],
    stdio: ["ignore", output, output, "ipc"],
  });
  vitest.on("message", (event) => tally.take(event as TestEvent));
  return vitest;
}

interface Hang {
  readonly what: readonly string[];
  readonly workers: readonly Worker[];
}

/** Waits until something hangs, or, with undefined, until the run is over. */
async function firstHang(run: WatchedRun, life: string, tally: Tally, over: AbortSignal): Promise<Hang | undefined> {
  const { silenceMs = SILENCE_MS } = run;
  for (; !over.aborted; await sleep(LOOK_EVERY_MS, undefined, { signal: over }).catch(() => undefined)) {
    const workers = workersAtWork(run, life, tally);
    const silent = workers.filter((worker) => worker.silentMs > silenceMs);
    if (silent.length > 0) return { what: silent.map(({ file }) => file), workers: silent };
    const timeoutMs = tally.longestTimeoutMs;
    const patienceMs = Math.max(silenceMs, timeoutMs && timeoutMs + MARGIN_MS);
    if (tally.silentMs > patienceMs) return { what: [...tally.openTests, ...tally.openFiles], workers };
  }
  return undefined;
}

/** A worker whose file has ended is gone, and another program may have its process id. */
function workersAtWork({ checkout }: WatchedRun, life: string, tally: Tally): Worker[] {
  return livingWorkers(life)
    .map((worker) => ({ ...worker, file: relative(checkout, worker.file) }))
    .filter(({ file }) => tally.openFiles.some((open) => `/${file}`.endsWith(`/${open}`)));
}

interface HungRun extends WatchedRun {
  readonly vitest: ChildProcess;
  readonly life: string;
  readonly tally: Tally;
  readonly over: AbortSignal;
}

async function giveUp(run: HungRun, { what, workers }: Hang): Promise<void> {
  const { vitest, life, tally, over, warn, cleanUpMs = CLEAN_UP_MS } = run;
  warn(`the test run hangs, in: ${what.join(", ") || "Vitest itself"}`);
  vitest.send(CANCEL, () => undefined);
  for (const { pid, file, silentMs } of workers) {
    const threads = threadsOf(pid);
    const where = silentMs < TURNING_MS ? "its event loop turns" : await javascriptStack(pid);
    warn([`${file}, process ${pid}:`, where ?? "no JavaScript stack: no answer to the debugger", threads].join("\n"));
    kill(pid); // which frees the debugger's port for the next
  }
  warn(`Vitest, process ${vitest.pid}:\n${threadsOf(vitest.pid!)}`);
  await sleep(cleanUpMs, undefined, { signal: over }).catch(() => undefined);
  if (over.aborted) return;
  warn(`Vitest has not ended within ${cleanUpMs / 1000} s and is killed; containers of tests may be left in Docker`);
  for (const { pid } of workersAtWork(run, life, tally)) kill(pid);
  vitest.kill("SIGKILL");
}
