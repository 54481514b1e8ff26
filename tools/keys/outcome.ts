import type { KeyEntry } from "../../constructs/keys/key-record";
import type { Pair } from "./pairs";

/** What an action did with one pair, in words and as data. */
export interface Outcome {
  readonly name: string;
  readonly action: string;
  /** The key that was prepared, activated, retired or revoked. */
  readonly kid?: string;
  readonly said: string;
  /** What to run next, if anything. */
  readonly next?: string;
}

/** After the key that is to sign. */
export const NOT_HERE = ", whose private half is not here: bring it to where the machine signs";

/** The first characters of a key's id: as much as assertions and file names show of it. */
export function short({ kid }: { readonly kid: string }): string {
  return kid.slice(0, 8);
}

export function shortOfAll(keys: readonly { readonly kid: string }[]): string {
  return keys.map(short).join(", ");
}

export function described(entry: KeyEntry): string {
  return `${short(entry)} (${entry.algorithm}, certificate until ${entry.until.slice(0, 10)})`;
}

/** The start of `next` if the declaration has another algorithm than a key: the app would fail once that key signs. */
export function declareFirst({ description }: Pair, { algorithm }: KeyEntry): string {
  return description.algorithm === algorithm ? "" : `set \`algorithm: "${algorithm}"\` in the declaration; `;
}
