import { parseArgs } from "node:util";
import leven from "leven";
import { quoted, shown } from "../../constructs/keys/shown";
import { COMMON, type Command, type Option, usage } from "./command";

/** Letters that are wrong, too many or too few in a word that is still recognised. */
const MOST_MISTAKES = 2;

/** What other programs call our commands. */
const CALLED: Readonly<Record<string, string>> = {
  apply: "up",
  deploy: "up",
  destroy: "down",
  help: "--help",
  plan: "diff",
  who: "who-can",
};

/** What was given, before it is known which command it is for. */
export interface Arguments {
  readonly words: readonly string[];
  /** Switches and values by their option's name; only those that were given. */
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
}

/** Options may stand before the command and after it, so all commands' options are known from the start. */
export function readArguments(argv: readonly string[], commands: readonly Command[]): Arguments {
  const all = Object.assign({}, COMMON, ...commands.map(({ options }) => options)) as typeof COMMON;
  const options = Object.fromEntries(
    Object.entries(all).map(([name, { value, short }]) => [
      name,
      { type: value === undefined ? "boolean" : "string", ...(short && { short }) } as const,
    ]),
  );
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true });
    return { words: positionals, options: values as Arguments["options"] };
  } catch (error) {
    throw usage(problemOf(error as Error, Object.keys(all)));
  }
}

/** Node.js goes on with advice on dashes, which is of use for a value that begins with one, as a key id may. */
function problemOf({ message }: Error, known: readonly string[]): string {
  const [problem = ""] = message.split(/\.\n|\. To specify/);
  const option = /^Option '(--[\w-]+)[^']*' argument is ambiguous/.exec(problem)?.[1];
  if (option) return `${option} needs a value; one that begins with a dash is written ${option}=VALUE`;
  const unknown = /^Unknown option '--([\w-]+)/.exec(problem)?.[1];
  const names = known.map((name) => `--${name}`);
  return problem.replace(/'(.*)'/s, (_, given) => `'${shown(given)}'`) + (unknown ? meant(`--${unknown}`, names) : "");
}

/** The command that the first words name, and the words after its name. */
export function findCommand(
  words: readonly string[],
  commands: readonly Command[],
): { command: Command; rest: readonly string[] } {
  const [first = "", second] = words;
  const ofKind = commandsOf(first, commands);
  if (ofKind.length === 0) {
    const known = commands.map(({ name }) => name.split(" ")[0]!);
    throw usage(`there is no command ${quoted(first)}${meant(first, known)}`);
  }
  const command = ofKind.find(({ name }) => name === first || name === `${first} ${second}`);
  if (command) return { command, rest: words.slice(command.name.split(" ").length) };
  if (second === undefined) return { command: ofKind[0]!, rest: [] };
  const known = ofKind.map(({ name }) => name.slice(first.length + 1));
  const whole = meant(second, known).replace("mean ", `mean ${first} `);
  throw usage(`there is no ${first} ${shown(second)}${whole || `; it is ${known.join(", ")}`}`);
}

/** The command of this name, or all those whose first word it is. */
export function commandsOf(first: string, commands: readonly Command[]): Command[] {
  return commands.filter(({ name }) => name.split(" ")[0] === first);
}

/** Refuses options that another command takes, and words too few or too many. */
export function checkUsage(command: Command, words: readonly string[], options: Arguments["options"]): void {
  const foreign = Object.keys(options).find((name) => !Object.hasOwn({ ...COMMON, ...command.options }, name));
  if (foreign) throw usage(`${command.name} takes no --${foreign}`);
  const { least, most } = range(command.words);
  const unknown = words.find((word) => command.oneOf && !command.oneOf.includes(word));
  if (words.length < least) throw usage(`${command.name} needs a ${command.words}`);
  if (words.length > most) {
    throw usage(`${command.name} takes ${most === 0 ? "no argument" : "one argument"}, got: ${shown(words.join(" "))}`);
  }
  if (unknown !== undefined)
    throw usage(`${command.name} must be ${command.oneOf?.join(" or ")}, got: ${shown(unknown)}`);
  for (const [name, { oneOf }] of Object.entries<Option>({ ...command.options, ...COMMON })) {
    const value = options[name];
    if (oneOf && typeof value === "string" && !oneOf.includes(value)) {
      throw usage(`--${name} must be one of ${oneOf.join(", ")}, got: ${shown(value)}`);
    }
  }
}

/** The known word that was probably meant, as the end of a message; nothing if none is near. */
function meant(given: string, known: readonly string[]): string {
  const called = Object.hasOwn(CALLED, given) ? CALLED[given]! : "";
  if (known.includes(called) || called === "--help") return ` (did you mean ${called}?)`;
  const near = [...new Set(known)]
    .map((word) => ({ word, distance: leven(given, word, { maxDistance: MOST_MISTAKES + 1 }) }))
    .filter(({ word, distance }) => distance <= Math.min(MOST_MISTAKES, word.length / 2) || isBeginning(given, word))
    .sort((one, two) => one.distance - two.distance);
  return near[0] ? ` (did you mean ${near[0].word}?)` : "";
}

function isBeginning(given: string, word: string): boolean {
  return given.length > 1 && word.startsWith(given);
}

/** How many words a command takes. */
function range(words = ""): { least: number; most: number } {
  return {
    least: words === "" || words.startsWith("[") ? 0 : 1,
    most: words.includes("…") ? Number.POSITIVE_INFINITY : words === "" ? 0 : 1,
  };
}
