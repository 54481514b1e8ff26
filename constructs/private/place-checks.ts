import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { projectFolder } from "../contract/project-files";
import { shown } from "../keys/shown";
import { check } from "./checks";

/** Checks the name of a key pair or certificate. A key that is given in its place would stand in names of files, which are committed. */
export function checkName(name: string): string[] {
  const rule = "must be 1 to 63 letters, digits, dots, dashes or underscores, as it names files";
  return check("name", name, (n) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(n) && shown(n) === n, rule);
}

/** A folder, or a path where one can be made. */
export function checkDirectory(prop: string, directory: string): string[] {
  const rule =
    "must be a folder, absolute or relative to cdktf.json; choose another, or move the file away that is in its place";
  return check(prop, directory, (d) => canBeFolder(resolve(projectFolder(), d)), rule);
}

function canBeFolder(path: string): boolean {
  return existsSync(path) ? statSync(path).isDirectory() : canBeFolder(dirname(path));
}
