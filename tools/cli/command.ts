import { COLOUR_CHOICES } from "../colour";
import { type Output, ToolError } from "../output";

/** An option of a command. Without a `value` it is a switch. */
export interface Option {
  readonly help: string;
  /** What the help calls its value, as in `SECONDS`. */
  readonly value?: string;
  /** One letter for it, as in `-C`. */
  readonly short?: string;
  /** The values that a shell offers. */
  readonly oneOf?: readonly string[];
}

type Options = Readonly<Record<string, Option>>;

/** What was given of some options. */
export type Given<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends { readonly value: string } ? string | undefined : boolean;
};

/** One call of a command. */
export interface Call<O extends Options = Options> {
  readonly words: readonly string[];
  readonly options: Given<O>;
  readonly out: Output;
  /** Aborted by Ctrl-C. */
  readonly interruption: AbortSignal;
}

/** An entry of the table of commands. Help, parsing and shell completion follow from it. */
export interface Command<O extends Options = Options> {
  /** One word. Commands of one kind have two, as in `keys rotate`; the first of them also runs by the first word alone. */
  readonly name: string;
  /** The words that follow, as the help prints them: `CLIENT_ID`, `[CLIENT_ID]`, `CLIENT…` or `[CLIENT…]`. */
  readonly words?: string;
  /** The words that a shell offers. */
  readonly oneOf?: readonly string[];
  /** One line. */
  readonly help: string;
  readonly options?: O;
  /** Gives the exit code, where it is not 0. */
  run(call: Call<O>): Promise<number | undefined>;
}

/** Checks an entry against the options that it names. */
export function command<const O extends Options = Record<never, Option>>(entry: Command<O>): Command {
  return entry as unknown as Command;
}

/** Options that every command takes. */
export const COMMON: Options = {
  json: { help: "the result for a program, on stdout" },
  color: { help: "auto, always or never; NO_COLOR is never", value: "WHEN", oneOf: COLOUR_CHOICES },
  directory: { help: "as if started in this folder", value: "DIR", short: "C" },
  help: { help: "what a command does, and its options", short: "h" },
  version: { help: "the version of this program" },
};

/** An option of commands that may replace keys. */
export const NEW_KEYS = {
  "new-keys": { help: "allow keys that the state knows to be replaced by others" },
} as const;

/** A failure of whoever calls: the message says what to give instead. */
export function usage(message: string): ToolError {
  return new ToolError("usage", `${message}; see m2m --help`);
}
