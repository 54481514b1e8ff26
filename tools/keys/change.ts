import { X509Certificate } from "node:crypto";
import { whyNoCreation } from "../../constructs/contract/key-switches";
import { algorithmsOf, type SigningAlgorithm, shapeOf } from "../../constructs/keys/algorithms";
import { readCertificate } from "../../constructs/keys/certificate";
import { generateKeyInBackground } from "../../constructs/keys/generate";
import { isFileThere, replaceFile } from "../../constructs/keys/key-files";
import {
  activate,
  prepare,
  refuseSecond,
  retire,
  retireAnew,
  retiringOf,
  revoke,
} from "../../constructs/keys/key-life";
import { activeOf, entryOf, type KeyEntry, type KeyRecord, printRecord } from "../../constructs/keys/key-record";
import { commitRecord, heldKey, isCutOff, readRecord, settle, stagePrivateKey } from "../../constructs/keys/key-store";
import type { PairFiles } from "../../constructs/keys/pair-files";
import { ENCRYPTED, printPrivateKey, readPrivateKeyFile } from "../../constructs/keys/private-key";
import { selfSign } from "../../constructs/keys/self-sign";
import { ToolError } from "../output";
import type { Pair } from "./pairs";

/** How a change is made. */
export interface ChangeOptions {
  readonly now: Date;
  /** Opens the private halves that are encrypted, and encrypts new ones. */
  readonly passphrase?: string;
  /** Told what was removed unasked. */
  readonly notice?: (text: string) => void;
}

/** What to do about a certificate of no use. */
const OTHER = "give another certificate";

/** What a new key is made like; where nothing is said, like the active one. */
export interface NewKey {
  readonly algorithm?: SigningAlgorithm;
  /** The certificate of a key that was made elsewhere, in PEM, and whose private half is not here. */
  readonly certificate?: { readonly pem: string; readonly file: string };
}

/** Makes a key, off the main thread, and prepares it. Gives its entry. */
export async function prepareKey(pair: Pair, wanted: NewKey, options: ChangeOptions): Promise<KeyEntry> {
  const { files, record } = settled(pair, options);
  refuseSecond(record); // before a key is made, which takes its time
  const made =
    wanted.certificate === undefined ? await makeKey(pair, wanted, options) : importKey(pair, wanted, options);
  const after = prepare(record, made.entry);
  if (made.pem !== undefined) stagePrivateKey(files, made.entry.kid, made.pem);
  commitRecord(files, record, after, options.passphrase);
  return made.entry;
}

/**
 * Makes the prepared key, or the retiring one of a `kid`, the one that signs. Gives its entry. One that the record had
 * signing already, and a crash kept out of the key file, is there by now: that is all that was asked for.
 */
export function activateKey(pair: Pair, kid: string | undefined, options: ChangeOptions): KeyEntry {
  const { files, record, isMoved } = settled(pair, options);
  const wasAsked = kid === undefined ? record.keys.every(isNotPrepared) : activeOf(record).kid.startsWith(kid);
  if (isMoved && wasAsked) return activeOf(record);
  const after = activate(record, options.now, kid);
  commitRecord(files, record, after, options.passphrase);
  return activeOf(after);
}

/** Drops the retiring keys, or the one of a `kid`. Gives those that went. */
export function retireKey(pair: Pair, kid: string | undefined, options: ChangeOptions): KeyEntry[] {
  const { files, record } = settled(pair, options);
  const after = retire(record, kid);
  commitRecord(files, record, after, options.passphrase);
  return record.keys.filter((entry) => !after.keys.includes(entry));
}

/**
 * Revokes the active key, or the one of a `kid`. Where the active one goes, the prepared one takes its place, or one that
 * is made for it: a machine is not left without a key. Gives the key that went and the one that signs.
 */
export async function revokeKey(pair: Pair, kid: string | undefined, options: ChangeOptions) {
  refuseUnclear(pair, kid, options.passphrase);
  const { files, record, held, wasCutOff } = settled(pair, options);
  const active = activeOf(record);
  const gone = record.keys.find(({ state, ...entry }) => {
    return state === "revoked" && (entry.kid === held || (wasCutOff && entry.since === active.since));
  });
  // A crash came before the files said what the record does: this run ends that one, and revokes nothing that took its place.
  if (gone?.kid.startsWith(kid ?? "")) return { gone, active };
  const target = kid ?? active.kid;
  const isActive = active.kid.startsWith(target);
  if (isActive && record.keys.every(isNotPrepared)) await prepareKey(pair, {}, options);
  const { record: before } = settled(pair, options);
  const after = revoke(before, options.now, target);
  commitRecord(files, before, after, options.passphrase);
  return { gone: after.keys.find((entry) => entry.kid.startsWith(target))!, active: activeOf(after) };
}

