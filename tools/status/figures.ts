import { openConnections } from "../../machines/calling/connect-to";

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
  const get = async (name: string, address: string): Promise<unknown> => {
    const answer = await fetch(address);
    if (answer.ok) return await answer.json();
    await answer.body?.cancel();
    throw new Error(`${name} at ${new URL(address).origin} answers ${answer.status}`);
  };
  try {
    return await work({
      async query(expr) {
        const path = `/api/v1/query?${new URLSearchParams({ query: expr })}`;
        const { data } = (await get("Prometheus", `${addresses.prometheus}${path}`)) as PrometheusAnswer;
        return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
      },
      async alerts() {
        const path = "/api/v2/alerts?active=true&silenced=false&inhibited=false";
        return (await get("Alertmanager", `${addresses.alertmanager}${path}`)) as ToldAlert[];
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
