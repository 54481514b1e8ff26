import type { SigningAlgorithm } from "./algorithms";
import { readCertificate } from "./certificate";
import { KeyError } from "./errors";
import { isFileThere, readPublicFile, readRegularFile, removeFile, removeHalfWritten, replaceFile } from "./key-files";
import {
  acceptedOf,
  activeOf,
  entryOf,
  factsOf,
  type KeyEntry,
  type KeyRecord,
  parseRecord,
  printRecord,
} from "./key-record";
import { leafOf } from "./leaf";
import type { PairFiles } from "./pair-files";
import { ENCRYPTED, keyIdInFile } from "./private-key";
import { shown } from "./shown";

/**
 * The record of a pair; where there is none yet, its certificate is the one active key. `undefined` for no pair at all.
 *
 * @throws {KeyError} what is wrong with the file
 */
export function readRecord(files: PairFiles, algorithm?: SigningAlgorithm): KeyRecord | undefined {
  const json = readPublicFile(files.record);
  if (json !== undefined) return parseRecord(json, shown(files.record));
  const pem = readPublicFile(files.certificate);
  if (pem === undefined) return undefined;
  const facts = readCertificate(pem, shown(files.certificate), { algorithm });
  return { version: 1, keys: [entryOf(facts, "active", facts.notBefore)] };
}

/** Writes the private half of a key that is being prepared. This comes before the record names it, so it is never missing. */
export function stagePrivateKey(files: PairFiles, kid: string, pem: string): void {
  const path = files.staged(kid);
  if (isFileThere(path)) {
    throw new KeyError("KEY_KNOWN", `${shown(path)} already exists; move it away, or prepare another key`);
  }
  replaceFile(path, pem, 0o600); // which is whole at once, also where there are no hard links
}

/** How the files of a pair are changed. */
interface Change {
  readonly passphrase?: string;
  /** Whether the key file keeps the former key, until {@link settle} moves the active one there. */
  readonly keepsKeyFile?: boolean;
}

/**
 * Brings the files of a pair from one record to the next. The order matters. After a crash between any two steps the
 * machine still has a key that Keycloak accepts, no private half is lost, and {@link settle} can do the rest.
 *
 * @throws {KeyError} `KEY_HELD` where the key file holds a key that is to be dropped; nothing is written then
 */
export function commitRecord(files: PairFiles, before: KeyRecord, after: KeyRecord, change: Change = {}): void {
  const { passphrase, keepsKeyFile = false } = change;
  const stays = new Set(acceptedOf(after).map(({ kid }) => kid));
  const active = activeOf(before).kid;
  // Whatever stands in the place of a file has to be refused before any file is written.
  for (const path of [files.certificate, files.record, ...after.keys.map(({ kid }) => files.staged(kid))]) {
    isFileThere(path);
  }
  refuseHeld(files, before, after, passphrase);
  if (active !== activeOf(after).kid) checkStaged(files, activeOf(after), passphrase);
  removeHalfWritten(files.key); // a key that is gone must not stay in what a crashed run left
  // A key that leaves the record signs nothing, and nobody would look for it afterwards: its private half goes first.
  // A revoked key stays in the record. Its private half goes once the record is written: until then it may have to sign.
  const known = new Set(after.keys.map(({ kid }) => kid));
  for (const { kid } of before.keys) if (!known.has(kid)) removeFile(files.staged(kid));
  if (active !== activeOf(after).kid && stays.has(active)) keepAside(files, before, passphrase);
  replaceFile(files.record, printRecord(after), 0o644);
  if (keepsKeyFile) certify(files, after);
  else settle(files, after, passphrase);
}

/** Brings the certificate in line with the record. */
export function certify(files: PairFiles, record: KeyRecord): void {
  const active = activeOf(record);
  if (!certifies(files, active)) replaceFile(files.certificate, factsOf(active, shown(files.record)).pem, 0o644);
}

/**
 * Brings the certificate and the private key in line with the record, and so ends what a crash left half done. It does
 * nothing if they are in line, or if the private half is not on this machine. Gives whether the active key was moved into
 * the key file.
 *
 * @throws {KeyError} `CERTIFICATE_MISMATCH` where a file holds a key that the record does not have there
 */
