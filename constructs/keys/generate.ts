import {
  createPrivateKey,
  generateKeyPair,
  generateKeyPairSync,
  type KeyObject,
  type RSAKeyPairOptions,
} from "node:crypto";
import { promisify } from "node:util";

/** What a generated key looks like. */
export type KeyShape =
  | { readonly type: "rsa"; readonly modulusLength: number }
  | { readonly type: "ec"; readonly namedCurve: string }
  | { readonly type: "ed25519" };

/**
 * Generates a private key. This file is the only place that generates keys.
 *
 * Node.js 20 can deadlock when a key that it has just generated is used: a garbage collection frees the generating job,
 * which takes the lock that the use holds. Generating PEM and reading it again gives a key without such a job.
 */
export function generateKey(shape: KeyShape): KeyObject {
  return createPrivateKey(generateKeyPairSync(...inPem(shape)).privateKey);
}

/** As {@link generateKey}, off the main thread. Node.js has threads for four at a time. */
export async function generateKeyInBackground(shape: KeyShape): Promise<KeyObject> {
  return createPrivateKey((await generate(...inPem(shape))).privateKey);
}

type Options = RSAKeyPairOptions<"pem", "pem">;

const generate = promisify(generateKeyPair) as (type: "rsa", options: Options) => Promise<{ privateKey: string }>;

/** Node.js declares `generateKeyPair` for one type of key at a time; any stands for all of them. */
function inPem({ type, ...details }: KeyShape): [type: "rsa", options: Options] {
  const options = {
    ...details,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  };
  return [type as "rsa", options as Options];
}
