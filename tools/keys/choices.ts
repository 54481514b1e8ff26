import type { SigningAlgorithm } from "../../constructs/keys/algorithms";
import { readTextFile, UnreadableFile } from "../../constructs/keys/read-file";
import { shown } from "../../constructs/keys/shown";
import { usage } from "../cli/command";
import { ToolError } from "../output";
import type { CertificateFile, NewKey } from "./new-key";

/** Reads `--key`. */
export function readKid(key: string | undefined): string | undefined {
  if (key === undefined || /^[\w-]{8,64}$/.test(key)) return key;
  throw usage(`--key must be a key id, or at least its first eight characters, got: ${shown(key)}`);
}

/** Reads `--algorithm`, which the command line has checked, and `--certificate`, which is for one of the names. */
export function readNewKey(
  given: { readonly algorithm?: string; readonly certificate?: string },
  names: readonly string[],
): NewKey {
  if (given.certificate !== undefined && names.length !== 1) throw usage("--certificate is for one CLIENT");
  return {
    algorithm: given.algorithm as SigningAlgorithm | undefined,
    certificate: given.certificate === undefined ? undefined : readCertificateFile(given.certificate),
  };
}

/** Reads `--auto` and `--overlap`, which is in seconds. */
export function readPace({ auto, overlap }: { readonly auto: boolean; readonly overlap?: string }) {
  if (overlap !== undefined && !/^\d{1,8}$/.test(overlap)) {
    throw usage(`--overlap must be a number of seconds, got: ${shown(overlap)}`);
  }
  if (overlap !== undefined && !auto) throw usage("--overlap is for keys rotate --auto");
  return { whenDue: auto, overlapMs: auto ? Number(overlap ?? 3600) * 1000 : 0 };
}

/** Read once: it may be another file the next time. */
function readCertificateFile(file: string): CertificateFile {
  try {
    return { file, pem: readTextFile(file) };
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    throw new ToolError("usage", `--certificate must name a certificate in PEM, got: ${shown(file)} (${error.got})`);
  }
}
