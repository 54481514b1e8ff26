/** Takes one line, without a line end. No line holds a token, an assertion or a key. */
export type Log = (line: string) => void;

/** Where lines go unless a program has a place for them. */
export const toStandardError: Log = (line) => console.error(line);
