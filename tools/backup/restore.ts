import { shownPath } from "../../constructs/keys/shown";
import { canAnswer } from "../confirm";
import { forgetPassword } from "../deploy/first-deploy";
import { beginAttempt, endAttempt, noteInKeycloak, refuseWhileBusy } from "../deploy/interrupted";
import { takeOver, uniqueOn } from "../deploy/take-over";
import { containerStatus } from "../engines/docker";
import { ToolError } from "../output";
import type { Stack } from "../project/project";
import { declared, type Session, terraform } from "../session";
import { openBackup } from "./backup-file";
import { bringContainer, bringDatabase, bringImage, makes } from "./bring-back";
import { chooseDatabase, type DeclaredDatabase } from "./declared-database";
import { imageVersion, keycloakVersion, versionThere } from "./facts";
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
  const backup = await openBackup(options.file, options.passphrase);
  if (!options.yes && !canAnswer()) {
    throw new ToolError(
      "not-confirmed",
      "this replaces all that Keycloak's database holds, and there is no terminal to ask for confirmation; pass --yes to go on",
    );
  }
  const switches = { createKeys: "always", reissue: true, newKeys: false } as const;
  const { session, stacks } = await declared(opened, switches);
  const database = chooseDatabase(stacks, options.database);
  const { servers } = database;
  const isConcerned = (stack: Stack) => makes(stack, database) || uniqueOn(stack, servers).length > 0;
  const work = stacks.filter(isConcerned);
  for (const stack of work) {
    await terraform(session, stack).init();
    await beginAttempt(session, stack); // an `up` would start Keycloak
  }
  await bringDatabase(session, work, database, options.yes);
  const version = await versionHere(session, work, database, options.yes);
  const place = { ...database, env: session.env };
  try {
    const { facts, madeAt, before } = await fill(session, place, database, backup, version, options.yes);
    // From here on Keycloak may hold what no state knows: if this run is killed, the next `up` takes it in.
    const note = async () => {
      for (const stack of work) await noteInKeycloak(session, stack, uniqueOn(stack, servers));
    };
    await note();
    const seconds = await replace(session, place, database, before, async (name) => {
      await bringContainer(session, work, name, options.yes);
      await note();
    });
    await takeOver(session, work, servers);
    forgetPassword(project); // of a first deploy that was refused before: the backup has another administrator
    session.out.result(
      [
        `restored ${shownPath(options.file)} of ${madeAt}: ${realmsInWords(facts.realms)} of Keycloak ${facts.keycloak} in ${place.container}`,
        `Keycloak stood still for ${seconds} s; \`m2m diff\` shows what differs from the code now, \`m2m up\` deploys it`,
      ].join("\n"),
      { file: options.file, database: place.container, madeAt, ...facts, stoodStillSeconds: seconds },
    );
  } finally {
    for (const stack of work) endAttempt(session, stack);
  }
}

/**
 * The version of the Keycloak that is to use the backup: of its container, or of the image where that is gone. Of a cluster that
 * is gone it is not known.
 */
async function versionHere(
  session: Session,
  work: readonly Stack[],
  { servers }: DeclaredDatabase,
  yes: boolean,
): Promise<string | undefined> {
  const { env } = session;
  const [server] = servers;
  if (server === undefined) return undefined;
  if (server.service) return await versionThere(server, env);
  if ((await containerStatus(server.container, env)) !== "gone") return await keycloakVersion(server.container, env);
  const image = await bringImage(session, work, server.container, yes);
  return image === undefined ? undefined : await imageVersion(image, env);
}
