import { X509Certificate } from "node:crypto";
import { dueAt, validityOf } from "../../constructs/keys/certificate-life";
import { retiringOf } from "../../constructs/keys/key-life";
import { acceptedOf, activeOf, type KeyEntry, type KeyRecord } from "../../constructs/keys/key-record";
import { short, shortOfAll } from "./outcome";

/** What a rotation is to do next. */
export type Step =
  | { readonly act: "prepare" | "activate" | "retire"; readonly because: string }
  | { readonly act: "wait"; readonly because: string; readonly until?: Date };

/** What decides it. */
export interface Situation {
  readonly record: KeyRecord;
  /** What Keycloak accepts from each client of the pair, by the state. */
  readonly deployed: readonly (readonly string[])[];
  /** Whether the switch to the active key is deployed: containers have copies of their key until then. */
  readonly isSwitchDeployed: boolean;
  readonly now: Date;
  /** How long two keys are accepted before the next step, so that every machine has its new key by then. */
  readonly overlapMs: number;
  /** Whether a rotation begins only when the key is due. */
  readonly whenDue: boolean;
}

/** An assertion is accepted for 60 s, by a machine's clock that may be 15 s ahead. */
export const ASSERTION_MS = 75_000;

/**
 * The next step of a rotation. Each step waits until it is safe. A key signs once Keycloak accepts it. It goes once no
 * assertion by it can still be on its way; whether a machine signs with it all the same, login events tell. A step that
 * is not deployed stops the rotation.
 */
export function nextStep(situation: Situation): Step {
  const { record, deployed } = situation;
  if (deployed.length === 0) return { act: "wait", because: "no declared client signs with this pair" };
  const prepared = record.keys.find(({ state }) => state === "prepared");
  if (prepared) return whenPrepared(situation, prepared);
  const retiring = retiringOf(record);
  if (retiring.length > 0) return whenRetiring(situation, retiring);
  if (deployed.some((kids) => kids.length > 0 && !sameKids(kids, acceptedOf(record)))) {
    return { act: "wait", because: "the last step is not deployed: run `m2m up`" };
  }
  const active = activeOf(record);
  const due = keyDueAt(active);
  if (!situation.whenDue) return { act: "prepare", because: `key ${short(active)} is to be replaced` };
  if (situation.now >= due)
    return { act: "prepare", because: `two thirds of the life of key ${short(active)} are over` };
  return { act: "wait", because: `key ${short(active)} is not due`, until: due };
}

/** When a key is to be replaced, by its certificate. */
export function keyDueAt({ certificate }: KeyEntry): Date {
  return dueAt(validityOf(new X509Certificate(Buffer.from(certificate, "base64"))));
}

/** Whether Keycloak accepts a key from every client that has it. */
export function isDeployed(kid: string, deployed: readonly (readonly string[])[]): boolean {
  return deployed.length > 0 && deployed.every((kids) => kids.includes(kid));
}

function whenPrepared({ deployed, now, overlapMs }: Situation, prepared: KeyEntry): Step {
  if (!isDeployed(prepared.kid, deployed)) {
    return { act: "wait", because: `key ${short(prepared)} is not deployed: run \`m2m up\`` };
  }
  const until = new Date(Date.parse(prepared.since) + overlapMs);
  if (now < until) return { act: "wait", because: `machines have time to get key ${short(prepared)}`, until };
  return { act: "activate", because: `Keycloak accepts key ${short(prepared)}` };
}

function whenRetiring(situation: Situation, retiring: readonly KeyEntry[]): Step {
  const { record, deployed, isSwitchDeployed, now, overlapMs } = situation;
  if (!isDeployed(activeOf(record).kid, deployed)) {
    return { act: "wait", because: `key ${short(activeOf(record))} is not deployed: run \`m2m up\`` };
  }
  if (!isSwitchDeployed) {
    return { act: "wait", because: `the switch to key ${short(activeOf(record))} is not deployed: run \`m2m up\`` };
  }
  const list = shortOfAll(retiring);
  const since = Math.max(...retiring.map((entry) => Date.parse(entry.since)));
  const until = new Date(since + Math.max(ASSERTION_MS, overlapMs));
  if (now < until && overlapMs > ASSERTION_MS) {
    return { act: "wait", because: `machines have time to get key ${short(activeOf(record))}`, until };
  }
  if (now < until) return { act: "wait", because: `an assertion by key ${list} may still be on its way`, until };
  return { act: "retire", because: `no assertion by key ${list} is accepted any more` };
}

function sameKids(kids: readonly string[], entries: readonly KeyEntry[]): boolean {
  return (
    [...kids].sort().join() ===
    entries
      .map(({ kid }) => kid)
      .sort()
      .join()
  );
}
