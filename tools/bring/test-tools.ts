import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "./cache";
import { installPackages } from "./debian";
import { bringGo, type GoToolchain } from "./go-toolchain";
import { type BringContext, run } from "./run";
import { findProgram } from "./this-machine";

/** Programs that this project's own checks and tests start, with the Debian package of each. */
const PROGRAMS = {
  shellcheck: "shellcheck",
  jq: "jq",
  curl: "curl",
  openssl: "openssl",
  chromium: "chromium",
  // Of the services in other languages.
  mvn: "maven",
  javac: "default-jdk-headless",
};

/** @param extent with `faults`, also what faults under load are made with */
export async function bringTestTools(context: BringContext, extent: { readonly faults: boolean }): Promise<void> {
  const missing = Object.entries(PROGRAMS).flatMap(([program, name]) => (findProgram(program) ? [] : [name]));
  // Of a state that is kept in a database. Debian has its programs in a folder of their own.
  if (!existsSync("/usr/lib/postgresql")) missing.push("postgresql");
  if (extent.faults && !(findProgram("gcc") && existsSync("/usr/include/dlfcn.h"))) missing.push("gcc", "libc6-dev");
  // Debian's Python comes without what makes an environment of its own.
  const hasVenv = await run("python3", ["-c", "import ensurepip, venv"], { timeoutMs: 30_000 });
  if (!hasVenv.ok) missing.push("python3-venv");
  if (missing.length > 0) await installPackages(missing, "The tests need more programs", context);
  await bringTestGo(context);
}

/** Where the services in other languages have what they are built with and of. */
export function languagesFolder(): string {
  return join(cacheFolder(), "languages");
}

/** The Go of this machine, or one of the tests' own: that of the Docker provider is removed when it is built. */
export function bringTestGo(context: BringContext): Promise<GoToolchain> {
  return bringGo(join(languagesFolder(), "go"), context);
}
