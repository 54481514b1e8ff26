import { existsSync, rmSync } from "node:fs";
import { type PairDescription, pairsIn } from "../../constructs/contract/markers";
import type { Notice } from "../../constructs/contract/notices";
import { isFileThere } from "../../constructs/keys/key-files";
import { filesOf } from "../../constructs/keys/pair-files";
import { ToolError } from "../output";
import { declaredKeys, type KnownKey } from "./known-keys";
import type { Project, Stack } from "./project";

/** What a run of the app gave. */
export interface Synthesis {
  readonly stacks: Stack[];
  /** What it made of key pairs. */
  readonly made: readonly Notice[];
}

/**
 * Refuses a synthesis that would take a machine's key away unasked, by what the states know. What the synthesis made for
 * such a machine is removed again, so that the right certificate finds its place empty.
 */
export function refuseLostKeys(project: Project, { stacks, made }: Synthesis, known: readonly KnownKey[]): void {
  const pairs = stacks.flatMap(({ json }) => pairsIn(json));
  const replaced = replacedKeys(known, declaredKeys(stacks), pairs);
  if (replaced.length > 0) {
    const told = replaced.map(({ key, before }) => {
      const removed = takeBack(project, pairs, made, key);
      return `${key.address} of stack ${key.stack} (${key.name}) would get another key: the state knows kid ${before.kid}, the certificate has ${key.kid}${removed ? ", which was made just now and is removed again" : ""}`;
    });
    throw new ToolError(
      "key-replaced",
      `${told.join("\n")}; restore the certificate${told.length > 1 ? "s" : ""}, or pass --new-keys to replace the key${told.length > 1 ? "s" : ""}`,
    );
  }
  refuseLostRecord(project, known, pairs);
}

/** A key may follow another of the same record, as `m2m keys` keeps it. Any other key would lock a machine out. */
function replacedKeys(
  known: readonly KnownKey[],
  declared: readonly KnownKey[],
  pairs: readonly PairDescription[],
): { key: KnownKey; before: KnownKey }[] {
  const areOfOnePair = (...ids: string[]) =>
    pairs.some(({ kids, revoked }) => ids.every((kid) => [...kids, ...revoked].includes(kid)));
  return declared.flatMap((key) => {
    const before = knownAs(key, known);
    if (!before || before.kid === key.kid || before.accepted.includes(key.kid)) return [];
    return areOfOnePair(before.kid, key.kid) ? [] : [{ key, before }];
  });
}

/** The same client in the state: at the same address, or under the same client id if its construct was renamed. */
function knownAs({ stack, address, client }: KnownKey, known: readonly KnownKey[]): KnownKey | undefined {
  const ofStack = known.filter((key) => key.stack === stack);
  return ofStack.find((key) => key.address === address) ?? ofStack.find((key) => key.client === client);
}

/** Removes what this synthesis made of a pair. Says whether it made the key. */
function takeBack(
  project: Project,
  pairs: readonly PairDescription[],
  made: readonly Notice[],
  { kid }: KnownKey,
): boolean {
  const pair = pairs.find(({ kids }) => kids.includes(kid));
  // What was made is told by the pair's name, which two folders may have.
  if (!pair || pairs.some((other) => other.name === pair.name && other.directory !== pair.directory)) return false;
  const { key, certificate } = filesOf(project.folder, pair);
  const was = (event: Notice["event"]) =>
    made.some((notice) => notice.event === event && "name" in notice && notice.name === pair.name);
  if (!was("certificate-issued")) return false;
  rmSync(certificate, { force: true });
  if (!was("key-made") || !isFileThere(key)) return false;
  rmSync(key, { force: true });
  return true;
}

/** If several keys are accepted, a record says so. Without it they and all revocations would be gone, unasked. */
function refuseLostRecord(project: Project, known: readonly KnownKey[], pairs: readonly PairDescription[]): void {
  for (const pair of pairs) {
    const { record } = filesOf(project.folder, pair);
    if (existsSync(record)) continue;
    const before = known.find(({ accepted }) => accepted.length > 1 && accepted.some((kid) => pair.kids.includes(kid)));
    if (!before) continue;
    throw new ToolError(
      "record-lost",
      `${record} is not there, and the state knows ${before.accepted.length} keys of ${pair.name}; restore it from version control, or pass --new-keys to accept only the key of the certificate`,
    );
  }
}
