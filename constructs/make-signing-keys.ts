import { isCreationDoubtful } from "./contract/key-switches";
import { tell } from "./contract/notices";
import { projectFolder } from "./contract/project-files";
import { shapeInWords, shapeOf } from "./keys/algorithms";
import { generateKeyInBackground } from "./keys/generate";
import { createFile, isTaken } from "./keys/key-files";
import { checkKeyPairRequest } from "./keys/key-pair-request";
import { filesOf, type PairFiles } from "./keys/pair-files";
import { printPrivateKey } from "./keys/private-key";
import { checkAlgorithm } from "./private/key-reading";
import { checkName } from "./private/place-checks";
import type { SigningKeyPairProps } from "./signing-key-pair";

/** How many keys are made at a time: Node.js has as many threads for it. */
const AT_ONCE = 4;
const TELL_EVERY = 10;

/**
 * Makes the private keys of many pairs that do not exist yet, several at a time and off the main thread, where each
 * {@link SigningKeyPair} by itself makes one at a time: `await makeSigningKeys(fleet.map((name) => ({ name })))` before the
 * constructs. Each is told on stderr, and every tenth how many there are to come.
 *
 * Does nothing for a pair of which there is anything, nor where a construct would be refused a new key, and leaves to the
 * constructs to check the props, to issue the certificates and to say what is wrong.
 *
 * @throws {KeyError} `FILE_NOT_WRITTEN` or `FILE_NOT_REGULAR`
 */
export async function makeSigningKeys(pairs: readonly SigningKeyPairProps[]): Promise<void> {
  const rest = pairs
    .map((pair) => ({ pair, files: filesOf(projectFolder(), { ...pair, directory: pair.directory ?? "certs" }) }))
    .filter(({ pair, files }) => isMissing(pair, files));
  const total = rest.length;
  let made = 0;
  const worker = async () => {
    for (let next = rest.shift(); next; next = rest.shift()) {
      const { algorithm = "RS256", rsaBits = 2048 } = next.pair;
      const key = await generateKeyInBackground(shapeOf(algorithm, rsaBits));
      const kind = shapeInWords(algorithm, rsaBits);
      const isMade = createFile(next.files.key, printPrivateKey(key), 0o600);
      if (isMade) tell({ event: "key-made", name: next.pair.name, kind });
      made++;
      if (made % TELL_EVERY === 0 || made === total) tell({ event: "keys-made", made, total });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

function isMissing(pair: SigningKeyPairProps, { key, certificate, record }: PairFiles): boolean {
  const { name, algorithm = "RS256", rsaBits, validityDays = 365 } = pair;
  const problems = [
    ...checkName(name),
    ...checkAlgorithm(algorithm),
    ...checkKeyPairRequest(algorithm, rsaBits, validityDays),
  ];
  return problems.length === 0 && !isCreationDoubtful(name) && ![key, certificate, record].some(isTaken);
}
