import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Encrypter } from "age-encryption";
import { fakeProgram } from "../parts";

/** What pg_dump's custom format begins with; the rest of it only pg_restore knows. */
export const ARCHIVE = `PGDMP${"\0".repeat(100)}`;

export const PASSPHRASE = "correct horse battery staple";

/** A file of age, with little work for its passphrase. */
export async function encryptedFile(folder: string, content: string | Uint8Array = ARCHIVE): Promise<string> {
  const encrypter = new Encrypter();
  encrypter.setScryptWorkFactor(4);
  encrypter.setPassphrase(PASSPHRASE);
  return fileOf(folder, "backup.age", await encrypter.encrypt(content));
}

export function fileOf(folder: string, name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/**
 * A Docker whose database has a Keycloak of these realms. `special` are further cases of the script.
 *
 * @param databases what PostgreSQL has beside Keycloak's own
 */
export function fakeDocker(folder: string, special = "", { realms = "prod", databases = "" } = {}) {
  return fakeProgram(
    folder,
    "docker",
    `case "$*" in
${special}
*"to_regclass"*) printf 'realm\\tmigration_model\\n';;
*"FROM realm"*) echo ${realms};;
*"FROM migration_model"*) echo 26.4.7;;
*"FROM pg_database"*) printf 'keycloak\\n${databases}';;
*pg_dump*) printf 'PGDMP of everything';;
*"pg_restore --list"*) cat >/dev/null; echo ';     Archive created at 2026-11-30 10:53:40 UTC';;
*pg_restore*) cat >/dev/null;;
"cp "*) echo "Keycloak - Version 26.4.7";;
*RestartCount*) echo 0 healthy;;
"container inspect "*) echo true;;
esac`,
  );
}
