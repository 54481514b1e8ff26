import { statSync } from "node:fs";
import { relative } from "node:path";
import { Annotations } from "cdktf";
import type { Construct } from "constructs";
import { projectFolder } from "../contract/project-files";
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from "../keys/algorithms";
import { DAY_MS, lifeOf, type Validity } from "../keys/certificate-life";
import { KeyError } from "../keys/errors";
import { shown } from "../keys/shown";
import { check } from "./checks";

/** Errors of key material name files. This adds the path of the construct that asked for them. */
export function explained<Facts>(scope: Construct, read: () => Facts): Facts {
  try {
    return read();
  } catch (error) {
    if (error instanceof KeyError) throw new KeyError(error.code, `[${scope.node.path}] ${error.message}`);
    throw error;
  }
}

export function checkAlgorithm(algorithm: SigningAlgorithm): string[] {
  const names = SIGNING_ALGORITHMS.map((name) => `"${name}"`);
  const rule = `must be ${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
  return check("algorithm", algorithm, (a) => SIGNING_ALGORITHMS.includes(a), rule);
}

/** Warns in the last third of a certificate's life. It is never an error, since `destroy` has to work at any age. */
export function warnOfExpiry(
  scope: Construct,
  { notBefore, notAfter }: Validity,
  file: string,
  remedy: string,
  ended = "Keycloak still accepts the key",
): void {
  const { leftMs, isDue } = lifeOf({ notBefore, notAfter });
  if (!isDue) return;
  const day = notAfter.toISOString().slice(0, 10);
  const age =
    leftMs > 0
      ? `the certificate ${file} ends on ${day}, in ${days(leftMs)}`
      : `THE CERTIFICATE ${file} HAS ENDED on ${day}; ${ended}`;
  Annotations.of(scope).addWarning(`${age}; ${remedy}`);
}

/** A certificate may be dated back this much, against clocks that differ. */
const DATED_BACK_MS = 600_000;

/**
 * Says that a declared validity is not that of the certificate in hand: nothing else would tell that it counts later. What
 * ends with its issuer cannot be longer.
 */
export function noteOfValidity(
  scope: Construct,
  validityDays: number | undefined,
  { notBefore, notAfter }: Validity,
  file: string,
  remedy: string,
  issuers: readonly Validity[] = [],
): void {
  if (validityDays === undefined) return;
  const ms = notAfter.getTime() - notBefore.getTime();
  const isCut = issuers.some((issuer) => issuer.notAfter.getTime() === notAfter.getTime());
  const wanted = validityDays * DAY_MS;
  if ((isCut && ms < wanted) || Math.abs(ms - wanted) <= DATED_BACK_MS) return;
  const has = Math.round((ms / DAY_MS) * 10) / 10;
  Annotations.of(scope).addInfo(
    `\`validityDays\` ${validityDays} counts from the next certificate on, as ${file} is for ${has} days; ${remedy}`,
  );
}

function days(ms: number): string {
  const whole = Math.floor(ms / DAY_MS);
  return whole === 0 ? "less than a day" : whole === 1 ? "a day" : `${whole} days`;
}

/**
 * Warns, and does not fail: a file system without modes shows every file as open, and somebody who was lent a key has to
 * be able to take the environment down. The file belongs to its owner, so its mode is not changed.
 */
export function warnOfReaders(scope: Construct, keyFile: string): void {
  const mode = statSync(keyFile, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & 0o077) === 0 || process.platform === "win32") return; // Windows has no modes at all
  const file = shown(relative(projectFolder(), keyFile));
  Annotations.of(scope).addWarning(
    `others than its owner may use ${file} (mode ${(mode & 0o777).toString(8).padStart(4, "0")}); run \`chmod 600 ${file}\``,
  );
}
