import type { ServerDescription } from "../../constructs/contract/markers";
import { ToolError } from "../output";
import type { Session } from "../session";
import { beforeName, drop, filledName, swapBack, swapIn } from "./databases";
import type { DeclaredDatabase } from "./declared-database";
import { nothingReplaced } from "./fill";
import type { Place } from "./in-container";
import { type Bring, startServers, stopServers } from "./servers";

/**
 * Puts the filled database in the place of the present one while the servers stand still. If they do not become healthy on
 * it, what was there before is put back.
 *
 * @param kept what earlier restores have kept, and is dropped at the end
 * @returns for how many seconds Keycloak stood still
 */
export async function replace(
  session: Session,
  place: Place,
  { servers }: DeclaredDatabase,
  kept: readonly string[],
  bring: Bring,
): Promise<number> {
  const { out, interruption } = session;
  const before = beforeName(place, new Date());
  const begun = Date.now();
  try {
    await stopServers(session, servers);
    if (interruption.aborted) throw nothingReplaced();
    await out.step(`putting it in the place of the database of ${place.container}`, () => swapIn(place, before));
  } catch (error) {
    out.warn("nothing was replaced; starting Keycloak again as it was");
    await startServers({ ...session, interruption: NEVER }, servers, bring);
    await drop(place, [filledName(place)]);
    throw error;
  }
  try {
    await startServers(session, servers, bring);
  } catch (error) {
    if ((error as ToolError).code === "interrupted") throw leftInPlace(error as ToolError, before);
    throw await putBack(session, place, servers, before, bring, error as Error);
  }
  await drop(place, [before, ...kept]);
  return Math.round((Date.now() - begun) / 1000);
}

/** What is to be done even after Ctrl-C. */
const NEVER = new AbortController().signal;

function leftInPlace({ message }: ToolError, before: string): ToolError {
  return new ToolError(
    "interrupted",
    `${message} on the backup, which is in its place; what was there before is in the database ${before} until the next restore`,
  );
}

async function putBack(
  session: Session,
  place: Place,
  servers: readonly ServerDescription[],
  before: string,
  bring: Bring,
  reason: Error,
): Promise<ToolError> {
  const { out } = session;
  const always = { ...session, interruption: NEVER };
  out.warn("Keycloak does not start on the backup; putting back what was there before");
  await stopServers(always, servers);
  await swapBack(place, before);
  await drop(place, [filledName(place)]);
  const again = await startServers(always, servers, bring).then(
    () => "what was there before is back, and Keycloak runs on it",
    (error: Error) => `what was there before is back, and Keycloak does not start on that either: ${error.message}`,
  );
  const text = `Keycloak did not start on the backup; ${again}. The reason:\n${reason.message}`;
  return new ToolError("restore-failed", text, { cause: reason });
}
