import { activate, prepare, refuseSecond, retire, revoke } from "../../constructs/keys/key-life";
import { activeOf, type KeyEntry, type KeyRecord } from "../../constructs/keys/key-record";
import { commitRecord, heldKey, isCutOff, stagePrivateKey } from "../../constructs/keys/key-store";
import { ToolError } from "../output";
import type { ChangeContext } from "./context";
import { settled, waitsForDeploy } from "./leftovers";
import { importKey, makeKey, type NewKey } from "./new-key";
import type { Pair } from "./pairs";

/** Prepares a new key. Gives its entry. */
export async function prepareKey(pair: Pair, wanted: NewKey, context: ChangeContext): Promise<KeyEntry> {
  const changed = await withNewKey(settled(pair, context).pair, wanted, context);
  return changed.record.keys.at(-1)!;
}

/**
 * Makes the prepared key, or the retiring one of a `kid`, the key that signs. Gives its entry. If the active key was not
 * in the key file yet, bringing it there, or having it wait, may be all that was asked for.
 */
export function activateKey(found: Pair, kid: string | undefined, context: ChangeContext): KeyEntry {
  const { pair, held, isMoved } = settled(found, context);
  const active = activeOf(pair.record);
  const wasAsked = kid === undefined ? !hasPrepared(pair.record) : active.kid.startsWith(kid);
  if (wasAsked && (isMoved || (context.waits && waitsForDeploy(pair, held)))) return active;
  return activeOf(commit(pair, activate(pair.record, context.now, kid), context).record);
}

/** Drops the retiring keys, or the one of a `kid`. Gives those that went. */
export function retireKey(found: Pair, kid: string | undefined, context: ChangeContext): KeyEntry[] {
  const { pair } = settled(found, context);
  const { record } = commit(pair, retire(pair.record, kid), context);
  return pair.record.keys.filter((entry) => !record.keys.includes(entry));
}

/**
 * Revokes the active key, or the one of a `kid`. The prepared key takes the place of the active one, and one is made if
 * none is prepared: a machine is never left without a key. Gives the key that went and the one that signs.
 */
export async function revokeKey(found: Pair, kid: string | undefined, context: ChangeContext) {
  refuseUnclear(found, kid, context.passphrase);
  const { pair, held, wasCutOff } = settled(found, context);
  const active = activeOf(pair.record);
  const gone = pair.record.keys.find(({ state, ...entry }) => {
    return state === "revoked" && (entry.kid === held || (wasCutOff && entry.since === active.since));
  });
  // A run before this one crashed after it wrote the record. It is ended by now, and nothing more is to be revoked.
  if (gone?.kid.startsWith(kid ?? "")) return { gone, active };
  const target = kid ?? active.kid;
  const needsNew = active.kid.startsWith(target) && !hasPrepared(pair.record);
  const before = needsNew ? await withNewKey(pair, {}, context) : pair;
  const { record } = commit(before, revoke(before.record, context.now, target), context);
  return { gone: record.keys.find((entry) => entry.kid.startsWith(target))!, active: activeOf(record) };
}

/**
 * A key file with a revoked key is ambiguous. A crash or another checkout's revocation may have left it, and then all is
 * done. Or the key that signs in its place leaked too. If the active key is staged beside it, it was a crash.
 *
 * @throws {ToolError} `key-unclear` where a revocation does not say which key it means
 */
export function refuseUnclear({ files, record }: Pair, kid: string | undefined, passphrase?: string): void {
  if (kid !== undefined || isCutOff(files, record)) return;
  const held = heldKey(files, record, passphrase);
  const gone = record.keys.find((entry) => entry.kid === held && entry.state === "revoked");
  if (!gone) return;
  throw new ToolError(
    "key-unclear",
    `${files.key} holds key ${gone.kid}, which was revoked at ${gone.since}; to revoke the active key ${activeOf(record).kid} too, pass --key=${activeOf(record).kid}; otherwise run \`m2m up\``,
  );
}

export function hasPrepared(record: KeyRecord): boolean {
  return record.keys.some(({ state }) => state === "prepared");
}

async function withNewKey(pair: Pair, wanted: NewKey, context: ChangeContext): Promise<Pair> {
  refuseSecond(pair.record); // before a key is made, which takes its time
  const { now, passphrase } = context;
  const { algorithm, certificate } = wanted;
  if (certificate) return commit(pair, prepare(pair.record, importKey(pair, certificate, algorithm, now)), context);
  const { entry, privatePem } = await makeKey(pair, algorithm, now, passphrase);
  const after = prepare(pair.record, entry);
  stagePrivateKey(pair.files, entry.kid, privatePem); // before the record names it, so that it is never missing
  return commit(pair, after, context);
}

/** Writes a record. Gives the pair as it is then. */
function commit(pair: Pair, record: KeyRecord, { passphrase, waits }: ChangeContext): Pair {
  const after = { ...pair, record };
  const keepsKeyFile = waits && waitsForDeploy(after, heldKey(pair.files, pair.record, passphrase));
  commitRecord(pair.files, pair.record, record, { passphrase, keepsKeyFile });
  return after;
}
