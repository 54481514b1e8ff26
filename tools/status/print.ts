import { type ListedCertificate, timeLeft } from "../certificates/listed";
import { short } from "../keys/outcome";
import type { ActiveKey, Status } from "./read-status";
import { type CallFigures, type ClientFigures, type FiringAlert, upInWords, type WatchedServer } from "./status";

/** The status as text, for a terminal and for a pipe. */
export function printStatus({ servers, keys, certificates }: Status): string {
  const blocks = [
    ...servers.map(printServer),
    table("signing keys", [keys.map(printKey)].flat()),
    ...(certificates.length > 0 ? [table("certificates", certificates.map(printCertificate))] : []),
  ];
  return blocks.join("\n\n");
}

function printServer({ server, problem, parts, alerts, clients, calls }: WatchedServer): string {
  if (problem !== undefined) return `${server}\n  ${problem}`;
  return [
    table(
      server,
      parts.map((part) => [part.name, upInWords(part)]),
    ),
    alerts.length === 0 ? "alerts\n  none" : ["alerts", ...alerts.map(printAlert)].join("\n"),
    table("tokens in the last hour", clients.map(printClient)),
    table("calls in the last hour", calls.map(printCall)),
  ].join("\n\n");
}

function printAlert({ severity, name, summary, todo, since, runbook }: FiringAlert): string {
  return `  ${severity}  ${name}: ${summary}, since ${since.slice(0, 19)}Z\n    ${todo}\n    ${runbook}`;
}

function printClient({ realm, clientId, granted, refused, reasons }: ClientFigures): string[] {
  return [`${realm} ${clientId}`, `${granted} granted`, `${refused} refused`, inWords(reasons)];
}

function printCall({ caller, machine, passed, refused, reasons }: CallFigures): string[] {
  return [`${caller} → ${machine}`, `${passed} passed`, `${refused} refused`, inWords(reasons)];
}

function printKey(key: ActiveKey): string[] {
  return [key.name, `${short(key)} ${key.algorithm}`, `since ${key.since.slice(0, 10)}`, timeLeft(key)];
}

function printCertificate(one: ListedCertificate): string[] {
  return [one.file, one.usage, timeLeft(one)];
}

export function inWords(reasons: Readonly<Record<string, number>>): string {
  return Object.entries(reasons)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(", ");
}

/** Rows below a heading, their cells below each other. */
function table(heading: string, rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => `  ${row.map((cell, index) => cell.padEnd(widths[index]!)).join("  ")}`.trimEnd());
  return [heading, ...(lines.length > 0 ? lines : ["  none"])].join("\n");
}
