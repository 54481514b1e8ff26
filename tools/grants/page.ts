import { escaped, htmlPage } from "../html-page";
import type { Call, MachineRow, RealmMatrix } from "./matrix";
import { boundText, type Entry, machineText, mayDo, rolesAt } from "./words";

/** The matrices as one page that needs nothing else: no script, no font, no address. */
export function matrixPage(realms: readonly RealmMatrix[], isLive: boolean, at: Date): string {
  const source = isLive ? "the declarations and Keycloak" : "the declarations";
  const body =
    realms.length === 0
      ? "<p>No machines are declared.</p>"
      : realms.map((one, i) => section(one, i, isLive)).join("\n");
  return htmlPage(
    "Who may call what",
    `<p>From ${source}, ${escaped(at.toISOString().slice(0, 16).replace("T", " "))} UTC.</p>\n${body}`,
  );
}

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
<div class="wide" role="region" aria-labelledby="table-${index}" tabindex="0">
<table>
<caption id="table-${index}">${caption}</caption>
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
