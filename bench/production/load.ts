import { percentile } from "../figures";
import { perSecond } from "../machine/rounds";
import { taken } from "./containers";

const WORKERS = 8;

/** What some seconds of grants took. */
export interface Granting {
  readonly perSecond: number;
  /** Milliseconds of computing for each grant. */
  readonly serverMs: number;
  readonly databaseMs: number;
  readonly latencies: readonly number[];
}

/** Machines that ask as fast as they are answered, on kept-alive connections. */
export async function granting(
  ms: number,
  grant: () => Promise<unknown>,
  { servers, databases }: { servers: readonly string[]; databases: readonly string[] },
): Promise<Granting> {
  const [server, database] = await Promise.all([taken(servers), taken(databases)]);
  const latencies: number[] = [];
  const rate = await perSecond(WORKERS, ms, async () => {
    const begun = performance.now();
    await grant();
    latencies.push(performance.now() - begun);
  });
  const [serverAfter, databaseAfter] = await Promise.all([taken(servers), taken(databases)]);
  const each = (after: number, before: number) => ((after - before) * 1000) / latencies.length;
  return {
    perSecond: rate,
    serverMs: each(serverAfter.cpu, server.cpu),
    databaseMs: each(databaseAfter.cpu, database.cpu),
    latencies,
  };
}

export const latency = ({ latencies }: Granting, hundredths: number) => percentile(latencies, hundredths);
