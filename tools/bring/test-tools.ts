import { installPackages } from "./debian";
import type { BringContext } from "./run";
import { findProgram } from "./this-machine";

/** Programs that this project's own checks and tests start. */
export async function bringTestTools(context: BringContext): Promise<void> {
  const packages = ["shellcheck", "jq", "curl", "openssl"].filter((program) => findProgram(program) === undefined);
  if (packages.length > 0) await installPackages(packages, "The tests need more programs", context);
}
