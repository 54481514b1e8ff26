import { X509Certificate } from "node:crypto";
import { whyNoCreation } from "../../constructs/contract/key-switches";
import { algorithmsOf, type SigningAlgorithm, shapeOf } from "../../constructs/keys/algorithms";
import { readCertificate } from "../../constructs/keys/certificate";
import { generateKeyInBackground } from "../../constructs/keys/generate";
import { prepare } from "../../constructs/keys/key-life";
import { activeOf, entryOf, type KeyEntry } from "../../constructs/keys/key-record";
import { leafOf } from "../../constructs/keys/leaf";
import { ENCRYPTED, printPrivateKey, readPrivateKeyFile } from "../../constructs/keys/private-key";
import { selfSign } from "../../constructs/keys/self-sign";
import { shown } from "../../constructs/keys/shown";
import { ToolError } from "../output";
import type { Pair } from "./pairs";

/** What a new key is to be like; where nothing is said, like the active one. */
export interface NewKey {
  readonly algorithm?: SigningAlgorithm;
  /** The certificate of a key that was made elsewhere, and whose private half is not here. */
  readonly certificate?: CertificateFile;
}

/** A certificate in PEM, and the file that it was read from. */
export interface CertificateFile {
  readonly pem: string;
  readonly file: string;
}

/** What to do about a certificate of no use. */
const OTHER = "give another certificate";

/** Makes a key, off the main thread. Gives its entry and its private half in PEM. */
export async function makeKey(pair: Pair, wanted: SigningAlgorithm | undefined, now: Date, passphrase?: string) {
  refuseCreation(pair);
  const active = activeOf(pair.record);
  const algorithm = wanted ?? active.algorithm;
  const privateKey = await generateKeyInBackground(shapeOf(algorithm, rsaBitsOf(pair, active)));
  const certificate = selfSign(privateKey, pair.name, pair.description.validityDays, now);
  const entry = entryOf(readCertificate(certificate, pair.files.certificate, { algorithm }), "prepared", now);
  // Encrypted if the key before it is: a machine that reads a plain file may have no passphrase.
  const isEncrypted = readPrivateKeyFile(pair.files.key, undefined) === ENCRYPTED;
  return { entry, privatePem: printPrivateKey(privateKey, isEncrypted ? passphrase : undefined) };
}

function rsaBitsOf({ description }: Pair, { certificate }: KeyEntry): number {
  const key = new X509Certificate(Buffer.from(certificate, "base64")).publicKey;
  return description.rsaBits ?? key.asymmetricKeyDetails?.modulusLength ?? 2048;
}

/** As where pairs are made. @throws {ToolError} `key-lost` */
export function refuseCreation({ name }: Pair): void {
  const reason = whyNoCreation();
  if (reason === undefined) return;
  throw new ToolError(
    "key-lost",
    `${name}: no key is made here: ${reason}; run this where the machine's keys are kept, prepare a key that was made there (\`m2m keys prepare ${name} --certificate FILE\`), or set M2M_CREATE_KEYS=true`,
  );
}

/** The entry of a key that was made elsewhere. @throws {KeyError} what is wrong with the certificate */
export function importKey(pair: Pair, certificate: CertificateFile, wanted: SigningAlgorithm | undefined, now: Date) {
  const algorithm = algorithmOfNext(pair, { algorithm: wanted, certificate });
  const { pem, file } = certificate;
  return entryOf(readCertificate(pem, shown(file), { algorithm, replace: OTHER }), "prepared", now);
}

/** Refuses what `prepare` would refuse, without making a key. */
export function refuseNewKey(pair: Pair, { algorithm, certificate }: NewKey, now: Date): void {
  if (certificate === undefined) refuseCreation(pair);
  else prepare(pair.record, importKey(pair, certificate, algorithm, now));
}

/** The algorithm of the next key: the one asked for, else that of the active key if the certificate's key allows it. */
export function algorithmOfNext({ record }: Pair, { algorithm, certificate }: NewKey): SigningAlgorithm {
  const like = activeOf(record).algorithm;
  if (algorithm !== undefined || certificate === undefined) return algorithm ?? like;
  const usual = readCertificate(certificate.pem, shown(certificate.file), { replace: OTHER }).algorithm;
  // An RSA key may be for RS256 or PS256.
  return algorithmsOf(leafOf(certificate.pem).publicKey).includes(like) ? like : usual;
}

/** @throws {ToolError} `key-shared` where another pair has the certificate's key: its machines could sign in as these */
export function refuseShared(pair: Pair, all: readonly Pair[], { pem, file }: CertificateFile): void {
  const { kid } = readCertificate(pem, shown(file), { replace: OTHER });
  const others = all.filter(({ files }) => files.record !== pair.files.record);
  const other = others.find(({ record }) => record.keys.some((entry) => entry.kid === kid));
  if (!other) return;
  throw new ToolError(
    "key-shared",
    `${pair.name}: ${shown(file)} certifies key ${kid}, which belongs to ${other.name}; make a key for each machine`,
  );
}
