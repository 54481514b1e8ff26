import { expect, it } from "vitest";
import { refuseUnfit } from "../../../tools/backup/checks";

const FACTS = { realms: ["prod", "test"], keycloak: "26.4.7" };
const declared = (...realms: string[]) => ({ container: "db", database: "keycloak", servers: [], realms });

it("a backup is fit that holds one of the declared realms, of this Keycloak, an older one, or one that does not say", () => {
  for (const version of ["26.4.7", "26.5.0", undefined]) {
    refuseUnfit("/b.dump", FACTS, declared("prod", "other"), version);
    refuseUnfit("/b.dump", FACTS, declared(), version);
  }
});

it.each([
  [undefined, declared(), "26.4.7", "not-a-backup", "/b.dump is a backup of PostgreSQL, but no Keycloak's"],
  [FACTS, declared(), "26.4.6", "backup-newer", "/b.dump is of Keycloak 26.4.7, and 26.4.6 runs here"],
  [
    FACTS,
    declared("one", "two"),
    "26.4.7",
    "backup-of-other-realm",
    "/b.dump is of another Keycloak: it holds realms prod, test, and the project declares realms one, two",
  ],
])("a backup is refused: %j", (facts, database, version, code, message) => {
  const refused = expect.objectContaining({ code, message: expect.stringContaining(message) });
  expect(() => refuseUnfit("/b.dump", facts, database, version)).toThrow(refused);
});
