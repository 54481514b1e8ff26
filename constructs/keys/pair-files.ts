import { join, resolve } from "node:path";

/** Where the files of one pair are, as it was declared. */
export interface PairPlace {
  readonly name: string;
  /** Folder of the certificate and the record, which are committed. */
  readonly directory: string;
  /** Folder of the private halves; the same one, unless they live elsewhere. */
  readonly privateKeyDirectory?: string;
}

/** The files of one pair, by what they hold. */
export interface PairFiles {
  /** `NAME-signing.crt`, the certificate of the active key. */
  readonly certificate: string;
  /** `NAME-signing.keys.json`, the public facts of every key; there from the first key on that is prepared. */
  readonly record: string;
  /** `NAME-signing.key`, the private half of the active key. */
  readonly key: string;
  /** `NAME-signing.KID.key`, the private half of a key that is not the active one; eight characters of its id. */
  staged(kid: string): string;
}

/** The files of a pair; its folders are absolute, or relative to `root`. */
export function filesOf(root: string, place: PairPlace): PairFiles {
  const { name } = place;
  const directory = resolve(root, place.directory);
  const privateDirectory = resolve(root, place.privateKeyDirectory ?? place.directory);
  return {
    certificate: join(directory, `${name}-signing.crt`),
    record: join(directory, `${name}-signing.keys.json`),
    key: join(privateDirectory, `${name}-signing.key`),
    staged: (kid) => join(privateDirectory, `${name}-signing.${kid.slice(0, 8)}.key`),
  };
}
