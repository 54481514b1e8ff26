import { resolve } from "node:path";
import { chooseDatabase } from "../backup/declared-database";
import { readPassphrase } from "../backup/passphrase";
import { takeBackup } from "../backup/take";
import { command } from "../cli/command";
import { ToolError } from "../output";
import { openProject, readStacks } from "../project/project";

export const backupCommand = command({
  name: "backup",
  words: "FILE",
  help: "write all that Keycloak's database holds into a file, while it runs",
  options: {
    "passphrase-file": { value: "PATH", help: "encrypt it, by the passphrase in this file" },
    database: { value: "NAME", help: "of several databases the one in this container" },
    yes: { help: "replace a file that is there" },
  },
  async run({ words: [file = ""], options, out, interruption }) {
    const stacks = readStacks(openProject());
    if (stacks.length === 0) throw new ToolError("not-deployed", "nothing was synthesized here; run `m2m up` first");
    const { container, database, states } = chooseDatabase(stacks, options.database);
    const passphrase = readPassphrase(options["passphrase-file"]);
    const { yes } = options;
    await takeBackup({ container, database, states, env: {} }, out, {
      file: resolve(file),
      passphrase,
      yes,
      interruption,
    });
    return 0;
  },
});