export function settle(files: PairFiles, record: KeyRecord, passphrase?: string): boolean {
  const active = activeOf(record);
  certify(files, record);
  const held = heldKey(files, record, passphrase);
  const staged = readRegularFile(files.staged(active.kid));
  const isMoved = held !== active.kid && staged !== undefined;
  // The staged file is moved or removed below. A key that somebody else put there may exist nowhere else.
  checkStaged(files, active, passphrase);
  if (isMoved) {
    if (held !== undefined && acceptedOf(record).some(({ kid }) => kid === held)) keepAside(files, record, passphrase);
    replaceFile(files.key, staged, 0o600);
  }
  if (isMoved || held === active.kid) removeFile(files.staged(active.kid));
  for (const { kid } of record.keys.filter(({ state }) => state === "revoked")) {
    removeFile(files.staged(kid));
    if (kid === held && !isMoved) removeFile(files.key); // what signs in its place is on another machine
  }
  return isMoved;
}

/**
 * Whether the active key is in its staged file: it waits for its deploy, or a crash came before it was moved into the key
 * file or just after.
 */
export function isCutOff(files: PairFiles, record: KeyRecord): boolean {
  return isFileThere(files.staged(activeOf(record).kid));
}

/** Which key the key file holds; `undefined` where there is none. */
export function heldKey(files: PairFiles, record: KeyRecord, passphrase?: string): string | undefined {
  const kid = keyIn(files.key, passphrase);
  if (kid !== undefined) checkKnown(files, record, kid);
  return kid;
}

/** @throws {KeyError} `CERTIFICATE_MISMATCH` where the key file holds a key that the record does not know */
export function checkKnown(files: Pick<PairFiles, "key" | "record">, record: KeyRecord, held: string): void {
  if (record.keys.some(({ kid }) => kid === held)) return;
  throw new KeyError(
    "CERTIFICATE_MISMATCH",
    `${shown(files.key)} must hold a key of ${shown(files.record)}, got: key ${held}, which is not in it; restore the record, bring the machine's key file here, or remove the key file: only signing needs it`,
  );
}

function keyIn(path: string, passphrase?: string): string | undefined {
  const kid = keyIdInFile(path, passphrase);
  if (kid !== ENCRYPTED) return kid;
  throw new KeyError(
    "KEY_UNREADABLE",
    `${shown(path)} is encrypted; give its passphrase in KEY_PASSPHRASE, or a file that holds it in KEY_PASSPHRASE_FILE`,
  );
}

/** A machine gets no key but the one that Keycloak accepts, whoever put the file there. */
function checkStaged(files: PairFiles, { kid }: Pick<KeyEntry, "kid">, passphrase?: string): void {
  const path = files.staged(kid);
  const got = keyIn(path, passphrase);
  if (got === undefined || got === kid) return;
  throw new KeyError(
    "CERTIFICATE_MISMATCH",
    `${shown(path)} must hold key ${kid}, got: ${got}; restore it, or remove it`,
  );
}

/** A machine that signs with a dropped key is locked out, and the record does not know that key any more. */
function refuseHeld(files: PairFiles, before: KeyRecord, after: KeyRecord, passphrase?: string): void {
  const held = heldKey(files, before, passphrase);
  if (held === undefined || after.keys.some(({ kid }) => kid === held)) return;
  throw new KeyError(
    "KEY_HELD",
    `${shown(files.key)} holds key ${held}, which is to be dropped; put the active key ${activeOf(after).kid} there first, or remove the file if the machines get their key from elsewhere`,
  );
}

/** Copies the key file to the place of a key that is not active. */
function keepAside(files: PairFiles, record: KeyRecord, passphrase?: string): void {
  const pem = readRegularFile(files.key);
  const kid = heldKey(files, record, passphrase);
  if (pem === undefined || kid === undefined) return;
  if (isFileThere(files.staged(kid))) checkStaged(files, { kid }, passphrase);
  else replaceFile(files.staged(kid), pem, 0o600);
}

/** Whether the certificate file holds a key's certificate. Anything else in that file stays as it is. */
function certifies({ certificate: path }: PairFiles, { certificate }: KeyEntry): boolean {
  const pem = readPublicFile(path);
  try {
    return pem !== undefined && leafOf(pem).raw.toString("base64") === certificate;
  } catch {
    return false;
  }
}