/**
 * A key file with a revoked key may be what a crash or another checkout's revocation has left: then all is done by now; or
 * what signs in its place may have leaked as well. Where the active key is beside it, it is a crash.
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
    `${files.key} holds key ${gone.kid}, which is revoked since ${gone.since}; to revoke the active key ${activeOf(record).kid} too, pass --key=${activeOf(record).kid}; else run \`m2m up\``,
  );
}

/** Ends what a crash has left half done; where the key file is encrypted, that takes its passphrase. */
export function settlePair(pair: Pair, options: ChangeOptions): void {
  if (pair.record.keys.length > 1) settled(pair, options);
}

function isNotPrepared({ state }: KeyEntry): boolean {
  return state !== "prepared";
}

/** A pair with its record as it is now, in line with the other files. Nothing is opened where no crash left anything. */
export function withoutLeftovers(pair: Pair, options: ChangeOptions): Pair {
  const record = readRecord(pair.files, pair.description.algorithm) ?? pair.record;
  return { ...pair, record: isCutOff(pair.files, record) ? settled(pair, options).record : record };
}

/** The record as it is now, in line with the other files: what a crash left half done is ended first. */
function settled({ files, description, record: read }: Pair, options: ChangeOptions) {
  const found = readRecord(files, description.algorithm) ?? read;
  // Also for a single key: a file that cannot be opened is to be known before anything is written.
  const held = heldKey(files, found, options.passphrase);
  const wasCutOff = isCutOff(files, found);
  const record = wasCutOff ? switchedNow(files, found, held, options) : found;
  const isMoved = settle(files, record, options.passphrase);
  if (held !== undefined && !isFileThere(files.key)) {
    options.notice?.(`removed ${files.key}: key ${held} was in it, which is revoked`);
  }
  return { files, record, held, wasCutOff, isMoved };
}

/** What signs until now retires from now on, whenever the record began to say so: it must not be dropped too early. */
function switchedNow(files: PairFiles, record: KeyRecord, held: string | undefined, { now }: ChangeOptions): KeyRecord {
  if (!retiringOf(record).some(({ kid }) => kid === held)) return record;
  const late = retireAnew(record, now, held!);
  replaceFile(files.record, printRecord(late), 0o644);
  return late;
}

/** As where pairs are made. @throws {ToolError} `key-lost` */
export function refuseCreation({ name }: Pair): void {
  const reason = whyNoCreation();
  if (reason === undefined) return;
  throw new ToolError(
    "key-lost",
    `${name}: no key is made here, as ${reason}; run this where the machine's keys are kept, prepare one that was made there (\`m2m keys prepare ${name} --certificate FILE\`), or set M2M_CREATE_KEYS=true`,
  );
}

async function makeKey(pair: Pair, wanted: NewKey, { now, passphrase: given }: ChangeOptions) {
  refuseCreation(pair);
  const active = activeOf(pair.record);
  // As the key that it follows: what reads a plain file may have no passphrase.
  const passphrase = readPrivateKeyFile(pair.files.key, undefined) === ENCRYPTED ? given : undefined;
  const algorithm = wanted.algorithm ?? active.algorithm;
  const privateKey = await generateKeyInBackground(shapeOf(algorithm, rsaBitsOf(pair, active)));
  const pem = selfSign(privateKey, pair.name, pair.description.validityDays, now);
  const entry = entryOf(readCertificate(pem, pair.files.certificate, { algorithm }), "prepared", now);
  return { entry, pem: printPrivateKey(privateKey, passphrase) };
}

function rsaBitsOf({ description }: Pair, { certificate }: KeyEntry): number {
  const key = new X509Certificate(Buffer.from(certificate, "base64")).publicKey;
  return description.rsaBits ?? key.asymmetricKeyDetails?.modulusLength ?? 2048;
}

/** @throws {KeyError} `KEY_KNOWN` where a certificate is of a key that the record has */
export function refuseKnown(pair: Pair, wanted: NewKey & ChangeOptions): void {
  prepare(pair.record, importKey(pair, wanted, wanted).entry);
}

/** The entry of a key that was made elsewhere. @throws {KeyError} what is wrong with the certificate */
function importKey(pair: Pair, wanted: NewKey, { now }: ChangeOptions) {
  const { pem, file } = wanted.certificate!;
  const usual = readCertificate(pem, file, { algorithm: wanted.algorithm, replace: OTHER });
  return { entry: entryOf({ ...usual, algorithm: algorithmOfNext(pair, wanted) }, "prepared", now), pem: undefined };
}

/** What the next key is to sign with: what is asked for, or what the active one signs with, if it may be of that kind. */
export function algorithmOfNext({ record }: Pair, { algorithm, certificate }: NewKey): SigningAlgorithm {
  const like = activeOf(record).algorithm;
  if (algorithm !== undefined || certificate === undefined) return algorithm ?? like;
  const usual = readCertificate(certificate.pem, certificate.file, { replace: OTHER }).algorithm;
  // As RSA may be for RS256 and PS256.
  return algorithmsOf(new X509Certificate(certificate.pem).publicKey).includes(like) ? like : usual;
}
