import { styleText } from "node:util";

/** What `--color` may be. */
export const COLOUR_CHOICES = ["auto", "always", "never"] as const;
export type ColourChoice = (typeof COLOUR_CHOICES)[number];

/** The colours that are used here, by Node.js's names. */
export type Colour = "green" | "yellow" | "red" | "cyan" | "dim" | "bold";

/** Gives a text a colour, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string;

/** Who asks for colours, in the order of what counts: `--color`, `NO_COLOR` (no-color.org), `FORCE_COLOR`, the terminal. */
export function isColoured(choice: ColourChoice, isTerminal: boolean, env: NodeJS.ProcessEnv = process.env): boolean {
  if (choice !== "auto") return choice === "always";
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== "0" && env.FORCE_COLOR !== "false";
  return isTerminal && env.TERM !== "dumb";
}

/** For what a program or a page reads. */
export const PLAIN: Paint = (_, text) => text;

/** Whether a stream has colours is decided above, so Node.js is not asked again. */
export function painter(coloured: boolean): Paint {
  return coloured ? (colour, text) => styleText(colour, text, { validateStream: false }) : PLAIN;
}
