import { shownPath } from "../../constructs/keys/shown";
import { confirm } from "../confirm";
import { ToolError } from "../output";
import type { Session } from "../session";
import type { BackupFile } from "./backup-file";
import { refuseUnfit } from "./checks";
import { drop, filledName, leftovers, makeFilled } from "./databases";
import type { DeclaredDatabase } from "./declared-database";
import { type Facts, factsOf } from "./facts";
import { type Place, readArchive } from "./in-container";
import { realmsInWords } from "./words";

/** A backup that stands beside the database, and is fit for its place. */
export interface Filled {
  readonly facts: Facts;
  /** When it was made. */
  readonly madeAt: string;
  /** Databases that earlier restores have kept, to be dropped when this one has come to its end. */
  readonly before: readonly string[];
}

/**
 * Restores a backup beside the database, looks at it, and asks. After a failure nothing of it is left.
 *
 * @param version of the Keycloak that is to use it, where it says
 */
export async function fill(
  session: Session,
  place: Place,
  declared: DeclaredDatabase,
  backup: BackupFile,
  version: string | undefined,
  yes: boolean,
): Promise<Filled> {
  const { out, interruption } = session;
  const before = await cleanUp(session, place);
  const where = shownPath(backup.path);
  const madeAt = timeIn(await readArchive(place, await backup.read(), where, { list: true }));
  try {
    await out.step(`restoring ${where} beside the database of ${place.container}`, async () => {
      await makeFilled(place);
      await readArchive(place, await backup.read(), where, { into: filledName(place) });
    });
    const facts = await factsOf(place, filledName(place));
    refuseUnfit(backup.path, facts, declared, version);
    if (!yes) {
      const present = await factsOf(place, place.database);
      const gone = present ? `${realmsInWords(present.realms)}, all in them` : "an empty database";
      const text = `this replaces what ${place.container} holds (${gone}) by ${where} of ${madeAt} (${realmsInWords(facts.realms)}), and stops Keycloak for that`;
      await confirm(text, "Enter yes to replace it: ", interruption);
    }
    if (interruption.aborted) throw nothingReplaced();
    return { facts, madeAt, before };
  } catch (error) {
    await drop(place, [filledName(place)]);
    throw interruption.aborted ? nothingReplaced() : error; // Ctrl-C ends pg_restore too, which is no fault of the file
  }
}

export function nothingReplaced(): ToolError {
  return new ToolError("interrupted", "nothing was replaced");
}

/** Says what an interrupted restore left. What was there before it is kept until this one has come to its end. */
async function cleanUp({ out }: Session, place: Place): Promise<readonly string[]> {
  const { filled, before } = await leftovers(place);
  if (filled.length > 0) {
    out.warn(`an interrupted restore left the database ${filled.join(", ")}, which nobody used; it is removed`);
    await drop(place, filled);
  }
  if (before.length > 0) {
    out.warn(
      `an interrupted restore had put its backup in place, and kept what was there before in the database ${before.join(", ")}; it is removed when this restore has come to its end`,
    );
  }
  return before;
}

function timeIn(list: string): string {
  return /Archive created at (.+)$/m.exec(list)?.[1] ?? "an unknown time";
}
