import { statSync } from "node:fs";

/** A file this young may change again without a change of its times and size. */
const settledAfterMs = 1000;

/** What tells of a change of a file without reading it. */
export interface Stamp {
  /** What changes when the file does. */
  readonly id: string;
  /** Whether the file is old enough for the next change to show. */
  readonly settled: boolean;
}

/** The stamp of a file now. A file that is missing has one too. */
export function stampOf(file: string): Stamp {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    const ageMs = Date.now() - Number(ctimeNs / 1_000_000n);
    return { id: [dev, ino, size, mtimeNs, ctimeNs].join(" "), settled: ageMs > settledAfterMs };
  } catch (error) {
    return { id: `none: ${(error as NodeJS.ErrnoException).code}`, settled: true };
  }
}
