import { RootCommand } from "@bomb.sh/tab";
import { COMMON, type Command, command, type Option } from "../cli/command";

/**
 * Prints a script that makes a shell complete words and options. The script asks `m2m complete -- WORD…` what can follow,
 * which {@link answerCompletion} answers.
 */
export const complete = command({
  name: "complete",
  words: "SHELL",
  oneOf: ["bash", "zsh", "fish"],
  help: "completion in bash, zsh or fish: source <(m2m complete bash)",
  async run({ words: [shell = ""] }) {
    const program = [process.execPath, process.argv[1]!].map((path) => `'${path.replaceAll("'", "'\\''")}'`).join(" ");
    new RootCommand().setup("m2m", program, shell);
    return 0;
  },
});

/** Prints what can follow the words that were typed so far; the last may be half a word, or empty. */
export function answerCompletion(typed: readonly string[], commands: readonly Command[]): void {
  const root = new RootCommand();
  for (const { name, help, words, oneOf = [], options = {} } of commands) {
    const [kind = "", second] = name.split(" ");
    // The library finds a command of two words by way of the first.
    if (second !== undefined && !root.commands.has(kind)) root.command(kind, help);
    const entry = root.command(name, help);
    if (words) entry.argument(words, (offer) => oneOf.forEach((word) => void offer(word, "")));
    for (const [option, { help, value, oneOf = [] }] of Object.entries<Option>({ ...options, ...COMMON })) {
      if (value === undefined) entry.option(option, help);
      else entry.option(option, help, (offer) => oneOf.forEach((word) => void offer(word, "")));
    }
  }
  root.parse([...typed]);
}
