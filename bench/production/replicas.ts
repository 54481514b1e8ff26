import { row, table } from "../figures";
import { inWords, type Section } from "../machine/part";
import { docker } from "../start/container";
import { clusterEnvironment } from "../tls/environments";
import { replicasOf, taken } from "./containers";
import { granting, latency } from "./load";
import { machineA } from "./machine-a";

const MS = 10_000;
const MOST_ROUNDS = 6;
const COUNTS = [1, 2, 3];

/** What one, two and three servers of a cluster grant and take, on one machine. */
export async function replicas(signal: AbortSignal): Promise<Section> {
  const environment = clusterEnvironment(Math.max(...COUNTS));
  try {
    await environment.up();
    const { keycloak } = environment.names;
    const service = `${keycloak}-servers`;
    const rows: string[] = [];
    for (const count of COUNTS) {
      signal.throwIfAborted();
      await docker("service", "scale", `${service}=${count}`);
      const machine = machineA(environment); // new connections, which the balancer spreads
      try {
        const servers = await replicasOf(service);
        const parts = { servers, databases: [`${keycloak}-database`] };
        await machine.untilGranted();
        await settle(async (missed) => void (await granting(MS, () => machine.grant().catch(missed), parts)));
        const one = await granting(MS, () => machine.grant(), parts);
        const memory = await Promise.all([servers, parts.databases, [keycloak]].map(taken));
        const figures = [one.serverMs, one.databaseMs, latency(one, 50), latency(one, 99)].map(inWords);
        const [all, ...others] = memory.map(({ mebibytes }) => mebibytes);
        rows.push(row([count, Math.round(one.perSecond), ...figures, ...[all! / count, ...others].map(Math.round)]));
      } finally {
        await machine.issuer.close();
      }
    }
    const heads = [
      "servers",
      "grants a second",
      "computing of Keycloak for one, ms",
      "of PostgreSQL, ms",
      "p50 ms",
      "p99 ms",
      "memory of a server, MiB",
      "of PostgreSQL",
      "of the balancer",
    ];
    return { title: "Servers of a cluster, on one machine", text: [table(heads, rows), METHOD], aims: [] };
  } finally {
    await environment.remove();
  }
}

/** Warms up until nothing is missed: servers that have just started are still finding each other. */
async function settle(warmUp: (missed: () => undefined) => Promise<void>): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    let count = 0;
    await warmUp(() => void count++);
    if (count === 0) return;
  }
}

const METHOD = `Eight at a time on kept-alive connections for ${MS / 1000} s, after as long to warm up. All servers, the database and the program that asks share the machine's processors, so more servers cannot grant more here: what counts is the computing that a grant takes.`;
