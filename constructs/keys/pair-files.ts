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
  const key = join(privateDirectory, `${name}-signing.key`);
  return {
    certificate: join(directory, `${name}-signing.crt`),
    record: join(directory, `${name}-signing.keys.json`),
    key,
    staged: (kid) => stagedBeside(key, kid),
  };
}

/** The file of a key's private half beside the key file of its pair, while it is not the one in there. */
export function stagedBeside(keyFile: string, kid: string): string {
  return `${keyFile.slice(0, -".key".length)}.${kid.slice(0, 8)}.key`;
}
