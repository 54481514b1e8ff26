import { SIGNING_ALGORITHMS, type SigningAlgorithm } from "./algorithms";
import { type CertificateFacts, readCertificate } from "./certificate";
import { KeyError } from "./errors";

/**
 * Where a key stands in its life. Keycloak accepts the first three; one key is `active`, the one that signs. A key that
 * is withdrawn in order leaves the record, one that is `revoked` stays in it, so that nobody takes it up again.
 */
export type KeyState = "prepared" | "active" | "retiring" | "revoked";

/** One key of a machine: public facts alone. */
export interface KeyEntry {
  /** base64url(SHA-256(SubjectPublicKeyInfo)). */
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly state: KeyState;
  /** When it came into this state: ISO 8601, UTC. */
  readonly since: string;
  /** The certificate's end, for readers of the file: ISO 8601, UTC. */
  readonly until: string;
  /** The certificate as one line of base64 (DER). */
  readonly certificate: string;
}

/** All keys of a machine, the oldest first: what `NAME-signing.keys.json` holds. */
export interface KeyRecord {
  readonly version: 1;
  readonly keys: readonly KeyEntry[];
}

/** The entry of a certificate. */
export function entryOf(facts: CertificateFacts, state: KeyState, since: Date): KeyEntry {
  const { kid, algorithm, base64, notAfter } = facts;
  return { kid, algorithm, state, since: stamp(since), until: stamp(notAfter), certificate: base64 };
}

/** The facts of an entry's certificate. */
export function factsOf(entry: KeyEntry, where: string): CertificateFacts {
  const pem = `-----BEGIN CERTIFICATE-----\n${entry.certificate}\n-----END CERTIFICATE-----\n`;
  return readCertificate(pem, `${where}, key ${entry.kid}`, { algorithm: entry.algorithm });
}

export function activeOf(record: KeyRecord): KeyEntry {
  return record.keys.find(({ state }) => state === "active")!; // there is one in each: `checked`
}

/** What Keycloak is to accept, the oldest first, so that a change of state alone changes no order. */
export function acceptedOf(record: KeyRecord): KeyEntry[] {
  return record.keys.filter(({ state }) => state !== "revoked");
}

/** A time as the record holds it, in whole seconds. */
export function stamp(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

export function printRecord(record: KeyRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

/**
 * Reads a record; `where` names it in errors.
 *
 * @throws {KeyError} `RECORD_CORRUPT`, or what is wrong with a certificate
 */
export function parseRecord(json: string, where: string): KeyRecord {
  let value: unknown;
  try {
    value = JSON.parse(json.replace(/^\uFEFF/, "")); // some editors put a byte order mark there
  } catch {
    const isMerge = /^<{7}/m.test(json);
    throw isMerge
      ? new KeyError(
          "RECORD_CORRUPT",
          `${where} holds a merge conflict; resolve it: keep one active key and every revoked key`,
        )
      : corrupt(where, "must be JSON");
  }
  const { version, keys } = (value ?? {}) as Partial<KeyRecord>;
  if (version !== 1 || !Array.isArray(keys)) throw corrupt(where, 'must have `"version": 1` and a list `keys`');
  return checked({ version, keys: keys.map((entry, i) => checkEntry(entry, i, where)) }, where);
}

const STATES: readonly KeyState[] = ["prepared", "active", "retiring", "revoked"];
/** What a SHA-256 is as base64url. Nothing else gets as far as a message that names the key. */
const KID = /^[\w-]{43}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

function checkEntry(entry: unknown, index: number, where: string): KeyEntry {
  const { kid, algorithm, state, since, until, certificate } = (entry ?? {}) as Record<string, unknown>;
  const fail = (rule: string) => corrupt(where, `has at \`keys[${index}]\` ${rule}`);
  if (!STATES.includes(state as KeyState)) throw fail(`no \`state\` of ${STATES.join(", ")}`);
  if (!SIGNING_ALGORITHMS.includes(algorithm as SigningAlgorithm)) throw fail("an unknown `algorithm`");
  for (const time of [since, until]) {
    if (typeof time !== "string" || !TIME.test(time) || Number.isNaN(Date.parse(time))) {
      throw fail("a time that is not written as 2026-01-31T12:00:00Z");
    }
  }
  if (typeof certificate !== "string" || typeof kid !== "string" || !KID.test(kid)) {
    throw fail("no `kid`, or no `certificate`");
  }
  const read = { kid, algorithm, state, since, until, certificate } as KeyEntry;
  const facts = factsOf(read, where);
  if (facts.kid !== kid || stamp(facts.notAfter) !== until) {
    throw fail(`a \`kid\` or \`until\` that is not its certificate's, ${facts.kid} and ${stamp(facts.notAfter)}`);
  }
  // By the very text a client in the synthesized JSON is known to have this key.
  if (facts.base64 !== certificate) throw fail("a `certificate` that is not one line of base64 (DER)");
  return read;
}

/** What holds for every record: one active key, at most one prepared, and none twice. */
function checked(record: KeyRecord, where: string): KeyRecord {
  const count = (state: KeyState) => record.keys.filter((entry) => entry.state === state).length;
  if (count("active") !== 1) throw corrupt(where, `must have one active key, got: ${count("active")}`);
  if (count("prepared") > 1) throw corrupt(where, `must have at most one prepared key, got: ${count("prepared")}`);
  const kids = record.keys.map(({ kid }) => kid);
  if (new Set(kids).size < kids.length) throw corrupt(where, "must have each key once");
  return record;
}

function corrupt(where: string, problem: string): KeyError {
  return new KeyError("RECORD_CORRUPT", `${where} ${problem}; restore it from version control`);
}
