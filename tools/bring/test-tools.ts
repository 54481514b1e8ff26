import { existsSync } from "node:fs";
import { installPackages } from "./debian";
import type { BringContext } from "./run";
import { findProgram } from "./this-machine";

/** Programs that this project's own checks and tests start. */
export async function bringTestTools(context: BringContext): Promise<void> {
  const programs = ["shellcheck", "jq", "curl", "openssl", "chromium"].filter(
    (program) => findProgram(program) === undefined,
  );
  // Of a state that is kept in a database. Debian has its programs in a folder of their own.
  const packages = [...programs, ...(existsSync("/usr/lib/postgresql") ? [] : ["postgresql"])];
  if (packages.length > 0) await installPackages(packages, "The tests need more programs", context);
}
