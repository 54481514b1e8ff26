import { type Ending, hasEnded, type ListedCertificate, timeLeft } from "../certificates/listed";
import { type Cell, escaped, htmlPage, htmlTable } from "../html-page";
import { short } from "../keys/outcome";
import { inWords } from "./print";
import type { ActiveKey, Status } from "./read-status";
import { type FiringAlert, upInWords, type WatchedServer } from "./status";

/** The status as one page for a browser. */
export function statusPage({ at, servers, keys, certificates }: Status): string {
  const body = [
    `<p>As it was at ${at.slice(0, 19).replace("T", " ")} UTC. Counts are of the hour before.</p>`,
    ...(servers.length === 0 ? ["<p>Nothing is watched: no Monitoring is declared.</p>"] : servers.map(serverSection)),
    "<h2>What ends when</h2>",
    htmlTable("keys", "Signing keys", ["Key", "Signs for", "Key id", "Since", "End"], keys.map(keyRow)),
    ...(certificates.length === 0
      ? []
      : [htmlTable("certificates", "Certificates", ["File", "For", "Since", "End"], certificates.map(certificateRow))]),
  ];
  return htmlPage("Machines and their tokens", body.join("\n"));
}

function serverSection({ server, problem, parts, alerts, clients, calls }: WatchedServer, index: number): string {
  const heading = `<h2>${escaped(server)}</h2>`;
  if (problem !== undefined) return `${heading}\n<p class="bad">${escaped(problem)}</p>`;
  const id = (name: string) => `${name}-${index}`;
  const up = parts.map((part) => [part.name, (part.isUp ? good : bad)(upInWords(part))]);
  return [
    heading,
    alertList(alerts),
    htmlTable(id("up"), "What answers", ["Part", "State"], up),
    htmlTable(
      id("tokens"),
      "Tokens",
      ["Client", "Realm", "Granted", "Refused", "Why"],
      clients.map(({ realm, clientId, granted, refused, reasons }) => [
        clientId,
        realm,
        number(granted),
        refusals(refused),
        inWords(reasons),
      ]),
    ),
    htmlTable(
      id("calls"),
      "Calls",
      ["Caller", "Machine", "Passed", "Refused", "Why"],
      calls.map(({ caller, machine, passed, refused, reasons }) => [
        caller,
        machine,
        number(passed),
        refusals(refused),
        inWords(reasons),
      ]),
    ),
  ].join("\n");
}

function alertList(alerts: readonly FiringAlert[]): string {
  if (alerts.length === 0) return '<p class="good">No alert fires.</p>';
  const items = alerts.map(
    ({ severity, name, summary, todo, since, runbook }) =>
      `<li><strong class="bad">${escaped(severity)} ${escaped(name)}</strong>: ${escaped(summary)}, since ${escaped(since.slice(0, 19).replace("T", " "))} UTC. ${escaped(todo)} (${link(runbook)})</li>`,
  );
  return `<h3>Alerts</h3>\n<ul>\n${items.join("\n")}\n</ul>`;
}

/** Only what a browser can open from anywhere is a link. */
function link(runbook: string): string {
  const text = escaped(runbook);
  return /^https?:/.test(runbook) ? `<a href="${text}">${text}</a>` : text;
}

function keyRow(key: ActiveKey): (string | Cell)[] {
  const signsFor = key.clients.length === 0 ? "no client" : key.clients.join(", ");
  return [key.name, signsFor, `${short(key)} ${key.algorithm}`, key.since.slice(0, 10), ending(key)];
}

function certificateRow(one: ListedCertificate): (string | Cell)[] {
  return [one.file, one.usage, one.since.slice(0, 10), ending(one)];
}

function ending(one: Ending): string | Cell {
  const text = timeLeft(one);
  return hasEnded(one) ? bad(text) : text;
}

function refusals(count: number): Cell {
  return { ...number(count), ...(count > 0 && { look: "number bad" }) };
}

function number(count: number): Cell {
  return { text: String(count), look: "number" };
}

function good(text: string): Cell {
  return { text, look: "good" };
}

function bad(text: string): Cell {
  return { text, look: "bad" };
}
