import { shownPath } from "../../constructs/keys/shown";
import { canAnswer } from "../confirm";
import { beginAttempt, endAttempt, refuseWhileBusy } from "../deploy/interrupted";
import { takeOver } from "../deploy/take-over";
import { ToolError } from "../output";
import { declared, type Session, terraform } from "../session";
import { openBackup } from "./backup-file";
import { bringBack, stacksOf } from "./bring-back";
import { chooseDatabase } from "./declared-database";
import { fill } from "./fill";
import { replace } from "./replace";
import { realmsInWords } from "./words";

export interface RestoreOptions {
  readonly file: string;
  readonly passphrase?: string;
  /** Of several databases the one in this container. */
  readonly database?: string;
  /** Replace what is there without asking. */
  readonly yes: boolean;
}

/**
 * Puts a backup in the place of the database: it is restored beside it and looked at, then the two change places while
 * Keycloak stands still. What was there before is kept until Keycloak is healthy again.
 */
export async function restore(opened: Session, options: RestoreOptions): Promise<void> {
  const { project } = opened;
  refuseWhileBusy(project);
  if (!options.yes && !canAnswer()) {
    throw new ToolError(
      "not-confirmed",
      "this replaces all that Keycloak's database holds, and there is no terminal to ask for confirmation; pass --yes to go on",
    );
  }
  const backup = await openBackup(options.file, options.passphrase);
  const switches = { createKeys: "always", reissue: true, newKeys: false } as const;
  const { session, stacks } = await declared(opened, switches);
  const database = chooseDatabase(stacks, options.database);
  const work = stacksOf(stacks, database);
  for (const stack of work) {
    await terraform(session, stack).init();
    await beginAttempt(session, stack); // an `up` would start Keycloak
  }
  await bringBack(session, work, database, options.yes);
  const place = { ...database, env: session.env };
  const end = () => work.forEach((stack) => void endAttempt(session, stack));
  try {
    const filled = await fill(session, place, database, backup, options.yes);
    const seconds = await replace(session, place, database, filled.before);
    const { facts, madeAt } = filled;
    await takeOver(session, stacks, database.servers);
    session.out.result(
      [
        `restored ${shownPath(options.file)} of ${madeAt}: ${realmsInWords(facts.realms)} of Keycloak ${facts.keycloak} in ${place.container}`,
        `Keycloak stood still for ${seconds} s; \`m2m diff\` shows what differs from the code now, \`m2m up\` deploys it`,
      ].join("\n"),
      { file: options.file, database: place.container, madeAt, ...facts, stoodStillSeconds: seconds },
    );
  } finally {
    end();
  }
}
