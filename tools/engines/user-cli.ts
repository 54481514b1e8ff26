import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { readTextIfThere } from "../../constructs/keys/read-file";

const OURS = "# Written by m2m for the providers that this machine made itself.";
const OWN = "# Your own configuration: ";

/** The first lines of a CLI configuration that `m2m` writes: what it is, and the file whose settings it keeps. */
export function header(): string {
  return `${OURS}\n${OWN}${userCliFile()}`;
}

/** The user's own Terraform CLI configuration; empty if there is none. */
export function userCliText(): string {
  return read(userCliFile());
}

/**
 * `TF_CLI_CONFIG_FILE` may name a file that does not exist: Terraform then reads no other. After `eval "$(m2m env)"` it
 * names a file that `m2m` wrote: the user's own is then the one that file was made from.
 */
function userCliFile(): string {
  const home = join(process.env.HOME || homedir(), ".terraformrc");
  const file = process.env.TF_CLI_CONFIG_FILE || home;
  const [first, second = ""] = read(file).split("\n");
  if (first !== OURS) return file;
  return second.startsWith(OWN) ? second.slice(OWN.length) : home;
}

function read(file: string): string {
  return readTextIfThere(file) ?? "";
}

/**
 * The folders that Terraform uses as filesystem mirrors by itself, if they exist. It uses none of them if the user's
 * configuration names installation methods.
 *
 * @see https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
 */
export function impliedMirrors(own: string): string[] {
  if (/^\s*provider_installation\b/m.test(own)) return [];
  const home = process.env.HOME || homedir();
  const { XDG_DATA_HOME, XDG_DATA_DIRS } = process.env;
  const shared = (XDG_DATA_DIRS || "/usr/local/share:/usr/share").split(":");
  const data = [XDG_DATA_HOME || join(home, ".local", "share"), ...shared].map((folder) => join(folder, "terraform"));
  const mac = [home, "/"].map((folder) => join(folder, "Library", "Application Support", "io.hashicorp.terraform"));
  const folders = [join(home, ".terraform.d"), ...(process.platform === "darwin" ? mac : data)];
  return folders.map((folder) => join(folder, "plugins")).filter((folder) => existsSync(folder));
}

/** The addresses of the providers in a filesystem mirror: its first three levels of folders. */
export function mirroredProviders(mirror: string): string[] {
  return foldersIn(mirror).flatMap((host) =>
    foldersIn(join(mirror, host)).flatMap((namespace) =>
      foldersIn(join(mirror, host, namespace)).map((type) => `${host}/${namespace}/${type}`),
    ),
  );
}

function foldersIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map(({ name }) => name)
    .filter((name) => existsSync(join(folder, name, ".")));
}
