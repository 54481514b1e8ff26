/** Takes one line, without a line end. No line holds a token, an assertion or a key. */
export type Log = (line: string) => void;

/** The same, and what it throws stops nothing. */
export function quietly(log: Log): Log {
  return (line) => {
    try {
      log(line);
    } catch {
      // who has no place for a line goes without it
    }
  };
}

/** Where lines go unless a program has a place for them. */
export const toStandardError: Log = (line) => console.error(line);
