import { median, row, table } from "../figures";
import { inWords, type Section } from "../machine/part";
import { alternate, ratio } from "../machine/rounds";
import { type Environment, plainEnvironment, productionEnvironment, secureEnvironment } from "../tls/environments";
import { numberIn, taken } from "./containers";
import { type Granting, granting, latency } from "./load";
import { machineA } from "./machine-a";

const ROUNDS = 2;
const MS = 8000;
const POSTGRESQL = "PostgreSQL, https, events written";

/** Grants a second on PostgreSQL beside H2. */
export async function grants(signal: AbortSignal): Promise<Section> {
  const environments = {
    "H2, plain http": plainEnvironment(),
    "H2, https": secureEnvironment((main) =>
      main.replaceAll('"required"', '"request"').replaceAll(/,?\s*boundTo: \w*"?\w+"?/g, ""),
    ),
    [POSTGRESQL]: productionEnvironment(),
  };
  const closing: (() => Promise<unknown>)[] = [];
  try {
    const ways: Record<string, () => Promise<number>> = {};
    const last: Record<string, Granting> = {};
    const containers: Record<string, string[]> = {};
    for (const [name, environment] of Object.entries(environments)) {
      closing.push(environment.remove);
      await environment.up();
      const machine = machineA(environment);
      closing.push(machine.issuer.close);
      const databases = databasesOf(environment, name);
      const servers = [environment.names.keycloak];
      containers[name] = [...servers, ...databases];
      ways[name] = async () => {
        last[name] = await granting(MS, () => machine.grant(), { servers, databases });
        return last[name].perSecond;
      };
    }
    const rates = await alternate(ways, ROUNDS, signal);
    const base = Object.keys(ways)[0]!;
    const rows = await Promise.all(
      Object.keys(ways).map(async (name) => {
        const one = last[name]!;
        const { mebibytes } = await taken(containers[name]!);
        const ms = [one.serverMs, one.databaseMs, latency(one, 50), latency(one, 99)].map(inWords);
        return row([
          name,
          Math.round(median(rates[name]!)),
          `${inWords(ratio(rates[base]!, rates[name]!))} ×`,
          ...ms,
          Math.round(mebibytes),
        ]);
      }),
    );
    const heads = [
      "what",
      "grants a second",
      "time beside the first",
      "computing of Keycloak for one, ms",
      "of PostgreSQL, ms",
      "p50 ms",
      "p99 ms",
      "memory, MiB",
    ];
    const [database] = databasesOf(environments[POSTGRESQL], POSTGRESQL);
    const bytes = await numberIn(database!, "pg_total_relation_size('event_entity') / count(*) FROM event_entity");
    const events = `An event takes ${bytes} bytes in the database, its indexes included.`;
    return { title: "Grants on PostgreSQL beside H2", text: [table(heads, rows), events, METHOD], aims: [] };
  } finally {
    for (const close of closing.reverse()) await close().catch(() => undefined);
  }
}

const METHOD = `Eight at a time on kept-alive connections, ${ROUNDS} rounds of ${MS / 1000} s after one to warm up. The program that asks shares the processors with the servers. Computing and latencies are those of the last round, memory that after it.`;

function databasesOf({ names }: Environment, name: string): string[] {
  return name === POSTGRESQL ? [`${names.keycloak}-database`] : [];
}
