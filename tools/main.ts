import { redact } from "../constructs/keys/shown";
import { runCommand } from "./cli/run";
import { COLOUR_CHOICES, type ColourChoice } from "./colour";
import { COMMANDS } from "./commands";
import { answerCompletion } from "./commands/complete";
import { createOutput, exitCodeOf } from "./output";

/** As a program that SIGPIPE ends, in the shell's numbers: `m2m events --follow | head` is no failure to tell of. */
const NOBODY_READS = 141;

async function main(): Promise<void> {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(NOBODY_READS);
    throw error;
  });
  const argv = process.argv.slice(2);
  if (argv[0] === "complete" && argv[1] === "--") return answerCompletion(argv.slice(2), COMMANDS);
  const out = createOutput({ json: argv.includes("--json"), colour: colourIn(argv) });
  // Ctrl-C reaches the programs that were started too: they stop in order, and this one reports how.
  const interruption = new AbortController();
  process.on("SIGINT", () => interruption.abort());
  try {
    process.exitCode = await runCommand(argv, COMMANDS, out, interruption.signal);
  } catch (error) {
    const { code = "failed", message } = interruption.signal.aborted
      ? { code: "interrupted", message: `interrupted: ${(error as Error).message}` }
      : (error as { code?: string; message: string });
    if (out.json) out.result("", { error: { code, message: redact(message) } });
    else out.warn(`m2m: ${message}`);
    process.exitCode = exitCodeOf(code);
  }
  if (interruption.signal.aborted) process.exit(130); // whatever is still asked for, nobody waits for the answer
}

/** Before anything else is read, as the message about that may have colours. */
function colourIn(argv: readonly string[]): ColourChoice {
  const at = argv.findIndex((argument) => /^--color(=|$)/.test(argument));
  const value = argv[at]?.split("=")[1] ?? argv[at + 1];
  return COLOUR_CHOICES.find((choice) => at >= 0 && choice === value) ?? "auto";
}

void main();
