import { shownPath } from "../../constructs/keys/shown";
import { ToolError } from "../output";
import type { DeclaredDatabase } from "./declared-database";
import { type Facts, isNewer } from "./facts";
import { realmsInWords } from "./words";

/**
 * Refuses what would not do here, before anything of it is in use.
 *
 * @param version of the Keycloak that is to use it, where it says
 * @throws {ToolError} `not-a-backup`, `backup-newer`, `backup-of-other-realm`
 */
export function refuseUnfit(
  file: string,
  facts: Facts | undefined,
  declared: DeclaredDatabase,
  version: string | undefined,
): asserts facts is Facts {
  const where = shownPath(file);
  if (facts === undefined) {
    throw new ToolError("not-a-backup", `${where} is a backup of PostgreSQL, but no Keycloak's: it has no table realm`);
  }
  if (version !== undefined && isNewer(facts.keycloak, version)) {
    throw new ToolError(
      "backup-newer",
      `${where} is of Keycloak ${facts.keycloak}, and ${version} runs here, which cannot use it: a newer Keycloak changes the schema; declare a server of ${facts.keycloak} or newer, run \`m2m up\`, and restore again`,
    );
  }
  if (declared.realms.length > 0 && !declared.realms.some((name) => facts.realms.includes(name))) {
    throw new ToolError(
      "backup-of-other-realm",
      `${where} is of another Keycloak: it holds ${realmsInWords(facts.realms)}, and the project declares ${realmsInWords(declared.realms)}; name the backup of this one`,
    );
  }
}
