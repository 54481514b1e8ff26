import { statSync } from "node:fs";
import { MachineError } from "../errors";
import { type Log, quietly, toStandardError } from "../log";
import { loadSigningKey, type SigningKey, type SigningKeyOptions } from "./signing-key";

export interface WatchOptions extends SigningKeyOptions {
  /**
   * Takes a line when another key is taken up, and when a changed file is refused.
   *
   * @default - standard error
   */
  readonly log?: Log;
}

/** A file this young may be changed again without its times and size telling. */
const settledAfterMs = 1000;

/**
 * Reads a signing key and keeps an eye on its file: gives a function that gives the key to sign with now.
 *
 * The file is parsed when it has changed, else its times and size are looked at, at each signature: no watcher that could
 * miss a change, and nothing to close. A file replaced by a rename, by a link or in place counts from the next signature
 * on. One that is gone, half-written or no usable key is refused with a line in the log, once for each change, and the
 * old key signs on.
 *
 * Does not check: that the issuer knows the new key already; publish it first.
 *
 * @throws {KeyError} as `loadSigningKey`, if the first key cannot be used. The function never throws
 */
export function watchSigningKey(file: string, options: WatchOptions = {}): () => SigningKey {
  const log = quietly(options.log ?? toStandardError);
  let seen = stampOf(file); // before the file is read: what changes meanwhile is seen at the first signature
  let key = loadSigningKey(file, options);
  let complaint = "";

  const look = (stamp: Stamp) => {
    try {
      const found = loadSigningKey(file, options);
      if (found.kid !== key.kid)
        log(`machine: key file ${file} has changed: signing with key ${found.kid} from now on`);
      key = found;
      complaint = "";
    } catch (error) {
      const reason = error instanceof MachineError ? `${error.message} [${error.code}]` : "it cannot be used";
      const next = `${stamp.id} ${reason}`;
      if (next !== complaint) log(`machine: the changed key is refused, key ${key.kid} signs on: ${reason}`);
      complaint = next;
    }
    seen = stamp;
  };

  return () => {
    const stamp = stampOf(file);
    if (stamp.id !== seen.id || !seen.settled) look(stamp);
    return key;
  };
}

interface Stamp {
  /** What changes when the file does. */
  readonly id: string;
  readonly settled: boolean;
}

function stampOf(file: string): Stamp {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    const ageMs = Date.now() - Number(ctimeNs / 1_000_000n);
    return { id: [dev, ino, size, mtimeNs, ctimeNs].join(" "), settled: ageMs > settledAfterMs };
  } catch (error) {
    return { id: `none: ${(error as NodeJS.ErrnoException).code}`, settled: true };
  }
}
