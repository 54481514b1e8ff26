import { isFileThere, replaceFile } from "../../constructs/keys/key-files";
import { retireAnew, retiringOf } from "../../constructs/keys/key-life";
import { activeOf, type KeyRecord, printRecord } from "../../constructs/keys/key-record";
import { certify, heldKey, isCutOff, settle } from "../../constructs/keys/key-store";
import type { ChangeContext } from "./context";
import type { Pair } from "./pairs";

/** A pair whose files are in line with its record, and what was found on the way. */
interface Settled {
  readonly pair: Pair;
  /** The key that the key file held before. */
  readonly held: string | undefined;
  /** Whether a crash had kept a change from the key file. */
  readonly wasCutOff: boolean;
  /** Whether the active key came into the key file just now. */
  readonly isMoved: boolean;
}

/**
 * Whether the active key waits for its deploy, and the machine signs with the former one until then. Without a `kid`
 * Keycloak accepts only the key that comes first in the client's JWKS, and a deploy changes which one does.
 */
export function waitsForDeploy({ clients, record }: Pair, held: string | undefined): boolean {
  const isDeployed = clients.every(({ certified }) => certified === activeOf(record).kid);
  return !isDeployed && retiringOf(record).some(({ kid }) => kid === held);
}

/**
 * Brings the files of a pair in line with its record: what a crash left half done is ended. A key that waits for its
 * deploy goes on waiting where the context says so.
 */
export function settled(pair: Pair, context: ChangeContext): Settled {
  const { files, record } = pair;
  // Also for a single key: a file that cannot be opened has to be refused before anything is written.
  const held = heldKey(files, record, context.passphrase);
  if (context.waits && waitsForDeploy(pair, held)) {
    certify(files, record);
    return { pair, held, wasCutOff: false, isMoved: false };
  }
  const wasCutOff = isCutOff(files, record);
  const current = wasCutOff ? switchedNow(pair, held, context.now) : record;
  const isMoved = settle(files, current, context.passphrase);
  if (held !== undefined && !isFileThere(files.key)) {
    context.notice?.(`removed ${files.key}: it held key ${held}, which is revoked`);
  }
  return { pair: { ...pair, record: current }, held, wasCutOff, isMoved };
}

/** A pair without what a crash left. No key file is opened if there was no crash. */
export function withoutLeftovers(pair: Pair, context: ChangeContext): Pair {
  return isCutOff(pair.files, pair.record) ? settled(pair, context).pair : pair;
}

/** The key that the machine signed with until now retires now, whenever the record says: it must not be dropped too early. */
function switchedNow({ files, record }: Pair, held: string | undefined, now: Date): KeyRecord {
  if (!retiringOf(record).some(({ kid }) => kid === held)) return record;
  const late = retireAnew(record, now, held!);
  replaceFile(files.record, printRecord(late), 0o644);
  return late;
}
