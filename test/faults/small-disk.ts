import { mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";

/** A disk that is in a file. Needs root. */
export interface SmallDisk {
  /** A folder on it. */
  readonly folder: string;
  /** Takes all the room that is left. */
  fill(): Promise<void>;
  free(): Promise<void>;
  remove(): Promise<void>;
}

/** Keycloak's tables, and what PostgreSQL writes down before it changes them. */
const SIZE = "2G";

/** @param name of the environment: what a killed run of it has left is removed first */
export async function makeSmallDisk(name: string): Promise<SmallDisk> {
  const place = join(tmpdir(), `m2m-disk-${name}`);
  const [file, mounted] = [join(place, "disk"), join(place, "mounted")];
  await execa("umount", [mounted], { reject: false });
  rmSync(place, { recursive: true, force: true });
  mkdirSync(mounted, { recursive: true });
  await execa("truncate", ["--size", SIZE, file]);
  await execa("mkfs.ext4", ["-q", "-m", "0", file]);
  await execa("mount", ["-o", "loop", file, mounted]);
  const folder = join(mounted, "data");
  mkdirSync(folder);
  const rest = join(mounted, "rest");
  return {
    folder,
    fill: async () => {
      const { stdout } = await execa("df", ["--output=avail", "--block-size=1M", mounted]);
      await execa("fallocate", ["--length", `${Number(stdout.split("\n")[1]) - 8}MiB`, rest]);
      const last = await execa("dd", ["if=/dev/zero", `of=${rest}`, "oflag=append", "conv=notrunc"], { reject: false });
      if (!last.stderr.includes("No space left")) throw new Error(`the disk is not full: ${last.stderr}`);
    },
    free: async () => rmSync(rest),
    remove: async () => {
      await execa("umount", [mounted]);
      rmSync(place, { recursive: true });
    },
  };
}
