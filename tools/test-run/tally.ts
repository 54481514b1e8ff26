import type { TestEvent } from "./events";

export interface FileTime {
  readonly file: string;
  readonly seconds: number;
}

const START = "Vitest's own start";
/** Vitest has no time-out for it, and a busy machine needs a while. */
const START_MS = 60_000;

/** What has happened in a run so far. */
export class Tally {
  passed = 0;
  /** One line for each: what failed, and how its error begins. */
  readonly failures: string[] = [];
  readonly times: FileTime[] = [];
  private readonly files = new Set<string>();
  /** Time-outs by the names of tests and hooks that run. */
  private readonly running = new Map([[START, START_MS]]);
  private lastEvent = Date.now();

  take(event: TestEvent): void {
    this.lastEvent = Date.now();
    this.running.delete(START);
    if (event.kind === "file-begins") this.files.add(event.file);
    if (event.kind === "begins") this.running.set(event.name, event.timeoutMs);
    if (event.kind === "ends") {
      this.running.delete(event.name);
      if (event.result === "passed") this.passed += 1;
    }
    if (event.kind === "fails") this.failures.push(`${event.name}: ${event.why}`);
    if (event.kind === "file-ends") {
      this.files.delete(event.file);
      this.times.push({ file: event.file, seconds: event.seconds });
    }
  }

  get silentMs(): number {
    return Date.now() - this.lastEvent;
  }

  /** Files that have begun and not ended. */
  get openFiles(): string[] {
    return [...this.files];
  }

  /** Tests and hooks that have begun and not ended. */
  get openTests(): string[] {
    return [...this.running.keys()];
  }

  /** The longest time-out of what runs now; 0 if there is none. */
  get longestTimeoutMs(): number {
    return Math.max(0, ...[...this.running.values()].filter(Number.isFinite));
  }
}

/** The files that took longest, one a line. */
export function slowest(times: readonly FileTime[], count = 10): string[] {
  const longest = [...times].sort((a, b) => b.seconds - a.seconds).slice(0, count);
  return longest.map(({ file, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${file}`);
}
