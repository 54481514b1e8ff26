import { join } from "node:path";
import * as openTelemetry from "@opentelemetry/api";
import promClient from "prom-client";
import type * as Library from "../../machines";
import type { Observer } from "../../machines";
import { median, row, table } from "../figures";
import { type LocalIssuer, localIssuer } from "./local-issuer";
import { type Aim, aimAt, inWords, type Part } from "./part";
import { alternate, cpuMicroseconds, ratio } from "./rounds";

const ROUNDS = 240;
const TIMES = 25;
const HITS = 500;

/** The built library, as users run it: `tsx` names each function as it is made, which costs as much as a count does. */
const BUILT = join(__dirname, "../../dist/machine.cjs");
const load = (file: string) => require(file) as typeof Library;

/** `machine.cjs` of an earlier build, to be held against this one without observers. */
const BEFORE = process.env.M2M_BEFORE;

/** What observers cost: a request at the guard, its token remembered and not, with and without them. */
export const observing: Part = async ({ signal }) => {
  const issuer = await localIssuer("RS256");
  try {
    const rows: string[] = [];
    const aims: Aim[] = [];
    for (const [what, cacheSize, times] of [
      ["not remembered", 0, TIMES],
      ["remembered", 1000, HITS],
    ] as const) {
      const found = await compare(issuer, cacheSize, times, signal);
      const off = found.off!;
      for (const [way, values] of Object.entries(found)) {
        rows.push(row([what, way, inWords(median(values)), `${inWords(ratio(values, off))} ×`]));
      }
      if (cacheSize > 0) continue;
      aims.push(
        aimAt("a token that is not remembered with metrics: at most 1.03 × the time", ratio(found.metrics!, off), {
          most: 1.03,
        }),
      );
    }
    return {
      title: "A request at the guard, with observers and without",
      text: [table(["token (RS256)", "observers", "one, µs of computing", "beside off"], rows)],
      aims,
    };
  } finally {
    await issuer.stop();
  }
};

async function compare(issuer: LocalIssuer, cacheSize: number, times: number, signal: AbortSignal) {
  const header = `Bearer ${await issuer.server.mint({}, { kid: issuer.server.key.kid })}`;
  const library = load(BUILT);
  const { createMetrics, createTracing } = library;
  const metrics = createMetrics(promClient, { registry: new promClient.Registry() });
  const both = [createMetrics(promClient, { registry: new promClient.Registry() }), createTracing(openTelemetry)];
  const open = async (from: typeof Library, observers?: readonly Observer[]) => {
    const { url, connectTo } = issuer.server;
    const opened = from.openIssuer({ issuer: url, connectTo, allowInsecureHttp: true, log: () => {}, observers });
    const guard = from.createGuard({
      verify: from.createVerifier(opened, { audience: "machine-b", cacheSize }),
      observers,
    });
    for (let call = 0; call < 3; call++) if ("refusal" in (await guard(header))) throw new Error("a token was refused");
    return { work: () => cpuMicroseconds(times, () => guard(header)), close: () => opened.close() };
  };
  const ways = {
    off: await open(library),
    "off again": await open(library, []),
    metrics: await open(library, [metrics]),
    "metrics, traces without an SDK": await open(library, both),
    ...(BEFORE && { before: await open(load(BEFORE)) }),
  };
  const works = Object.entries(ways).map(([name, { work }]) => [name, work] as const);
  const found = await alternate(Object.fromEntries(works), ROUNDS, signal);
  await Promise.all(Object.values(ways).map(({ close }) => close()));
  return found;
}
