import { COMMON, type Command, type Option } from "./command";

/** Columns for what is typed. What it does stands beside it, or below it where it is longer. */
const TYPED = 37;
const WIDTH = 110;

/** All commands on one screen. */
export function overview(commands: readonly Command[]): string {
  return [
    "Usage: m2m COMMAND [OPTIONS]",
    "",
    ...commands.flatMap((entry) => row(typed(entry), entry.help)),
    "",
    ...optionRows(COMMON),
    "",
    "m2m COMMAND --help explains a command's options. Progress and warnings go to stderr; progress only to a terminal.",
  ].join("\n");
}

/** One command, or those of one kind, with their options. */
export function explained(commands: readonly Command[]): string {
  const one = (entry: Command) => [
    `Usage: m2m ${[entry.name, entry.words, "[OPTIONS]"].filter(Boolean).join(" ")}`,
    "",
    `${entry.help[0]!.toUpperCase()}${entry.help.slice(1)}.`,
    "",
    ...optionRows({ ...entry.options, json: COMMON.json!, directory: COMMON.directory! }),
  ];
  return commands.map((entry) => one(entry).join("\n")).join("\n\n");
}

/** What is typed for a command, in lines that fit the screen. */
function typed({ name, words, options = {} }: Command): string[] {
  const parts = [name, words, ...Object.entries(options).map((option) => `[${spelled(option)}]`)];
  const lines = [""];
  for (const part of parts.filter((text) => text !== undefined)) {
    const line = lines.at(-1)!;
    const longer = line === "" ? part : `${line} ${part}`;
    if (longer.length <= WIDTH) lines[lines.length - 1] = longer;
    else lines.push(`  ${part}`);
  }
  return lines;
}

function optionRows(options: Readonly<Record<string, Option>>): string[] {
  return Object.entries(options).flatMap((option) => row([spelled(option)], option[1].help));
}

function spelled([name, { value, short }]: [string, Option]): string {
  return `${short ? `-${short}, ` : ""}--${name}${value === undefined ? "" : ` ${value}`}`;
}

function row(left: readonly string[], right: string): string[] {
  const [only] = left;
  if (left.length === 1 && only!.length <= TYPED) return [`  ${only!.padEnd(TYPED)} ${right}`];
  return [...left.map((line) => `  ${line}`), `  ${" ".repeat(TYPED)} ${right}`];
}
