import type { Output } from "../output";
import { packageVersion } from "../package-files";
import type { Command, Given } from "./command";
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
  return (await command.run({ words: rest, options: given(command, options), out, interruption })) ?? 0;
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
  return ofKind.length === 0 ? overview(commands) : explained(exact.length > 0 ? exact : ofKind);
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}
