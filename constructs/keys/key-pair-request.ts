import { bitsFor, kindFor, SIGNING_ALGORITHMS, type SigningAlgorithm } from "./algorithms";
import type { PairFiles } from "./pair-files";
import { shown } from "./shown";

/** A half of a pair that was made. `file` is left out while many keys are made at once. */
export type KeyNotice =
  | { readonly event: "key-made"; readonly name: string; readonly kind: string; readonly file?: string }
  | { readonly event: "certificate-issued"; readonly name: string; readonly file: string; readonly days: number };

/** What is asked for: names of the two halves and what a new pair looks like. */
export interface KeyPairRequest {
  readonly name: string;
  readonly files: PairFiles;
  /** What the key signs with; a pair that exists has to fit. */
  readonly algorithm: SigningAlgorithm;
  /** Length of a new RSA modulus; counts for RS256 and PS256 alone. */
  readonly rsaBits: number;
  readonly validityDays: number;
  /** May a key be made where neither half exists? A text says why not. */
  readonly creation: "allowed" | { readonly refusedBecause: string };
  /** May an expired certificate be issued again over the same key? */
  readonly reissueExpired: boolean;
  /** Told what was made. */
  readonly notice: (notice: KeyNotice) => void;
  readonly now?: Date;
}

/**
 * Checks what a new pair would look like, whether or not one is made. `rsaBits` is what was asked for: beside an
 * algorithm whose keys have one size only it is a mistake.
 */
export function checkKeyPairRequest(
  algorithm: SigningAlgorithm,
  rsaBits: number | undefined,
  validityDays: number,
): string[] {
  const problems = checkBits(algorithm, rsaBits);
  if (!(validityDays > 0) || validityDays > 36_500) {
    problems.push(
      `\`validityDays\` must be more than 0 and at most 36500, got: ${shown(validityDays)}; use 365, or leave it out`,
    );
  }
  return problems;
}

function checkBits(algorithm: SigningAlgorithm, rsaBits: number | undefined): string[] {
  // An unknown algorithm is reported once, where it is checked itself.
  if (rsaBits === undefined || !SIGNING_ALGORITHMS.includes(algorithm)) return [];
  const bounds = bitsFor(algorithm);
  if (!bounds) {
    return [
      `\`rsaBits\` must be left out beside \`algorithm\` "${algorithm}", whose keys are ${kindFor(algorithm)}, got: ${shown(rsaBits)}`,
    ];
  }
  if (Number.isInteger(rsaBits) && rsaBits >= bounds.least && rsaBits <= bounds.most) return [];
  return [
    `\`rsaBits\` must be a whole number between ${bounds.least} (RFC 7518 section 3.3) and ${bounds.most}, got: ${shown(rsaBits)}; leave it out for ${bounds.least}`,
  ];
}
