import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** The nearest folder with a `cdktf.json`, from a folder upwards; `undefined` if there is none. */
export function findProjectFolder(from: string): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "cdktf.json"))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

/** The folder that relative paths start from: that of the user's `cdktf.json`, or the working folder without one. */
export function projectFolder(): string {
  return findProjectFolder(process.cwd()) ?? process.cwd();
}

/** The state file of a stack, beside `cdktf.json` (`PrivateLocalBackend`). */
export function stateFileName(stack: string): string {
  return `terraform.${stack}.tfstate`;
}

/** The stack whose state a file beside `cdktf.json` is; `undefined` for any other file, such as a backup. */
export function stackOfStateFile(name: string): string | undefined {
  return /^terraform\.(.+)\.tfstate$/.exec(name)?.[1];
}

/** What `m2m` keeps of a project, beside `cdktf.json`. */
export function m2mFolder(project: string): string {
  return join(project, ".m2m");
}
