import { quoted } from "../../constructs/keys/shown";
import type { Output } from "../output";
import { packageVersion } from "../package-files";
import { type Command, type Given, usage } from "./command";
import { explained, overview } from "./help";
import { checkUsage, commandsOf, findCommand, readArguments } from "./parse";

/** Runs the command that the arguments name. Gives the exit code. */
export async function runCommand(
  argv: readonly string[],
  commands: readonly Command[],
  out: Output,
  interruption: AbortSignal,
): Promise<number> {
  const { words, options } = readArguments(argv, commands);
  if (options.version) return print(packageVersion());
  if (options.help) return print(helpFor(words, commands));
  if (words.length === 0) {
    process.stderr.write(`${overview(commands)}\n`);
    return 1;
  }
  const { command, rest } = findCommand(words, commands);
  checkUsage(command, rest, options);
  if (typeof options.directory === "string") changeInto(options.directory);
  return (await command.run({ words: rest, options: given(command, options), out, interruption })) ?? 0;
}

/** As git and npm have it: whatever is relative, paths among the options too, is so to this folder. */
function changeInto(directory: string): void {
  try {
    process.chdir(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw usage(`-C must name a folder, got: ${quoted(directory)} (${code})`);
  }
}

/** A switch that was not given is off. */
function given({ options = {} }: Command, values: Readonly<Record<string, unknown>>): Given<typeof options> {
  const entries = Object.entries(options).map(([name, { value }]) => [
    name,
    values[name] ?? (value ? undefined : false),
  ]);
  return Object.fromEntries(entries);
}

function helpFor([first = "", second]: readonly string[], commands: readonly Command[]): string {
  const ofKind = commandsOf(first, commands);
  const exact = ofKind.filter(({ name }) => name === `${first} ${second}`);
  if (first !== "" && ofKind.length === 0) findCommand([first], commands); // which says what was meant
  return ofKind.length === 0 ? overview(commands) : explained(exact.length > 0 ? exact : ofKind);
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}
