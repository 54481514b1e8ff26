import { existsSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { ToolError } from "../output";
import { placeFile, withCacheLock, withWorkFolder } from "./cache";
import { configuredMirror, type DebianRelease, debianRelease, installPackages } from "./debian";
import { type BringContext, must } from "./run";
import { findProgram, isRoot } from "./this-machine";

/** Counts the changes of what is in the root. A new number makes a new root. */
const EDITION = 1;

/** What no container needs. */
const NEEDLESS = ["usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/lintian"];
const EMPTIED = ["var/cache/apt", "var/cache/debconf", "var/lib/apt/lists", "var/log", "tmp", "var/tmp"];

export interface RootFilesystem {
  /** A compressed tar of the root. */
  readonly file: string;
  /** What makes it this root: release, runtime, edition. */
  readonly tag: string;
}

/** The base of both local images: the smallest Debian of this machine's release, with a Java runtime. */
export async function bringRootFilesystem(cache: string, context: BringContext): Promise<RootFilesystem> {
  const release = rootRelease();
  const root = describeRoot(cache, release);
  if (existsSync(root.file)) {
    return root;
  }
  return await withCacheLock(cache, "root-filesystem", { say: context.say, waitMs: 1_200_000 }, async () => {
    if (existsSync(root.file)) {
      return root;
    }
    if (!isRoot()) {
      throw new ToolError(
        "needs-root",
        "Local images are made with debootstrap, which needs root; make them once as root, and every user of this " +
          `Docker engine can use them:\n  sudo env M2M_CACHE_DIR=${cache} PATH="$PATH" ./m2m up`,
      );
    }
    if (!findProgram("debootstrap")) {
      await installPackages(["debootstrap"], "debootstrap, which makes the root of local images, is missing", context);
    }
    const mirror = await configuredMirror(release.codename);
    await context.step(`Debian ${release.codename} with ${release.javaPackage}: making a root for images`, () =>
      withWorkFolder(cache, "root-filesystem", async (work) => {
        const folder = join(work, "root");
        await debootstrap(folder, release, mirror);
        await shrink(folder);
        const tar = join(work, "root.tar.gz");
        await must("sh", ["-c", 'tar -C "$1" --numeric-owner --sort=name -c . | gzip -1 > "$2"', "sh", folder, tar], {
          timeoutMs: 300_000,
          failure: "The root for images could not be packed",
          code: "build-failed",
        });
        await placeFile(tar, root.file);
      }),
    );
    return root;
  });
}

export function describeRoot(cache: string, release: DebianRelease): RootFilesystem {
  const tag = `${release.codename}-${release.javaPackage.replace(/-headless$/, "")}-${EDITION}`;
  return { file: join(cache, "roots", `${tag}-${process.arch}.tar.gz`), tag };
}

/** The release that local images are made of: this machine's own, as its package source and its Node.js fit. */
export function rootRelease(): DebianRelease {
  const release = debianRelease();
  if (!release) {
    throw new ToolError(
      "needs-debian",
      "Local images can be made on Debian 12 and 13 only; make the registry of the official images reachable, or " +
        "make them on such a machine and bring them here with `docker save` and `docker load`",
    );
  }
  return release;
}

/** Runs in a mount namespace of its own: what it mounts goes with it, even if it is ended half-way. */
async function debootstrap(folder: string, release: DebianRelease, mirror: string): Promise<void> {
  await must(
    "unshare",
    [
      "--mount",
      "debootstrap",
      "--variant=minbase",
      `--include=${[release.javaPackage, "ca-certificates", "libstdc++6", "libgcc-s1"].join(",")}`,
      release.codename,
      folder,
      mirror,
    ],
    {
      timeoutMs: 900_000,
      env: { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" },
      failure: `Debian ${release.codename} could not be unpacked with debootstrap`,
      remedy: "Check that apt-get update works on this machine and try again.",
      code: "build-failed",
    },
  );
}

async function shrink(root: string): Promise<void> {
  for (const folder of NEEDLESS) {
    await rm(join(root, folder), { recursive: true, force: true });
  }
  for (const folder of EMPTIED) {
    await mkdir(join(root, folder), { recursive: true });
    for (const entry of await readdir(join(root, folder))) {
      await rm(join(root, folder, entry), { recursive: true, force: true });
    }
  }
  await mkdir(join(root, "var/cache/apt/archives/partial"), { recursive: true });
  for (const file of ["etc/machine-id", "etc/hostname", "etc/resolv.conf"]) {
    await rm(join(root, file), { force: true });
  }
}
