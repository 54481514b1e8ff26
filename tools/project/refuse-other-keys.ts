import { existsSync } from "node:fs";
import type { PairDescription } from "../../constructs/contract/markers";
import { filesOf } from "../../constructs/keys/pair-files";
import { ToolError } from "../output";
import type { KnownKey } from "./known-keys";
import type { Project } from "./project";

/** A key may follow another of the same record, as `m2m keys` keeps it. Any other key would lock a machine out. */
export function refuseOtherKeys(
  known: readonly KnownKey[],
  declared: readonly KnownKey[],
  pairs: readonly PairDescription[],
): void {
  const areOfOnePair = (...ids: string[]) =>
    pairs.some(({ kids, revoked }) => ids.every((kid) => [...kids, ...revoked].includes(kid)));
  for (const key of declared) {
    const before = known.find(({ stack, address }) => stack === key.stack && address === key.address);
    if (!before || before.kid === key.kid || before.accepted.includes(key.kid)) continue;
    if (!areOfOnePair(before.kid, key.kid)) {
      throw new ToolError(
        "key-replaced",
        `${key.address} of stack ${key.stack} (${key.name}) would get another key: the state knows kid ${before.kid}, the certificate has ${key.kid}; restore the certificate, or pass --new-keys to replace the key`,
      );
    }
  }
}

/** If several keys are accepted, a record says so. Without it they and all revocations would be gone, unasked. */
export function refuseLostRecord(
  project: Project,
  known: readonly KnownKey[],
  pairs: readonly PairDescription[],
): void {
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
