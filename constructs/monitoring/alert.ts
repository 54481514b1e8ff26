/** Who has to act: now, or in working hours. */
export type Severity = "critical" | "warning";

/** One alert: when it fires, and what whoever reads it has to know. */
export interface Alert {
  /** Also the heading of its paragraph in the docs. */
  readonly name: string;
  readonly severity: Severity;
  /** PromQL that has a result while something is wrong. */
  readonly expr: string;
  /** How long it has to be so. */
  readonly forSeconds?: number;
  /** What is wrong, in one line. It may use labels, as `{{ $labels.client_id }}`. */
  readonly summary: string;
  /** What to do first. */
  readonly todo: string;
}

/** A recording rule: a figure that several expressions need. */
export interface Recording {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * How much a counter grew in a window. `increase` misses the first value of a new series, such as the first refusals of a
 * client; so the difference counts. The start of the process tells two series from a new one:
 *
 * - one that began anew with its process: all of it is of now, and `increase` knows what was before. Without such a start,
 *   that it is smaller tells.
 * - one that was out of sight, as its process is older than the window and did not answer at its beginning. What it counted
 *   before is nothing of now.
 *
 * The last value counts also where the process no longer answers.
 */
export function growth(counter: string, labels: readonly string[], window: string): string {
  const by = `sum by (${labels.join(", ")})`;
  const last = `last_over_time(${counter}[${window}])`;
  const age = "time() - process_start_time_seconds";
  const unseen = `(${age} > ${secondsOf(window)} unless on (job, instance) up offset ${window} == 1)`;
  const before = `(${by} (${counter} offset ${window}) or ${by} (${last} unless on (job, instance) ${unseen}) * 0)`;
  const difference = `${by} (${last}) - ${before} >= 0`;
  const increase = `${by} (increase(${counter}[${window}]))`;
  const anew = `${by} (${counter} and on (job, instance) ${age} <= ${secondsOf(window)})`;
  return `(${increase} > ${anew} or ${anew} or ${difference} or ${increase})`;
}

/** The seconds of a span of PromQL that has one unit. */
function secondsOf(window: string): number {
  return Number.parseInt(window, 10) * { s: 1, m: 60, h: 3600 }[window.slice(-1) as "s" | "m" | "h"];
}
