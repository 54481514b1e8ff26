import { join } from "node:path";
import { readTextFile } from "../constructs/keys/read-file";

/** A file bundled beside this program, in `dist`. */
export function packageFile(name: string): string {
  return join(__dirname, name);
}

/** The embedded provider's bundle. */
export const PROVIDER_BUNDLE = "terraform-provider-keycloak.cjs";

export function packageVersion(): string {
  return JSON.parse(readTextFile(join(__dirname, "..", "package.json"))).version;
}
