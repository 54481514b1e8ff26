// The part of prom-client that is needed here. A program passes its own, so that this library depends on none.

/** Something of prom-client that holds values. */
export interface PromMetric {
  reset(): void;
}

interface Configuration {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  // biome-ignore lint/suspicious/noExplicitAny: prom-client says which registry belongs to which class, and nothing else fits all of them
  readonly registers: any[];
  readonly buckets?: number[];
  readonly collect?: () => void;
}

/** A registry of prom-client. */
export interface PromRegistry {
  getSingleMetric(name: string): unknown;
}

/** prom-client 15, as a program imports it. */
export interface PromClient {
  readonly Counter: new (
    configuration: Configuration,
  ) => PromMetric & { inc(labels: Record<string, string>, value: number): void };
  readonly Gauge: new (
    configuration: Configuration,
  ) => PromMetric & { set(labels: Record<string, string>, value: number): void };
  readonly Histogram: new (
    configuration: Configuration,
  ) => PromMetric & { observe(labels: Record<string, string>, value: number): void };
  readonly register: PromRegistry;
}
