import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A file bundled beside this program, in `dist`. */
export function packageFile(name: string): string {
  return join(__dirname, name);
}

/** The embedded provider's bundle. */
export const PROVIDER_BUNDLE = "terraform-provider-keycloak.cjs";

export function packageVersion(): string {
  return JSON.parse(readFileSync(join(__dirname, "..", "package.json"), "utf8")).version;
}
