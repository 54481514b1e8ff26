import type { KeyObject } from "node:crypto";
import { ANY_KEY, algorithmsOf, inWords, keyFor, kindOf, type SigningAlgorithm, unfitSizeOf } from "./algorithms";
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
      `${place.file} must ${place.verb} ${ANY_KEY}, got: ${kindOf(key)}; ${place.replace}`,
    );
  }
  checkLength(key, place);
  if (asked === undefined || possible.includes(asked)) return asked ?? usual;
  throw new KeyError(
    "ALGORITHM_MISMATCH",
    `${place.file} must ${place.verb} ${keyFor(asked)}, as \`algorithm\` is "${asked}", got: ${kindOf(key)}; set \`algorithm\` to ${inWords(possible.map((name) => `"${name}"`))}, or ${place.replace}`,
  );
}

function checkLength(key: KeyObject, { file, verb, replace }: KeyPlace): void {
  const unfit = unfitSizeOf(key);
  if (!unfit) return;
  throw new KeyError(
    "KEY_TOO_SHORT",
    `${file} must ${verb} an RSA key of ${unfit.rule}${unfit.source}, got: ${unfit.bits}; ${replace}`,
  );
}
