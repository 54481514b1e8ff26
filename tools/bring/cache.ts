import { createHash, randomBytes } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { copyFile, mkdir, readdir, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { checkRegularFile } from "../../constructs/keys/read-file";
import { placeAtomically } from "../atomic-file";
import { isAlive, type LockOptions, withLock } from "../lock";
import { ToolError } from "../output";

export interface Checksum {
  readonly algorithm: "sha256" | "sha512";
  readonly hex: string;
}

/** The folder outside the checkout where everything brought is kept: `M2M_CACHE_DIR`, or one in the user's cache. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.M2M_CACHE_DIR) return env.M2M_CACHE_DIR;
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache"), "cdktf-keycloak-m2m");
}

/** Copies a file into its place. With a checksum, a file that has another one is not used. */
export async function placeFile(
  from: string,
  to: string,
  { checksum, mode = 0o644 }: { checksum?: Checksum; mode?: number } = {},
): Promise<void> {
  await placeAtomically(to, mode, async (half) => {
    checkRegularFile(from);
    await copyFile(from, half);
    if (checksum) await verifyChecksum(half, checksum, from);
  });
}

async function verifyChecksum(file: string, expected: Checksum, shownName: string): Promise<void> {
  const hash = createHash(expected.algorithm);
  await pipeline(createReadStream(file), hash);
  const got = hash.digest("hex");
  if (got === expected.hex) return;
  throw new ToolError(
    "checksum-mismatch",
    `${shownName} is not the file that this version expects: ${expected.algorithm} must be ${expected.hex}, got: ${got}; it was not used. Remove it and try again. If it is the same again, its source serves another file under this name`,
  );
}

/**
 * Runs `work` while no other process makes the same thing in this cache. What a process that was killed left of it is
 * removed first.
 */
export function withCacheLock<T>(
  cache: string,
  name: string,
  options: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  return withLock(cache, name, options, async () => {
    await removeLeftovers(cache, name);
    return await work();
  });
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

/** Work folders of this name whose process was killed before it could remove them. */
async function removeLeftovers(cache: string, name: string): Promise<void> {
  const folder = join(cache, "work");
  if (!existsSync(folder)) return;
  for (const entry of await readdir(folder)) {
    const pid = new RegExp(`^${name.replaceAll(".", "\\.")}-(\\d+)-[0-9a-f]{8}$`).exec(entry)?.[1];
    if (pid && Number(pid) !== process.pid && !isAlive(Number(pid))) {
      await rm(join(folder, entry), { recursive: true, force: true, maxRetries: 3 });
    }
  }
}
