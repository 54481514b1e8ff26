import { createHash, randomBytes } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { copyFile, mkdir, open, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { BringError } from "./error";
import { duration } from "./run";

export interface Checksum {
  readonly algorithm: "sha256" | "sha512";
  readonly hex: string;
}

/** The folder outside the checkout where everything brought is kept: `M2M_CACHE_DIR`, or one in the user's cache. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.M2M_CACHE_DIR) {
    return env.M2M_CACHE_DIR;
  }
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache"), "cdktf-keycloak-m2m");
}

/** Writes a file beside its final place and renames it, so that readers see the old or the new one, never a half. */
export async function writeAtomically(file: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const half = halfName(file);
  try {
    const handle = await open(half, "wx", mode);
    try {
      await handle.writeFile(content);
      await handle.chmod(mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(half, file);
  } finally {
    await rm(half, { force: true });
  }
}

/** Copies a file into place atomically; with a checksum, only if it matches. */
export async function placeFile(from: string, to: string, options: { checksum?: Checksum; mode?: number } = {}) {
  await mkdir(dirname(to), { recursive: true });
  const half = halfName(to);
  try {
    await copyFile(from, half);
    if (options.checksum) {
      await verifyChecksum(half, options.checksum, from);
    }
    const handle = await open(half, "r+");
    try {
      await handle.chmod(options.mode ?? 0o644);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(half, to);
  } finally {
    await rm(half, { force: true });
  }
}

/** Throws `checksum-mismatch` unless the file's content is the pinned one. */
export async function verifyChecksum(file: string, expected: Checksum, shownName = file): Promise<void> {
  const hash = createHash(expected.algorithm);
  await pipeline(createReadStream(file), hash);
  const got = hash.digest("hex");
  if (got !== expected.hex) {
    throw new BringError(
      "checksum-mismatch",
      `${shownName} is not the file this version expects: ${expected.algorithm} must be ${expected.hex}, got: ${got}; ` +
        "it was not used. Remove it and try again; if it comes back the same, the place it is fetched from serves " +
        "another file under this name",
    );
  }
}

/** Runs `work` with a new empty folder inside the cache, and removes the folder afterwards. */
export async function withWorkFolder<T>(cache: string, name: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = join(cache, "work", `${name}-${process.pid}-${randomBytes(4).toString("hex")}`);
  await mkdir(folder, { recursive: true });
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

const BEAT_MS = 2_000;
const STALE_MS = 20_000;

/**
 * Runs `work` while no other process does the work of this name. The holder touches its lock file every two seconds;
 * one whose process has gone, or that was not touched for twenty, is taken over. Half-made work of a holder that was
 * ended is removed first.
 */
export async function withLock<T>(
  cache: string,
  name: string,
  options: { say: (text: string) => void; waitMs: number },
  work: () => Promise<T>,
): Promise<T> {
  const file = join(cache, "locks", `${name}.lock`);
  await mkdir(dirname(file), { recursive: true });
  const begin = Date.now();
  let told = false;
  while (!(await takeLock(file))) {
    if (!told) {
      options.say(`Another run is at work on ${name}; waiting for it (lock: ${file})`);
      told = true;
    }
    if (Date.now() - begin > options.waitMs) {
      throw new BringError(
        "lock-timeout",
        `Another run has been at work on ${name} for ${duration(options.waitMs)}; wait for it to end, or end it, and ` +
          `try again (lock: ${file})`,
      );
    }
    await sleep(500);
  }
  const beat = setInterval(() => void utimes(file, new Date(), new Date()).catch(() => {}), BEAT_MS);
  beat.unref();
  try {
    await removeLeftovers(cache, name);
    return await work();
  } finally {
    clearInterval(beat);
    await rm(file, { force: true });
  }
}

async function takeLock(file: string): Promise<boolean> {
  try {
    await writeFile(file, `${process.pid}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      throw error;
    }
  }
  try {
    const [pid, { mtimeMs }] = [Number(await readFile(file, "utf8")), await stat(file)];
    const age = Math.abs(Date.now() - mtimeMs); // a clock that was set back makes it lie ahead
    if (age > STALE_MS || (pid > 0 && age > BEAT_MS * 2 && !isAlive(pid))) {
      await rm(file, { force: true });
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
      throw error;
    }
  }
  return false;
}

/** Work folders and half-written files of this name whose process was ended before it could remove them. */
async function removeLeftovers(cache: string, name: string): Promise<void> {
  const folder = join(cache, "work");
  if (!existsSync(folder)) {
    return;
  }
  for (const entry of await readdir(folder)) {
    const pid = new RegExp(`^${name.replaceAll(".", "\\.")}-(\\d+)-[0-9a-f]{8}$`).exec(entry)?.[1];
    if (pid && Number(pid) !== process.pid && !isAlive(Number(pid))) {
      await rm(join(folder, entry), { recursive: true, force: true, maxRetries: 3 });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function halfName(file: string): string {
  return join(dirname(file), `.${basename(file)}.${process.pid}.${randomBytes(4).toString("hex")}.half`);
}
