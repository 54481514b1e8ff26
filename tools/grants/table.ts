import { plainLine } from "../../network/plain-text";
import type { RealmMatrix } from "./matrix";
import { boundText, machineText, mayDo, rolesAt } from "./words";

const HEAD = ["machine", "may call", "with", "roles there", "tokens bound to"] as const;

/** The matrices as text. With a width, long lists go on in the next line. */
export function printMatrices(realms: readonly RealmMatrix[], isLive: boolean, width?: number): string {
  if (realms.length === 0) return "no machines: declare a SignedJwtClient";
  return realms.map((realm) => printMatrix(realm, isLive, width)).join("\n\n");
}

function printMatrix({ url, realm, machines, differences, rolesKnown }: RealmMatrix, isLive: boolean, width?: number) {
  const rows = machines.flatMap((machine) => {
    const [name, bound] = [machineText(machine), boundText(machine)];
    if (machine.calls.length === 0) return [[[name], ["nothing"], [], [], [bound]]];
    return machine.calls.map((call, index) => {
      const isFirst = index === 0;
      const texts = [mayDo(call), rolesAt(call)].map((entries) => entries.map(({ text }) => text));
      return [[isFirst ? name : ""], [call.api], texts[0]!, texts[1]!, [isFirst ? bound : ""]];
    });
  });
  const table = aligned([HEAD.map((title) => [title]), ...rows.map(plainRow)], width);
  const notes = rolesKnown === false ? ["the roles in Keycloak are not known: whoever signs in may not see users"] : [];
  return [`realm ${realm} at ${url}`, "", table, ...printDifferences(differences, isLive), ...notes].join("\n");
}

function printDifferences(differences: RealmMatrix["differences"], isLive: boolean): string[] {
  if (!isLive) return [];
  if (differences.length === 0) return ["", "Keycloak has what is declared"];
  return [
    "",
    `differences in Keycloak (+ only there, - only declared):`,
    ...differences.map(({ text }) => `  ${plainLine(text)}`),
  ];
}

/** Names in Keycloak are whatever somebody wished: also what moves a terminal's cursor. */
function plainRow(row: readonly (readonly string[])[]): string[][] {
  return row.map((cell) => cell.map(plainLine));
}

const GAP = "  ";

/** Columns as wide as their widest cell. The widest column gives way if the lines would be longer than the width. */
function aligned(rows: readonly (readonly (readonly string[])[])[], width = Number.POSITIVE_INFINITY): string {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]!.join(", ").length)));
  const tooMuch = widths.reduce((sum, one) => sum + one + GAP.length, -GAP.length) - width;
  const widest = widths.indexOf(Math.max(...widths));
  if (tooMuch > 0) {
    const least = Math.max(...rows.flatMap((row) => row[widest]!.map((item) => item.length + 1)));
    widths[widest] = Math.max(widths[widest]! - tooMuch, least);
  }
  return rows.flatMap((row) => linesOf(row, widths)).join("\n");
}

function linesOf(row: readonly (readonly string[])[], widths: readonly number[]): string[] {
  const cells = row.map((items, column) => filled(items, widths[column]!));
  const height = Math.max(...cells.map(({ length }) => length));
  return Array.from({ length: height }, (_, line) =>
    cells
      .map((cell, column) => (cell[line] ?? "").padEnd(widths[column]!))
      .join(GAP)
      .trimEnd(),
  );
}

/** A list in lines of a width. */
function filled(items: readonly string[], width: number): string[] {
  const lines: string[] = [];
  items.forEach((item, index) => {
    const text = index < items.length - 1 ? `${item},` : item;
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + text.length <= width) lines[lines.length - 1] = `${last} ${text}`;
    else lines.push(text);
  });
  return lines.length === 0 ? ["-"] : lines;
}
