import { redact } from "../constructs/keys/shown";

/** How a command talks: results on stdout, everything else on stderr. */
export interface Output {
  readonly json: boolean;
  /** Progress, for a person who waits: silent in a pipe and with `--json`. */
  say(text: string): void;
  /** What a person has to see even in a log: changes to the system, warnings. */
  warn(text: string): void;
  /** The result: `text` for a person, `data` with `--json`. */
  result(text: string, data: unknown): void;
}

export function createOutput(json: boolean): Output {
  const chatty = !json && process.stderr.isTTY === true;
  return {
    json,
    say: (text) => void (chatty && process.stderr.write(`${text}\n`)),
    warn: (text) => void process.stderr.write(`${redact(text)}\n`),
    result: (text, data) =>
      void process.stdout.write(json ? `${JSON.stringify(data, null, 2)}\n` : text && `${text}\n`),
  };
}

/** A failure whose message is for the person at the terminal: what is wrong, where, what was got, what to do. */
export class ToolError extends Error {
  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(redact(message), options);
    this.name = "ToolError";
  }
}

/** The exit code of a failure: whoever has to confirm something can tell that from an error. */
export function exitCodeOf(code: string | undefined): number {
  return code === "not-confirmed" ? 3 : 1;
}

/** A span of time for a person, to the second. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
