import { row, table } from "../figures";
import { type Calls, total } from "./counting-proxy";
import { callsPerClient, type Measured } from "./terraform";

export const STEPS = ["synth", "apply", "plan", "change one", "change all", "destroy"] as const;
export type Step = (typeof STEPS)[number];

/** All that was measured of one number of clients with one provider. */
export interface Run {
  readonly way: string;
  readonly clients: number;
  readonly steps: Partial<Record<Step, Measured>>;
  /** The JVM's peak in MiB since Keycloak's start. */
  readonly keycloakMiB: number;
}

/** The article's way for the same clients. */
export interface Import {
  readonly clients: number;
  readonly seconds: number;
  readonly failure?: string;
}

export interface Results {
  readonly scopes: string;
  readonly state: string;
  readonly startUpMs: Record<string, number>;
  readonly runs: readonly Run[];
  readonly imports: readonly Import[];
}

export function markdown(results: Results): string {
  const ways = [...new Set(results.runs.map(({ way }) => way))];
  const tables = ways.map((way) => wayTable(results.runs.filter((run) => run.way === way)));
  const blocks = [...ways.map((way, index) => `### ${way}\n\n${tables[index]}`), compared(results)];
  const started = Object.entries(results.startUpMs).map(([way, ms]) => `${way} ${Math.round(ms)} ms`);
  const settings = `Scopes declared by the ${results.scopes}; state: ${results.state}.`;
  return `${settings}\n\n${blocks.join("\n\n")}\n\nStart of the provider to its handshake, median of 5: ${started.join(", ")}.\n`;
}

/** One provider: a row a step and number of clients. */
function wayTable(runs: readonly Run[]): string {
  const rows = STEPS.flatMap((step) =>
    runs.map((run, index) => {
      const { clients, keycloakMiB } = run;
      const measured = run.steps[step];
      if (!measured) return row([step, clients, "not run"]);
      const before = runs[index - 1];
      const grown = (of: Of) => (before?.steps[step] ? exponent(of, before, run, step).toFixed(2) : "");
      const { calls, usage, keycloakCpu = 0 } = measured;
      if (!usage) return row([step, clients, time(measured), grown(elapsed), "", "", "", "", ""]);
      const parts = [usage.processCpu, usage.childCpu, keycloakCpu].map((value) => value.toFixed(1)).join(" + ");
      const memory = [usage.processMiB, usage.childMiB, keycloakMiB].join(", ");
      const each = callsPerClient(calls, clients).toFixed(2);
      const both = [grown(elapsed), parts, grown(cpu)];
      return row([step, clients, time(measured), ...both, each, byMethod(calls), memory]);
    }),
  );
  const heads = [
    "step",
    "clients",
    "time",
    "exponent",
    "CPU seconds",
    "exponent",
    "calls a client",
    "calls",
    "peak MiB",
  ];
  return `CPU seconds and peak memory: Terraform, provider, Keycloak.\n\n${table(heads, rows)}`;
}

/** All ways beside one another. */
function compared({ runs, imports }: Results): string {
  const sizes = [...new Set(runs.map(({ clients }) => clients))];
  const of = (way: string, clients: number) => runs.find((run) => run.way === way && run.clients === clients);
  const rows = sizes.flatMap((clients) => {
    const [ours, theirs] = [of("embedded", clients), of("official", clients)];
    const perStep = MEASURED.map((step) => pair([clients, step], ours, theirs, (which, run) => which(run.steps[step])));
    const together = (which: Of, run: Run) => MEASURED.reduce((sum, step) => sum + which(run.steps[step]), 0);
    const imported = time(imports.find((one) => one.clients === clients));
    return [
      ...perStep,
      pair([clients, "all five"], ours, theirs, together),
      row([clients, "realm import", imported, "", "", "", "", ""]),
    ];
  });
  const heads = ["clients", "step", "embedded", "official", "ratio", "embedded, CPU", "official, CPU", "ratio"];
  return `### Beside one another\n\n${table(heads, rows)}`;
}

/** A quantity of a step. */
type Of = (measured: Measured | undefined) => number;
const MEASURED = STEPS.filter((step) => step !== "synth");

const elapsed: Of = (measured) => measured?.seconds ?? Number.NaN;
/** Seconds on a processor of all three together. */
const cpu: Of = (measured) => {
  const { processCpu = Number.NaN, childCpu = 0 } = measured?.usage ?? {};
  return processCpu + childCpu + (measured?.keycloakCpu ?? 0);
};

type Quantity = (which: Of, run: Run) => number;

function pair(first: (string | number)[], a: Run | undefined, b: Run | undefined, quantity: Quantity): string {
  const cells = [elapsed, cpu].flatMap((which) => {
    const [ours, theirs] = [a && quantity(which, a), b && quantity(which, b)];
    return [seconds(ours), seconds(theirs), ours && theirs ? `${(theirs / ours).toFixed(1)} ×` : ""];
  });
  return row([...first, ...cells]);
}

/** By how much a quantity grows with the number of clients: 1 is linear. */
function exponent(of: Of, before: Run, after: Run, step: Step): number {
  return Math.log(of(after.steps[step]) / of(before.steps[step])) / Math.log(after.clients / before.clients);
}

function time(measured: { seconds: number; failure?: string } | undefined): string {
  return measured ? `${seconds(measured.seconds)}${measured.failure ? `, failed: ${measured.failure}` : ""}` : "";
}

function seconds(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? "" : `${value.toFixed(1)} s`;
}

function byMethod(calls: Calls): string {
  if (total(calls) === 0) return "";
  return Object.entries(calls)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([method, count]) => `${count} ${method}`)
    .join(", ");
}
