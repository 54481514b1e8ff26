import { resolve } from "node:path";
import { shown } from "../constructs/keys/shown";
import { writeAtomically } from "./atomic-file";
import { ToolError } from "./output";

/** A page that needs nothing else: no script, no font, no address. It is light or dark, as the reader has it. */
export function htmlPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
${body}
</main>
</body>
</html>
`;
}

const STYLE = `
:root { color-scheme: light dark; --fg: #1b1b1b; --bg: #ffffff; --line: #8a8a8a; --head: #eeeeee; --add: #8a4b00; --bad: #a3001b; --good: #0b6b2b; --focus: #0050b3; }
@media (prefers-color-scheme: dark) { :root { --fg: #ececec; --bg: #161616; --line: #7d7d7d; --head: #2a2a2a; --add: #ffb454; --bad: #ff8f9c; --good: #7bd88f; --focus: #7db7ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--fg); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 80rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; overflow-wrap: anywhere; } h3 { font-size: 1rem; }
.wide { overflow-x: auto; }
.wide:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
table { border-collapse: collapse; min-width: 36rem; width: 100%; }
caption { text-align: start; padding-block: .5rem; }
th, td { border: 1px solid var(--line); padding: .4rem .6rem; text-align: start; vertical-align: top; overflow-wrap: anywhere; }
thead th { background: var(--head); }
td.number { text-align: end; font-variant-numeric: tabular-nums; }
ul { padding-inline-start: 1.2rem; } td ul { margin: 0; padding: 0; list-style: none; }
li { margin-block: .3rem; overflow-wrap: anywhere; }
.added { color: var(--add); font-weight: 600; }
.bad, .missing, .changed { color: var(--bad); font-weight: 600; }
.good { color: var(--good); }
@media print { .wide { overflow: visible; } table { min-width: 0; } }
`;

/** A text as HTML, in an element or a quoted attribute. Names in Keycloak are whatever somebody wished. */
export function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replaceAll(/[&<>"']/g, (character) => entities[character]!);
}

/** A cell that is more than text. */
export interface Cell {
  readonly text: string;
  /** A class of the style; the text alone has to say it as well. */
  readonly look?: "good" | "bad" | "number" | "number bad";
}

/**
 * A table that can be scrolled by the keyboard where it is wider than the window. The first cell of a row heads it.
 *
 * @param id unique in the page
 */
export function htmlTable(
  id: string,
  caption: string,
  columns: readonly string[],
  rows: readonly (readonly (string | Cell)[])[],
): string {
  const head = columns.map((name) => `<th scope="col">${escaped(name)}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map(htmlCell).join("")}</tr>`).join("\n");
  return `<div class="wide" role="region" aria-labelledby="${id}" tabindex="0">
<table>
<caption id="${id}">${escaped(caption)}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${body}
</tbody>
</table>
</div>`;
}

function htmlCell(cell: string | Cell, index: number): string {
  const { text, look } = typeof cell === "string" ? { text: cell } : cell;
  const style = look === undefined ? "" : ` class="${look}"`;
  return index === 0 ? `<th scope="row"${style}>${escaped(text)}</th>` : `<td${style}>${escaped(text)}</td>`;
}

/** Writes a page into a file. @throws {ToolError} `file-unwritable` */
export async function writePage(file: string, page: string): Promise<void> {
  await writeAtomically(resolve(file), page).catch((cause: NodeJS.ErrnoException) => {
    const text = `${shown(file)} could not be written (${cause.code}); name another file`;
    throw new ToolError("file-unwritable", text, { cause });
  });
}
