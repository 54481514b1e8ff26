import { type Stamp, stampOf } from "../../constructs/keys/file-stamp";
import { shown } from "../../constructs/keys/shown";
import { MachineError } from "../errors";
import { type Log, quietly, toStandardError } from "../log";
import type { SigningKey, SigningKeyOptions } from "./parse-signing-key";
import { loadSigningKey } from "./signing-key";

export interface WatchOptions extends SigningKeyOptions {
  /**
   * Takes a line when a new key is used, and when a changed file is refused.
   *
   * @default - standard error
   */
  readonly log?: Log;
}

/**
 * Reads a signing key and follows changes of its file. Returns a function that gives the key to sign with now.
 *
 * The function looks at the file's times and size at each signature, and reads the file again if they have changed. No
 * watcher can miss a change, and there is nothing to close. The file may be replaced by a rename, by a link or in
 * place. If it is missing, half-written or not a usable key, the old key stays in use, and the log gets one line for
 * each change.
 *
 * Does not check: that the issuer already knows the new key. Publish it first.
 *
 * @example
 * ```ts
 * import { createTokenClient, type Issuer, watchSigningKey } from "cdktf-keycloak-m2m/machine";
 *
 * declare const issuer: Issuer;
 * const signingKey = watchSigningKey("certs/machine-a-signing.key");
 * const client = createTokenClient(issuer, { clientId: "machine-a", signingKey });
 * ```
 *
 * @throws {KeyError} as {@link loadSigningKey}, if the first key cannot be used. The returned function never throws
 */
export function watchSigningKey(file: string, options: WatchOptions = {}): () => SigningKey {
  const log = quietly(options.log ?? toStandardError);
  let seen = stampOf(file); // before the file is read, so a change in between is seen at the first signature
  let key = loadSigningKey(file, options);
  let complaint = "";

  const look = (stamp: Stamp) => {
    try {
      const found = loadSigningKey(file, options);
      if (found.kid !== key.kid)
        log(`machine: key file ${shown(file)} has changed; key ${found.kid} signs from now on`);
      key = found;
      complaint = "";
    } catch (error) {
      const reason = error instanceof MachineError ? `${error.message} [${error.code}]` : "it cannot be used";
      const next = `${stamp.id} ${reason}`;
      if (next !== complaint) log(`machine: the changed key file is refused; key ${key.kid} still signs: ${reason}`);
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
