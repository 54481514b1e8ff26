import { median, row, table } from "../figures";
import { aimAt, inWords, type Section } from "../machine/part";
import { docker } from "../start/container";
import { productionEnvironment } from "../tls/environments";
import { machineA } from "./machine-a";

const RUNS = 2;

/** How long a server in production takes to its first grant: from nothing, after a restart and after a death. */
export async function start(signal: AbortSignal): Promise<Section> {
  const seconds: Record<"first" | "restart" | "death", number[]> = { first: [], restart: [], death: [] };
  for (let run = 0; run < RUNS; run++) {
    signal.throwIfAborted();
    const environment = productionEnvironment();
    try {
      const begun = performance.now();
      await environment.up();
      seconds.first.push((performance.now() - begun) / 1000);
      const machine = machineA(environment);
      const { keycloak } = environment.names;
      seconds.restart.push(await after(() => docker("restart", "--time", "60", keycloak), machine.untilGranted));
      // As Docker would, but at once: it waits longer after each death.
      seconds.death.push(
        await after(() => docker("kill", keycloak).then(() => docker("start", keycloak)), machine.untilGranted),
      );
      await machine.issuer.close();
    } finally {
      await environment.remove();
    }
  }
  const rows = (
    [
      ["`m2m up` from nothing, images present, to the answered call", seconds.first],
      ["`docker restart`, to the first grant", seconds.restart],
      ["`docker kill` and `docker start`, to the first grant", seconds.death],
    ] as const
  ).map(([what, all]) => row([what, inWords(median(all)), all.map(inWords).join(", ")]));
  return {
    title: "Start",
    text: [table(["what", "median, s", "all runs"], rows)],
    aims: [
      aimAt("restart to first grant: at most 10 s", median(seconds.restart), { most: 10 }, " s"),
      aimAt("back after its death: within 15 s", median(seconds.death), { most: 15 }, " s"),
    ],
  };
}

async function after(work: () => Promise<unknown>, untilGranted: () => Promise<number>): Promise<number> {
  const begun = performance.now();
  await work();
  await untilGranted();
  return (performance.now() - begun) / 1000;
}
