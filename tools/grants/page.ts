import type { Call, MachineRow, RealmMatrix } from "./matrix";
import { boundText, type Entry, machineText, mayDo, rolesAt } from "./words";

/** The matrices as one page that needs nothing else: no script, no font, no address. */
export function matrixPage(realms: readonly RealmMatrix[], isLive: boolean, at: Date): string {
  const source = isLive ? "the declarations and Keycloak" : "the declarations";
  const body =
    realms.length === 0
      ? "<p>No machines are declared.</p>"
      : realms.map((one, i) => section(one, i, isLive)).join("\n");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Who may call what</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Who may call what</h1>
<p>From ${source}, ${escaped(at.toISOString().slice(0, 16).replace("T", " "))} UTC.</p>
${body}
</main>
</body>
</html>
`;
}

const STYLE = `
:root { color-scheme: light dark; --fg: #1b1b1b; --bg: #ffffff; --line: #8a8a8a; --head: #eeeeee; --add: #8a4b00; --lost: #a3001b; --focus: #0050b3; }
@media (prefers-color-scheme: dark) { :root { --fg: #ececec; --bg: #161616; --line: #7d7d7d; --head: #2a2a2a; --add: #ffb454; --lost: #ff8f9c; --focus: #7db7ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--fg); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 80rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
.wide:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
table { border-collapse: collapse; min-width: 40rem; width: 100%; }
caption { text-align: start; padding-block: .5rem; }
th, td { border: 1px solid var(--line); padding: .4rem .6rem; text-align: start; vertical-align: top; overflow-wrap: anywhere; }
thead th { background: var(--head); }
td ul { margin: 0; padding: 0; list-style: none; }
.added { color: var(--add); font-weight: 600; } .missing, .changed { color: var(--lost); font-weight: 600; }
.differences li { margin-block: .3rem; overflow-wrap: anywhere; }
@media print { .wide { overflow: visible; } table { min-width: 0; } }
`;

function section(
  { realm, url, machines, differences, rolesKnown }: RealmMatrix,
  index: number,
  isLive: boolean,
): string {
  const caption = isLive
    ? "Each machine, the APIs that it may call, and with what. What Keycloak has otherwise than declared is said in words."
    : "Each machine, the APIs that it may call, and with what, as declared.";
  return `<section aria-labelledby="realm-${index}">
<h2 id="realm-${index}">Realm ${escaped(realm)} at ${escaped(url)}</h2>
<div class="wide" role="region" aria-labelledby="realm-${index}" tabindex="0">
<table>
<caption>${caption}</caption>
<thead><tr><th scope="col">Machine</th><th scope="col">May call</th><th scope="col">With</th><th scope="col">Roles there</th><th scope="col">Tokens bound to</th></tr></thead>
${machines.map(machineRows).join("\n")}
</table>
</div>
${rolesKnown === false ? "<p>The roles in Keycloak are not known: whoever signed in may not see users.</p>" : ""}
${isLive ? differenceList(differences) : ""}
</section>`;
}

/** A body of its own for each machine, so that its name heads all its rows. */
function machineRows(machine: MachineRow): string {
  const rows: readonly (Call | undefined)[] = machine.calls.length === 0 ? [undefined] : machine.calls;
  const span = rows.length > 1 ? ` rowspan="${rows.length}"` : "";
  const name = `<th scope="rowgroup"${span}>${escaped(machineText(machine))}</th>`;
  const bound = `<td${span}>${escaped(boundText(machine).replace(/^-$/, "nothing"))}</td>`;
  const cells = rows.map((call, index) => {
    const what = call
      ? `<td>${escaped(call.api)}</td><td>${list(mayDo(call))}</td><td>${list(rolesAt(call))}</td>`
      : "<td>nothing</td><td></td><td></td>";
    return `<tr>${index === 0 ? name : ""}${what}${index === 0 ? bound : ""}</tr>`;
  });
  return `<tbody>${cells.join("")}</tbody>`;
}

const SAID = { added: "only in Keycloak", missing: "not in Keycloak", changed: "otherwise in Keycloak" } as const;

/** A difference is said, not only coloured. */
function list(entries: readonly Entry[]): string {
  if (entries.length === 0) return "";
  const items = entries.map(({ text, change }) =>
    change === undefined
      ? `<li>${escaped(text)}</li>`
      : `<li class="${change}">${escaped(text.replace(/^[+-]/, ""))}: ${SAID[change]}</li>`,
  );
  return `<ul>${items.join("")}</ul>`;
}

function differenceList(differences: RealmMatrix["differences"]): string {
  if (differences.length === 0) return "<p>Keycloak has what is declared.</p>";
  const items = differences.map(({ text }) => `<li>${escaped(text)}</li>`).join("\n");
  return `<h3>Differences</h3>\n<ul class="differences">\n${items}\n</ul>`;
}

/** A text as HTML, in an element or a quoted attribute. Clients in Keycloak are called as whoever added them wished. */
function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replaceAll(/[&<>"']/g, (character) => entities[character]!);
}
