import { existsSync } from "node:fs";
import { keyId } from "../../constructs/keys/certificate";
import { activeOf } from "../../constructs/keys/key-record";
import { ENCRYPTED, readPrivateKeyFile } from "../../constructs/keys/private-key";
import type { Pair } from "./pairs";

/** The key that a pair's key file holds, if it is here; one that cannot be opened is taken for the active one. */
export function heldBy({ files, record }: Pick<Pair, "files" | "record">): string | undefined {
  const key = readPrivateKeyFile(files.key, undefined);
  if (key === undefined) return undefined;
  return key === ENCRYPTED ? activeOf(record).kid : keyId(key);
}

/** Whether the private half of a key is on this machine. */
export function isHere(pair: Pick<Pair, "files" | "record">, { kid }: { readonly kid: string }): boolean {
  return existsSync(pair.files.staged(kid)) || heldBy(pair) === kid;
}
