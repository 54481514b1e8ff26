import { createInterface } from "node:readline/promises";
import { ToolError } from "./output";

/** Whether somebody can answer: a person at a terminal. */
export function canAnswer(): boolean {
  return process.stdin.isTTY === true;
}

/**
 * Shows what would be destroyed, and goes on only if a person says yes.
 *
 * @throws {ToolError} `not-confirmed`
 */
export async function confirm(text: string, question: string, interruption?: AbortSignal): Promise<void> {
  if (!canAnswer()) {
    throw new ToolError("not-confirmed", `${text}\nThere is no terminal to ask for confirmation; pass --yes to go on`);
  }
  process.stderr.write(`${text}\n`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(question, { signal: interruption ?? new AbortController().signal });
  terminal.close();
  if (answer.trim() !== "yes") throw new ToolError("not-confirmed", "nothing was destroyed");
}
