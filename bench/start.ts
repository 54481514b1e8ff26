// What a start of Keycloak takes, by what was done before it: in alternating runs, beside one another.
//
//   npx tsx bench/start.ts [RUNS [IMAGE]]
//
// IMAGE is Keycloak's, as `KeycloakServer` takes it. Makes images of its own, and removes them at the end.
import { cpus, loadavg } from "node:os";
import { defaultKeycloakImage, readSources } from "../constructs/contract/sources";
import { median, row, table } from "./figures";
import { ROOT } from "./project";
import { remove, type Start, starts } from "./start/container";
import { makeWays, megabytes, removeImages, type Way } from "./start/images";

const MOMENTS = ["first start", "restart", "after a kill"] as const;

async function main(): Promise<void> {
  const [given = "5", image = defaultKeycloakImage(readSources(ROOT))] = process.argv.slice(2);
  const runs = Number(given);
  if (!Number.isInteger(runs) || runs < 1) throw new Error(`RUNS must be a whole number above 0, got: ${given}`);
  const load = loadavg()[0]!;
  await remove();
  const ways = await makeWays(image);
  for (const { name, made } of ways) console.error(`${name}: made in ${made.map(figure).join(" s, computing ")} s`);
  try {
    const measured = ways.map((): Start[][] => MOMENTS.map(() => []));
    for (let round = 1; round <= runs; round++) {
      for (const [index, way] of ways.entries()) {
        const taken = await starts(way.image, way.options);
        taken.forEach((start, moment) => void measured[index]![moment]!.push(start));
        console.error(
          `run ${round} of ${runs}: ${way.name}: ${taken.map(([s, c]) => `${figure(s)} (${figure(c)})`).join(", ")}`,
        );
      }
    }
    console.log(
      `${cpus().length} cores, a load of ${load.toFixed(0)} at the start and ${loadavg()[0]!.toFixed(0)} at the end.\n`,
    );
    console.log(await report(ways, measured));
  } finally {
    await removeImages(ways);
  }
}

async function report(ways: readonly Way[], measured: readonly Start[][][]): Promise<string> {
  const heads = ["way", "image", "making it", ...MOMENTS];
  const rows = ways.map(async ({ name, image, made }, index) => {
    const cells = measured[index]!.map((all, moment) => {
      const [seconds, computing] = medians(all);
      const before = medians(measured[0]![moment]!);
      return `${figure(seconds)} s, ${figure(computing)} s (${(computing / before[1]).toFixed(2)} ×)`;
    });
    return row([name, `${await megabytes(image)} MB`, `${figure(made[0])} s, ${figure(made[1])} s`, ...cells]);
  });
  return table(heads, await Promise.all(rows));
}

const medians = (all: readonly Start[]): Start => [median(all.map(([s]) => s)), median(all.map(([, c]) => c))];
const figure = (value: number) => value.toFixed(1);

main().catch((error) => {
  console.error((error as Error).message);
  process.exitCode = 1;
});
