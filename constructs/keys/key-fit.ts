import type { KeyObject } from "node:crypto";
import { algorithmsOf, kindFor, kindOf, MINIMUM_RSA_BITS, type SigningAlgorithm } from "./algorithms";
import { KeyError } from "./errors";

/** What was read, and from where: the words of an error about it. */
export interface KeyPlace {
  /** File, as it is to be named. */
  readonly file: string;
  /** What the file does: `hold` a key or `certify` one. */
  readonly verb: "hold" | "certify";
  /** What to do where the key is of no use. */
  readonly replace: string;
}

/**
 * The algorithm that a key signs with: the one asked for if the key fits, or the usual one of its kind.
 *
 * @throws {KeyError} `KEY_UNSUPPORTED`, `KEY_TOO_SHORT` or `ALGORITHM_MISMATCH`
 */
export function fittingAlgorithm(key: KeyObject, place: KeyPlace, asked?: SigningAlgorithm): SigningAlgorithm {
  const possible = algorithmsOf(key);
  const [usual] = possible;
  if (usual === undefined) {
    throw new KeyError(
      "KEY_UNSUPPORTED",
      `${place.file} must ${place.verb} an RSA, P-256 or Ed25519 key, got: ${kindOf(key)}; ${place.replace}`,
    );
  }
  checkLength(key, place);
  if (asked === undefined || possible.includes(asked)) return asked ?? usual;
  throw new KeyError(
    "ALGORITHM_MISMATCH",
    `${place.file} must ${place.verb} ${withArticle(asked)} key, as \`algorithm\` is "${asked}", got: ${kindOf(key)}; set \`algorithm\` to ${possible.map((name) => `"${name}"`).join(" or ")}, or ${place.replace}`,
  );
}

function withArticle(algorithm: SigningAlgorithm): string {
  const kind = kindFor(algorithm);
  return `${kind === "P-256" ? "a" : "an"} ${kind}`;
}

function checkLength(key: KeyObject, { file, verb, replace }: KeyPlace): void {
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits === undefined || bits >= MINIMUM_RSA_BITS) return;
  throw new KeyError(
    "KEY_TOO_SHORT",
    `${file} must ${verb} an RSA key of at least ${MINIMUM_RSA_BITS} bits (RFC 7518 section 3.3), got: ${bits}; ${replace}`,
  );
}
