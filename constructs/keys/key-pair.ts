import type { KeyObject } from "node:crypto";
import { relative } from "node:path";
import { bitsFor, kindFor, SIGNING_ALGORITHMS, type SigningAlgorithm, shapeInWords } from "./algorithms";
import { type CertificateFacts, keyId, readCertificate } from "./certificate";
import { KeyError } from "./errors";
import { createFile, isFileThere, readRegularFile, replaceFile } from "./key-files";
import { acceptedOf, activeOf, factsOf, type KeyState } from "./key-record";
import { checkKnown, readRecord } from "./key-store";
import type { PairFiles } from "./pair-files";
import { createPrivateKeyFile, ENCRYPTED, keyIdInFile, readPrivateKeyFile } from "./private-key";
import { selfSign } from "./self-sign";

/** A half of a pair that was made. `file` is left out while many keys are made at once. */
export type KeyNotice =
  | { readonly event: "key-made"; readonly name: string; readonly kind: string; readonly file?: string }
  | { readonly event: "certificate-issued"; readonly name: string; readonly file: string; readonly days: number };

/** What is asked for: names of the two halves and what a new pair looks like. */
export interface KeyPairRequest {
  readonly name: string;
  readonly files: PairFiles;
  /** What the key signs with; a pair that exists has to fit. */
  readonly algorithm: SigningAlgorithm;
  /** Length of a new RSA modulus; counts for RS256 and PS256 alone. */
  readonly rsaBits: number;
  readonly validityDays: number;
  /** May a key be made where neither half exists? A text says why not. */
  readonly creation: "allowed" | { readonly refusedBecause: string };
  /** May an expired certificate be issued again over the same key? */
  readonly reissueExpired: boolean;
  /** Told what was made. */
  readonly notice: (notice: KeyNotice) => void;
  readonly now?: Date;
}

/** A key that Keycloak is to accept, and where it stands in its life. */
export interface AcceptedFacts extends CertificateFacts {
  readonly state: Exclude<KeyState, "revoked">;
}

/** The active key of a pair, and all that Keycloak is to accept, the oldest first. */
export interface PairFacts extends CertificateFacts {
  readonly accepted: readonly AcceptedFacts[];
  /** Keys that are never to be accepted again. */
  readonly revoked: readonly string[];
  /** Whether the key file still holds another key than the active one, and one that is revoked at that. */
  readonly isBehind: boolean;
  readonly holdsRevoked: boolean;
}

/**
 * Gives the keys of a pair, from its files where they exist, else made anew.
 *
 * The public halves alone are enough; where the private half is present too, both have to belong together. Of several runs
 * at once one makes each half, and the others take what it made.
 */
export function ensureKeyPair(request: KeyPairRequest): PairFacts {
  try {
    return readPair(request);
  } catch (error) {
    if ((error as KeyError).code !== "CERTIFICATE_MISMATCH") throw error;
    return readPair(request); // a command at work may have changed one file after another was read
  }
}

function readPair(request: KeyPairRequest): PairFacts {
  if (isFileThere(request.files.record)) return recordedPair(request);
  const facts = ensureSinglePair(request);
  return { ...facts, accepted: [{ ...facts, state: "active" }], revoked: [], isBehind: false, holdsRevoked: false };
}

/** A pair with more than one key in its life: the record decides, and nothing is written here. */
function recordedPair({ files, algorithm }: KeyPairRequest): PairFacts {
  const record = readRecord(files)!;
  const active = activeOf(record);
  const accepted = acceptedOf(record).map((entry) => {
    return { ...factsOf(entry, shown(files.record)), state: entry.state as AcceptedFacts["state"] };
  });
  if (!accepted.some((facts) => facts.algorithm === algorithm && facts.state !== "retiring")) {
    throw new KeyError(
      "ALGORITHM_MISMATCH",
      `${shown(files.record)} must have an active or prepared key for ${algorithm}, as \`algorithm\` says, got: ${active.algorithm}; set \`algorithm\` to "${active.algorithm}"; to change the kind of key, rotate with \`m2m keys prepare --algorithm\`, and change the prop before \`m2m keys activate\``,
    );
  }
  const inFile = keyIdInFile(files.key);
  const held = inFile === ENCRYPTED ? undefined : inFile;
  if (held !== undefined) checkKnown({ key: shown(files.key), record: shown(files.record) }, record, held);
  const revoked = record.keys.filter(({ state }) => state === "revoked").map(({ kid }) => kid);
  return {
    ...factsOf(active, shown(files.record)),
    accepted,
    revoked,
    isBehind: held !== undefined && held !== active.kid,
    holdsRevoked: held !== undefined && revoked.includes(held),
  };
}

