import { resolve } from "node:path";
import { readPassphrase } from "../backup/passphrase";
import { restore } from "../backup/restore";
import { command } from "../cli/command";
import { openSession } from "../session";

export const restoreCommand = command({
  name: "restore",
  words: "FILE",
  help: "put a backup in the place of Keycloak's database; asks, unless --yes is given",
  options: {
    "passphrase-file": { value: "PATH", help: "the file with the passphrase of an encrypted one" },
    database: { value: "NAME", help: "of several databases the one in this container" },
    yes: { help: "replace what is there without asking" },
  },
  async run({ words: [file = ""], options, out, interruption }) {
    const { database, yes } = options;
    const passphrase = readPassphrase(options["passphrase-file"]);
    await restore(await openSession(out, interruption), { file: resolve(file), passphrase, database, yes });
    return 0;
  },
});
