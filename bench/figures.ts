// What the measurements have in common: how figures are drawn together, and the tables they are printed in.

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The smallest value that so many hundredths of all do not exceed. */
export function percentile(values: readonly number[] | Float64Array, hundredths: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil((sorted.length * hundredths) / 100) - 1)] ?? Number.NaN;
}

/** A table in Markdown. */
export function table(heads: readonly string[], rows: readonly string[]): string {
  return [row(heads), `|${"---|".repeat(heads.length)}`, ...rows].join("\n");
}

export function row(cells: readonly (string | number)[]): string {
  return `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
}
