import type { CertificateFacts } from "./certificate";
import { KeyError } from "./errors";
import { isTaken } from "./key-files";
import type { KeyPairRequest } from "./key-pair-request";
import { acceptedOf, activeOf, factsOf, type KeyState } from "./key-record";
import { checkKnown, readRecord } from "./key-store";
import { ENCRYPTED, keyIdInFile } from "./private-key";
import { shownPath } from "./shown";
import { ensureSinglePair } from "./single-pair";

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
  if (isTaken(request.files.record)) return recordedPair(request);
  return onlyKey(ensureSinglePair(request));
}

/** A pair that has had one key in its life. */
export function onlyKey(facts: CertificateFacts): PairFacts {
  return { ...facts, accepted: [{ ...facts, state: "active" }], revoked: [], isBehind: false, holdsRevoked: false };
}

/** A pair with more than one key in its life: the record decides, and nothing is written here. */
function recordedPair({ files, algorithm }: KeyPairRequest): PairFacts {
  const record = readRecord(files)!;
  const active = activeOf(record);
  const accepted = acceptedOf(record).map((entry) => {
    return { ...factsOf(entry, shownPath(files.record)), state: entry.state as AcceptedFacts["state"] };
  });
  if (!accepted.some((facts) => facts.algorithm === algorithm && facts.state !== "retiring")) {
    throw new KeyError(
      "ALGORITHM_MISMATCH",
      `${shownPath(files.record)} must have an active or prepared key for ${algorithm}, as \`algorithm\` says, got: ${active.algorithm}; set \`algorithm\` to "${active.algorithm}"; to change the kind of key, rotate with \`m2m keys prepare --algorithm\`, and change the prop before \`m2m keys activate\``,
    );
  }
  const inFile = keyIdInFile(files.key);
  const held = inFile === ENCRYPTED ? undefined : inFile;
  if (held !== undefined) checkKnown({ key: shownPath(files.key), record: shownPath(files.record) }, record, held);
  const revoked = record.keys.filter(({ state }) => state === "revoked").map(({ kid }) => kid);
  return {
    ...factsOf(active, shownPath(files.record)),
    accepted,
    revoked,
    isBehind: held !== undefined && held !== active.kid,
    holdsRevoked: held !== undefined && revoked.includes(held),
  };
}
