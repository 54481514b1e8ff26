import type { MonitoringDescription } from "../../constructs/contract/markers";
import { growth } from "../../constructs/monitoring/alert";
import { JOBS } from "../../constructs/monitoring/scrape-config";
import { plainLine } from "../../network/plain-text";
import { type Figures, type Sample, type ToldAlert, withFigures } from "./figures";

/** One server, as its Monitoring sees it. Counts are of the last hour. */
export interface WatchedServer {
  readonly server: string;
  /** Why nothing is known, in place of the rest. */
  readonly problem?: string;
  readonly parts: readonly Part[];
  readonly alerts: readonly FiringAlert[];
  readonly clients: readonly ClientFigures[];
  readonly calls: readonly CallFigures[];
}

/** Keycloak, or a machine that serves metrics. */
export interface Part {
  readonly name: string;
  /** Of a cluster, whether all of its servers are. */
  readonly isUp: boolean;
  /** Of a cluster: how many of its servers are up, and how many there should be. */
  readonly replicas?: { readonly up: number; readonly declared: number };
}

export interface FiringAlert {
  readonly name: string;
  readonly severity: string;
  readonly summary: string;
  readonly todo: string;
  readonly since: string;
  readonly runbook: string;
}

/** What one client got of Keycloak. */
export interface ClientFigures {
  readonly realm: string;
  readonly clientId: string;
  readonly granted: number;
  readonly refused: number;
  /** Keycloak's words for the reasons, with how often. */
  readonly reasons: Readonly<Record<string, number>>;
}

/** What one caller got of one machine's API. */
export interface CallFigures {
  readonly caller: string;
  readonly machine: string;
  readonly passed: number;
  readonly refused: number;
  /** The library's codes of the refusals, with how often. */
  readonly reasons: Readonly<Record<string, number>>;
}

const WINDOW = "1h";
const SIGN_INS = growth('keycloak_user_events_total{event="client_login"}', ["realm", "client_id", "error"], WINDOW);
const PASSED = growth("m2m_accepted_requests_total", ["machine", "caller"], WINDOW);
const REFUSED = growth("m2m_refusals_total", ["machine", "caller", "code"], WINDOW);
const UP = `up{job=~"${JOBS.keycloak}|${JOBS.machine}"}`;

/** Asks a Monitoring. If it does not answer, that is said in place of the figures. */
export async function readServer(watched: MonitoringDescription): Promise<WatchedServer> {
  const { server } = watched;
  try {
    return await withFigures(watched, (figures) => readFigures(watched, figures));
  } catch (error) {
    const problem = `${plainLine((error as Error).message)}; \`m2m up\` brings a container back`;
    return { server, problem, parts: [], alerts: [], clients: [], calls: [] };
  }
}

/** Whether everything that is watched is up, and no alert fires. Where nothing was looked at yet, nothing is known to be up. */
export function isWell({ problem, parts, alerts }: WatchedServer): boolean {
  return problem === undefined && alerts.length === 0 && parts.length > 0 && parts.every(({ isUp }) => isUp);
}

async function readFigures(
  { server, replicas }: MonitoringDescription,
  { query, alerts }: Figures,
): Promise<WatchedServer> {
  const [up, signIns, passed, refused, told] = await Promise.all([
    query(UP),
    query(SIGN_INS),
    query(PASSED),
    query(REFUSED),
    alerts(),
  ]);
  return {
    server,
    parts: sorted(partsOf(up, replicas), ({ name }) => (name === JOBS.keycloak ? "" : name)),
    alerts: sorted(told.map(firing), ({ severity, name }) => severity + name), // "critical" before "warning"
    clients: clientsOf(signIns),
    calls: callsOf(passed, refused),
  };
}

/** The servers of a cluster are one part: those that are not ready are not among what is looked at. */
function partsOf(up: readonly Sample[], declared: number | undefined): Part[] {
  const machine = "machine";
  const all = up.map(({ labels, value }) => ({ name: labels[machine] ?? labels.job ?? "", isUp: value === 1 }));
  if (declared === undefined) return all;
  const ready = all.filter(({ name, isUp }) => name === JOBS.keycloak && isUp).length;
  const cluster = { name: JOBS.keycloak, isUp: ready >= declared, replicas: { up: ready, declared } };
  return [cluster, ...all.filter(({ name }) => name !== JOBS.keycloak)];
}

/** In words whether a part is up. */
export function upInWords({ isUp, replicas }: Part): string {
  if (replicas === undefined) return isUp ? "up" : "DOWN";
  return `${replicas.up} of ${replicas.declared} up`;
}

function firing({ labels, annotations, startsAt }: ToldAlert): FiringAlert {
  return {
    name: labels.alertname ?? "",
    severity: labels.severity ?? "",
    summary: annotations.summary ?? "",
    todo: annotations.description ?? "",
    since: startsAt,
    runbook: annotations.runbook_url ?? "",
  };
}

/** A sign-in without an error is a grant. */
function clientsOf(signIns: readonly Sample[]): ClientFigures[] {
  const groups = grouped(signIns, ({ realm, client_id: clientId }) => [realm ?? "", clientId ?? ""]);
  return groups.map(({ key: [realm, clientId], samples }) => {
    const reasons = counts(samples, "error");
    const { "": granted = 0, ...errors } = reasons;
    return { realm: realm!, clientId: clientId!, granted, refused: total(errors), reasons: errors };
  });
}

function callsOf(passed: readonly Sample[], refused: readonly Sample[]): CallFigures[] {
  const groups = grouped([...passed, ...refused], ({ caller, machine }) => [caller ?? "", machine ?? ""]);
  return groups.map(({ key: [caller, machine], samples }) => {
    const { "": through = 0, ...reasons } = counts(samples, "code");
    return { caller: caller!, machine: machine!, passed: through, refused: total(reasons), reasons };
  });
}

/** Samples of one key together, in the order of the keys. */
function grouped(samples: readonly Sample[], keyOf: (labels: Sample["labels"]) => string[]) {
  const groups = new Map<string, { key: string[]; samples: Sample[] }>();
  for (const sample of samples) {
    const key = keyOf(sample.labels);
    const group = groups.get(key.join("\n")) ?? { key, samples: [] };
    group.samples.push(sample);
    groups.set(key.join("\n"), group);
  }
  return sorted([...groups.values()], ({ key }) => key.join("\n"));
}

/** How often each value of a label came; "" where there is none. Growth is extrapolated, so it is rounded. */
function counts(samples: readonly Sample[], label: string): Record<string, number> {
  const all = samples.map(({ labels, value }) => [labels[label] ?? "", Math.round(value)] as const);
  return Object.fromEntries(all.filter(([, count]) => count > 0));
}

function total(reasons: Readonly<Record<string, number>>): number {
  return Object.values(reasons).reduce((sum, count) => sum + count, 0);
}

function sorted<T>(list: readonly T[], by: (one: T) => string): T[] {
  return [...list].sort((one, two) => (by(one) < by(two) ? -1 : 1));
}
