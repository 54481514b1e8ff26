import { mkdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readTextFile, UnreadableFile } from "../constructs/keys/read-file";
import { duration } from "./duration";
import { ToolError } from "./output";

/** The holder touches its lock file this often. */
const BEAT_MS = 2_000;
/** A lock file that nobody touched for this long is taken over. */
const STALE_MS = 20_000;
const POLL_MS = 500;

export interface LockOptions {
  /** Tells that another process has to be waited for. */
  readonly say: (text: string) => void;
  readonly waitMs: number;
}

/**
 * Runs `work` while no other process does the work of this name. The lock of a process that has ended is taken over.
 *
 * @param folder where the locks lie, in `locks/`
 * @throws {ToolError} `lock-timeout` if another process still holds it after `waitMs`
 */
export async function withLock<T>(
  folder: string,
  name: string,
  options: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  const file = join(folder, "locks", `${name}.lock`);
  await mkdir(dirname(file), { recursive: true });
  await waitFor(file, name, options);
  const beat = setInterval(() => void utimes(file, new Date(), new Date()).catch(() => {}), BEAT_MS);
  beat.unref();
  try {
    return await work();
  } finally {
    clearInterval(beat);
    await rm(file, { force: true });
  }
}

async function waitFor(file: string, name: string, { say, waitMs }: LockOptions): Promise<void> {
  const begin = Date.now();
  let told = false;
  while (!(await takeLock(file))) {
    if (!told) say(`another run is at work on ${name}; waiting for it (lock: ${file})`);
    told = true;
    if (Date.now() - begin > waitMs) {
      throw new ToolError(
        "lock-timeout",
        `another run has been at work on ${name} for ${duration(waitMs)}; wait for it to end, or end it, and try again (lock: ${file})`,
      );
    }
    await sleep(POLL_MS);
  }
}

async function takeLock(file: string): Promise<boolean> {
  try {
    await writeFile(file, `${process.pid}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  await removeAbandoned(file);
  return false;
}

async function removeAbandoned(file: string): Promise<void> {
  try {
    const [pid, { mtimeMs }] = [Number(readTextFile(file)), await stat(file)];
    const age = Math.abs(Date.now() - mtimeMs); // a clock that was set back makes it lie ahead
    if (age > STALE_MS || (pid > 0 && age > BEAT_MS * 2 && !isAlive(pid))) await rm(file, { force: true });
  } catch (error) {
    if (error instanceof UnreadableFile && error.reason === "ENOENT") return;
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