function ensureSinglePair(request: KeyPairRequest): CertificateFacts {
  const { certificate: certificateFile, key: keyFile } = request.files;
  const key = readPrivateKeyFile(keyFile, request.algorithm);
  const pem = readRegularFile(certificateFile);
  if (key === ENCRYPTED) return encryptedPair(request, pem);
  if (pem === undefined) return key ? issue(request, key) : createPair(request);
  const certificate = read(request, pem);
  if (key && keyId(key) !== certificate.kid) {
    throw new KeyError(
      "CERTIFICATE_MISMATCH",
      `${shown(certificateFile)} must certify the key in ${shown(keyFile)}, got: kid ${certificate.kid} in the certificate and ${keyId(key)} in the key; restore the half that is wrong, or remove the certificate to have one issued for this key`,
    );
  }
  const expired = certificate.notAfter <= (request.now ?? new Date());
  if (!expired || !key || !request.reissueExpired) return certificate;
  const again = sign(request, key);
  replaceFile(certificateFile, again, 0o644);
  return issued(request, again);
}

/** Which key an encrypted file holds is seen by who has its passphrase, and that is not the synthesis. */
function encryptedPair(request: KeyPairRequest, pem: string | undefined): CertificateFacts {
  const { certificate, key } = request.files;
  if (pem !== undefined) return read(request, pem);
  throw new KeyError(
    "KEY_UNREADABLE",
    `${shown(key)} is encrypted, so no certificate can be issued for it here; put its certificate at ${shown(certificate)}`,
  );
}

/**
 * Checks what a new pair would look like, whether or not one is made. `rsaBits` is what was asked for: beside an
 * algorithm whose keys have one size only it is a mistake.
 */
export function checkKeyPairRequest(
  algorithm: SigningAlgorithm,
  rsaBits: number | undefined,
  validityDays: number,
): string[] {
  const problems = checkBits(algorithm, rsaBits);
  if (!(validityDays > 0) || validityDays > 36_500) {
    problems.push(
      `\`validityDays\` must be more than 0 and at most 36500, got: ${validityDays}; use 365, or leave it out`,
    );
  }
  return problems;
}

function checkBits(algorithm: SigningAlgorithm, rsaBits: number | undefined): string[] {
  // An algorithm that is none is told once, where it is checked itself.
  if (rsaBits === undefined || !SIGNING_ALGORITHMS.includes(algorithm)) return [];
  const bounds = bitsFor(algorithm);
  if (!bounds) {
    return [
      `\`rsaBits\` must be left out beside \`algorithm\` "${algorithm}", whose keys are ${kindFor(algorithm)}, got: ${rsaBits}`,
    ];
  }
  if (Number.isInteger(rsaBits) && rsaBits >= bounds.least && rsaBits <= bounds.most) return [];
  return [
    `\`rsaBits\` must be a whole number between ${bounds.least} (RFC 7518 section 3.3) and ${bounds.most}, got: ${rsaBits}; leave it out for ${bounds.least}`,
  ];
}

function createPair(request: KeyPairRequest): CertificateFacts {
  if (request.creation !== "allowed") {
    throw new KeyError(
      "CREATION_REFUSED",
      `${shown(request.files.certificate)} does not exist and no key is made here: ${request.creation.refusedBecause}`,
    );
  }
  const { files, algorithm, rsaBits } = request;
  const key = createPrivateKeyFile(files.key, algorithm, rsaBits);
  if (!key) return ensureSinglePair(request);
  const kind = shapeInWords(algorithm, rsaBits);
  request.notice({ event: "key-made", name: request.name, kind, file: shown(files.key) });
  return issue(request, key);
}

function issue(request: KeyPairRequest, key: KeyObject): CertificateFacts {
  const pem = sign(request, key);
  return createFile(request.files.certificate, pem, 0o644) ? issued(request, pem) : ensureSinglePair(request);
}

function read({ files, algorithm }: KeyPairRequest, pem: string): CertificateFacts {
  const replace = "remove both halves to have a new one made";
  return readCertificate(pem, shown(files.certificate), { algorithm, replace });
}

function sign(request: KeyPairRequest, key: KeyObject): string {
  return selfSign(key, request.name, request.validityDays, request.now);
}

function issued(request: KeyPairRequest, pem: string): CertificateFacts {
  const { name, files, validityDays: days } = request;
  request.notice({ event: "certificate-issued", name, file: shown(files.certificate), days });
  return read(request, pem);
}

function shown(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith("..") ? path : fromHere;
}
