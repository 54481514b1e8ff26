import { redact } from "../constructs/keys/shown";
import { type ColourChoice, isColoured, type Paint, painter } from "./colour";
import { isDrawable, NO_PROGRESS, type Progress, terminalProgress } from "./progress";

/** How a command talks: results on stdout, everything else on stderr. Progress is silent in a pipe and with `--json`. */
export interface Output extends Pick<Progress, "step" | "say"> {
  readonly json: boolean;
  /** Whether results have colours. */
  readonly isColoured: boolean;
  /** Colours for results, and for what is warned of. */
  readonly paint: Paint;
  readonly paintWarned: Paint;
  /** What a person has to see even in a log: changes to the system, warnings. */
  warn(text: string): void;
  /** The result: `text` for a person, `data` with `--json`. */
  result(text: string, data: unknown): void;
}

export function createOutput({ json, colour }: { json: boolean; colour: ColourChoice }): Output {
  const { stderr, stdout } = process;
  const paint = painter(isColoured(colour, stderr.isTTY));
  const coloured = !json && isColoured(colour, stdout.isTTY);
  const progress = !json && isDrawable(stderr) ? terminalProgress(stderr, paint) : NO_PROGRESS;
  return {
    json,
    isColoured: coloured,
    paint: painter(coloured),
    paintWarned: paint,
    step: progress.step,
    say: progress.say,
    warn: (text) => progress.beside(() => void stderr.write(`${redact(text).replace(FIRST_WORD, warned(paint))}\n`)),
    result: (text, data) =>
      progress.beside(() => void stdout.write(json ? `${JSON.stringify(data, null, 2)}\n` : text && `${text}\n`)),
  };
}

/** What a line on stderr begins with if it is a warning or a failure. */
const FIRST_WORD = /^(warning|note|m2m):/;

function warned(paint: Paint): (word: string) => string {
  return (word) => paint(word === "m2m:" ? "red" : word === "note:" ? "cyan" : "yellow", word);
}

/** A failure whose message is for the person at the terminal: what is wrong, where, what was got, what to do. */
export class ToolError extends Error {
  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(redact(message), options);
    this.name = "ToolError";
  }
}

/** The exit code of a failure: whoever has to confirm something can tell that from an error. */
export function exitCodeOf(code: string | undefined): number {
  return code === "not-confirmed" ? 3 : 1;
}
