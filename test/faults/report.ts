import { row, table } from "../../bench/figures";
import type { Fault } from "./faults";
import type { Measured } from "./measure";

const HEADS = [
  "What breaks",
  "Tokens asked for",
  "Failed",
  "Single requests",
  "Failed",
  "Longest gap, s",
  "Over after, s",
  "Calls verified",
  "Refused",
];

/** What machines met, fault by fault. */
export class Report {
  private readonly rows: string[] = [];

  constructor(private readonly title: string) {}

  add({ what }: Fault, { met, recoveryMs }: Measured): void {
    const { patient, single, verified, refused } = met;
    const asked = [patient.calls, patient.failed.length, single.calls, single.failed.length];
    this.rows.push(row([what, ...asked, seconds(single.longestGapMs), seconds(recoveryMs), verified, refused]));
    for (const line of unique([...patient.failed, ...single.failed])) console.error(`${what}: ${line}`);
  }

  /** Prints all of them, as docs/reliability.md has them. */
  print(): void {
    console.log([`${this.title}:`, table(HEADS, this.rows)].join("\n\n"));
  }
}

const seconds = (ms: number) => (ms / 1000).toFixed(1);

/** Each failure once, whenever it was. */
function unique(failed: readonly string[]): string[] {
  return [...new Set(failed.map((line) => line.replace(/^\S+ /, "")))];
}
