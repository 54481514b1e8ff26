import type { Keycloak } from "./keycloak";

/** What a part may use. */
export interface Bench {
  /** The Keycloak of this run, started when the first part asks for it. */
  keycloak(): Promise<Keycloak>;
  /** Ends the run early. */
  readonly signal: AbortSignal;
}

/** What is wanted, what was measured, and whether that is enough. */
export interface Aim {
  readonly aim: string;
  readonly measured: string;
  readonly met: boolean;
}

export interface Section {
  readonly title: string;
  /** Paragraphs and tables in Markdown. */
  readonly text: readonly string[];
  readonly aims: readonly Aim[];
}

/** One question that is measured. */
export type Part = (bench: Bench) => Promise<Section>;

/** An aim that is met from some value on, or up to it. */
export function aimAt(aim: string, value: number, bound: { least: number } | { most: number }, unit = " ×"): Aim {
  const met = "least" in bound ? value >= bound.least : value <= bound.most;
  return { aim, measured: `${inWords(value)}${unit}`, met };
}

/** Three digits, which is more than a shared machine can tell. */
export function inWords(value: number): string {
  if (!Number.isFinite(value)) return "";
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 3));
}
