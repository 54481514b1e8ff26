import { readTextFile } from "../../constructs/keys/read-file";
import { shownPath } from "../../constructs/keys/shown";
import { ToolError } from "../output";

/** Shorter ones are found by trying, whoever has the file. */
const FEWEST_CHARACTERS = 12;

/** The passphrase in a file: its only line. @throws {ToolError} `passphrase-wrong`; {@link UnreadableFile} */
export function readPassphrase(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  const text = readTextFile(file).replace(/\r?\n$/, "");
  if (!text.includes("\n") && text.length >= FEWEST_CHARACTERS) return text;
  const got = text.includes("\n") ? `${text.split("\n").length} lines` : `one of ${text.length} characters`;
  throw new ToolError(
    "passphrase-wrong",
    `${shownPath(file)} must hold a passphrase of at least ${FEWEST_CHARACTERS} characters in one line, got: ${got}`,
  );
}
