import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** A worker process of Vitest, and the test file that it runs. */
export interface Worker {
  readonly pid: number;
  readonly file: string;
  /** Since when its event loop has not turned. */
  readonly silentMs: number;
}

/** The workers that are there, by the signs of life that each leaves in the folder. */
export function livingWorkers(folder: string): Worker[] {
  const pids = readdirSync(folder).filter((name) => /^\d+$/.test(name) && isThere(Number(name)));
  return pids.map((name) => {
    const sign = join(folder, name);
    return { pid: Number(name), file: readFileSync(sign, "utf8"), silentMs: Date.now() - statSync(sign).mtimeMs };
  });
}

export function kill(pid: number): void {
  if (isThere(pid)) process.kill(pid, "SIGKILL");
}

/** What the kernel says of each thread, on Linux. One that waits for a lock sleeps in a futex, for ever if it is dead. */
export function threadsOf(pid: number): string {
  const threads = `/proc/${pid}/task`;
  if (!existsSync(threads)) return "";
  const [main = "", ...others] = readdirSync(threads).map((thread) => {
    const read = (name: string) => readOrNothing(join(threads, thread, name)).trim();
    const state = /^State:\s*(.*)$/m.exec(read("status"))?.[1];
    return `${read("comm")}: ${state}, in ${read("wchan") || "?"}, system call ${read("syscall").split(" ")[0] || "?"}`;
  });
  const counts = new Map<string, number>();
  for (const text of others) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [`main thread ${main}`, ...[...counts].map(([text, count]) => `${count} x ${text}`)].join("\n");
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // ended meanwhile, or the kernel shows it to nobody
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
