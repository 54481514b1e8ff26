import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Writes a whole file. Readers see the old one or the new one, never a half. */
export function writeAtomically(file: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  return placeAtomically(file, mode, (half) => writeFile(half, content, { flag: "wx", mode }));
}

/** Has a file made beside its final place, then renames it. */
export async function placeAtomically(
  file: string,
  mode: number,
  make: (half: string) => Promise<void>,
): Promise<void> {
  const folder = dirname(file);
  await mkdir(folder, { recursive: true });
  const half = join(folder, `.${basename(file)}.${process.pid}.${randomBytes(4).toString("hex")}.half`);
  try {
    await make(half);
    await finish(half, mode);
    await rename(half, file);
  } finally {
    await rm(half, { force: true });
  }
}

/** Gives the file its mode, whatever the umask is, and has its content on the disk. */
async function finish(file: string, mode: number): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
