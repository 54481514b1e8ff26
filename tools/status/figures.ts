import { openConnections } from "../../machines/calling/connect-to";
import { plainLine } from "../../network/plain-text";

const TIMEOUT_MS = 5_000;

/** One line of an answer: labels, and the value now. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** An alert that is told, as Alertmanager has it. */
export interface ToldAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
}

/** What Prometheus and Alertmanager know, asked over http. */
export interface Figures {
  /** @param expr in PromQL */
  query(expr: string): Promise<Sample[]>;
  /** The alerts that fire, without silenced ones and those that follow from another. */
  alerts(): Promise<ToldAlert[]>;
}

interface Addresses {
  readonly prometheus: string;
  readonly alertmanager: string;
}

/** Works with the figures of one Monitoring. Fails with the address where one of the two does not answer. */
export async function withFigures<T>(addresses: Addresses, work: (figures: Figures) => Promise<T>): Promise<T> {
  // Both are published on this machine; no proxy is in between.
  const { fetch, close } = openConnections("", { timeoutMs: TIMEOUT_MS, maxResponseBytes: 16 * 1024 * 1024 });
  const get = async <T>(name: string, address: string, read: (answer: unknown) => T): Promise<T> => {
    const at = `${name} at ${new URL(address).origin}`;
    const answer = await fetch(address);
    if (!answer.ok) {
      await answer.body?.cancel();
      throw new Error(`${at} answers ${answer.status}`);
    }
    const text = await answer.text();
    try {
      return read(JSON.parse(text));
    } catch {
      throw new Error(`${at} gives an answer that is none of its own`);
    }
  };
  try {
    return await work({
      async query(expr) {
        const path = `/api/v1/query?${new URLSearchParams({ query: expr })}`;
        return get("Prometheus", `${addresses.prometheus}${path}`, samplesIn);
      },
      async alerts() {
        const path = "/api/v2/alerts?active=true&silenced=false&inhibited=false";
        return get("Alertmanager", `${addresses.alertmanager}${path}`, alertsIn);
      },
    });
  } finally {
    await close();
  }
}

interface PrometheusAnswer {
  readonly data: {
    readonly result: readonly { metric: Readonly<Record<string, string>>; value: readonly [number, string] }[];
  };
}

function samplesIn(answer: unknown): Sample[] {
  const { data } = answer as PrometheusAnswer;
  return data.result.map(({ metric, value }) => ({ labels: plain(metric), value: Number(value[1]) }));
}

function alertsIn(answer: unknown): ToldAlert[] {
  return (answer as readonly ToldAlert[]).map(({ labels, annotations, startsAt }) => ({
    labels: plain(labels),
    annotations: plain(annotations),
    startsAt: plainLine(startsAt),
  }));
}

/** Clients and realms have whatever names somebody gave them. */
function plain(labels: Sample["labels"]): Sample["labels"] {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, plainLine(value)]));
}
