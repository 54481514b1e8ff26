import { existsSync } from "node:fs";
import { activeOf } from "../../constructs/keys/key-record";
import { ENCRYPTED, keyIdInFile } from "../../constructs/keys/private-key";
import type { Pair } from "./pairs";

type Files = Pick<Pair, "files" | "record">;

/** The key that a pair's key file holds, if it is here. A file that cannot be opened is taken to hold the active key. */
export function heldBy({ files, record }: Files, passphrase?: string): string | undefined {
  const inFile = keyIdInFile(files.key, passphrase);
  return inFile === ENCRYPTED ? activeOf(record).kid : inFile;
}

/** Whether the private half of a key is on this machine. */
export function isHere(pair: Files, { kid }: { readonly kid: string }, passphrase?: string): boolean {
  return existsSync(pair.files.staged(kid)) || heldBy(pair, passphrase) === kid;
}
