import { readTextIfThere } from "../../constructs/keys/read-file";
import { ToolError } from "../output";
import { type BringContext, must, run } from "./run";
import { isRoot } from "./this-machine";

export interface DebianRelease {
  readonly codename: string;
  /** The Java runtime of this release that Keycloak runs on. */
  readonly javaPackage: string;
  /** What brings the Docker engine and its client. */
  readonly dockerPackages: readonly string[];
}

const RELEASES: Record<string, DebianRelease> = {
  bookworm: {
    codename: "bookworm",
    javaPackage: "openjdk-17-jre-headless",
    dockerPackages: ["docker.io", "iptables"],
  },
  trixie: {
    codename: "trixie",
    javaPackage: "openjdk-21-jre-headless",
    dockerPackages: ["docker.io", "docker-cli", "iptables"],
  },
};

/** The Debian release this machine runs, or undefined on any other system. */
export function debianRelease(osReleaseFile = "/etc/os-release"): DebianRelease | undefined {
  const text = readTextIfThere(osReleaseFile);
  if (text === undefined) return undefined;
  const value = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, "m").exec(text)?.[1];
  return value("ID") === "debian" ? RELEASES[value("VERSION_CODENAME") ?? ""] : undefined;
}

const APT = ["-o", "Acquire::http::Timeout=30", "-o", "Acquire::https::Timeout=30", "-o", "Acquire::Retries=2"];

/**
 * Prints the command, then installs Debian packages. Without root, and on another system, it fails with an error that says
 * what to install.
 */
export async function installPackages(packages: readonly string[], why: string, context: BringContext): Promise<void> {
  const names = packages.join(" ");
  const commands = `apt-get update && apt-get install -y --no-install-recommends ${names}`;
  if (!debianRelease()) {
    throw new ToolError(
      "needs-debian",
      `${why}. m2m can install it on Debian 12 and 13 only; install what Debian calls ${names} with your system's package manager and try again`,
    );
  }
  if (!isRoot()) {
    throw new ToolError("needs-root", `${why}. Installing it needs root; run:\n  sudo sh -c '${commands}'`);
  }
  context.warn(`${why}. Changing this system: ${commands}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await context.step(`Installing ${names}`, async () => {
    await run("apt-get", [...APT, "update"], { timeoutMs: 180_000, env });
    await must(
      "apt-get",
      [...APT, "-o", "DPkg::Lock::Timeout=120", "install", "-y", "--no-install-recommends", ...packages],
      { timeoutMs: 900_000, env, failure: `${names} could not be installed`, code: "download-failed" },
    );
  });
}

/** The address that this machine's own apt configuration gives for a Debian release. */
export async function configuredMirror(codename: string): Promise<string> {
  const { stdout } = await must(
    "apt-get",
    ["indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(CODENAME)|$(COMPONENT)", "Created-By: Packages"],
    { timeoutMs: 30_000, failure: "apt's configuration could not be read" },
  );
  const found = pickMirror(stdout, codename);
  if (!found) {
    throw new ToolError(
      "not-supported",
      `no package source for Debian ${codename} (component main) in /etc/apt/sources.list or /etc/apt/sources.list.d; ` +
        "add one and try again",
    );
  }
  return found;
}

export function pickMirror(indexTargets: string, codename: string): string | undefined {
  const rows = indexTargets.split("\n").map((line) => line.trim().split("|"));
  const row = rows.find((row) => row.slice(1, 3).includes(codename) && row[3] === "main");
  return row?.[0]?.replace(/\/$/, "");
}
