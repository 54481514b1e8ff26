import { plainLine } from "../network/plain-text";

/** Takes one line, without a line break. No line holds a token, an assertion or a key. */
export type Log = (line: string) => void;

/** The same log, but each line is one line, and its errors do no harm. */
export function quietly(log: Log): Log {
  return (line) => {
    try {
      log(plainLine(line));
    } catch {
      // A lost line is better than a failed call.
    }
  };
}

/** The default place for lines. */
export const toStandardError: Log = (line) => console.error(line);
