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
 * client; so the difference counts, unless the counter began anew. The last value counts also where its program is down.
 */
export function growth(counter: string, labels: readonly string[], window: string): string {
  const by = `sum by (${labels.join(", ")})`;
  const now = `${by} (last_over_time(${counter}[${window}]))`;
  const before = `(${by} (last_over_time(${counter}[${window}] offset ${window})) or ${now} * 0)`;
  return `((${now} - ${before} >= 0) or ${by} (increase(${counter}[${window}])))`;
}
