import type { Algorithm } from "../machines/issuer-fixture";
import type { Case, Input } from "./case";
import { cases } from "./table";

type Target = "verifier" | "keycloak";
const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** The cases as a table in Markdown: what is sent, and what each of the two answers. */
export function renderTable(): string {
  const head = ["| | What is sent | Verifier | Keycloak |", "|---|---|---|---|"];
  return [...head, ...cases.map(row)].join("\n");
}

function row({ number, title, inputs, notFor = {}, leftOut }: Case): string {
  const sent = inputs.map((input, place) => (inputs.length > 1 ? `(${LETTERS[place]}) ` : "") + inWords(input));
  const keycloak = [answers(inputs, "keycloak", notFor.keycloak), leftOut].filter(Boolean).join("; ");
  const cells = [number, [`**${title}**`, sent.join("; ")].filter(Boolean).join(": ")];
  return `| ${[...cells, answers(inputs, "verifier", notFor.verifier), keycloak].map(cell).join(" | ")} |`;
}

function inWords({ sent, algorithms }: Input): string {
  return algorithms === undefined ? sent : `${sent} (${(algorithms as readonly Algorithm[]).join(", ")})`;
}

/** One answer where all are the same, else each with the letters of what it is the answer to. */
function answers(inputs: readonly Input[], target: Target, reason: string | undefined): string {
  const letters = new Map<string, string[]>();
  inputs.forEach((input, place) => {
    const answer = input[target];
    if (answer !== undefined) letters.set(answer, [...(letters.get(answer) ?? []), LETTERS[place]!]);
  });
  if (letters.size === 0) return `does not apply: ${reason}`;
  const [first] = letters.values();
  if (letters.size === 1 && first!.length === inputs.length) return shown([...letters.keys()][0]!);
  return [...letters].map(([answer, of]) => `${ranges(of)}: ${shown(answer)}`).join("; ");
}

/** `a, b, c, e` as `a–c, e`. */
function ranges(letters: readonly string[]): string {
  const runs: string[][] = [];
  for (const letter of letters) {
    const run = runs.at(-1);
    if (run && LETTERS.indexOf(run.at(-1)!) === LETTERS.indexOf(letter) - 1) run.push(letter);
    else runs.push([letter]);
  }
  return runs.map((run) => (run.length > 2 ? `${run[0]}–${run.at(-1)}` : run.join(", "))).join(", ");
}

/** Keycloak's longest phrase is left out; the page says so. */
function shown(answer: string): string {
  if (answer === "accepted") return "**accepted**";
  const short = answer.replace("Client authentication with signed JWT failed: ", "… ");
  const [, code, text] = /^(ERR_\w+|\d{3}(?: \w+)?)(.*)$/.exec(short) ?? [];
  return code === undefined ? short : `\`${code}\`${text}`;
}

function cell(text: string | number): string {
  return String(text).replaceAll("|", "\\|").replaceAll("\n", " ");
}
