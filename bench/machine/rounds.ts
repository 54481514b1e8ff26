import { median } from "../figures";

/** What each way gave, one value a round. */
export type Values<Way extends string> = Readonly<Record<Way, readonly number[]>>;

/**
 * Runs all ways in every round, each round beginning with another one, so that what else the machine does meets them
 * alike. A round before the first is not counted.
 */
export async function alternate<Way extends string>(
  ways: Readonly<Record<Way, () => number | Promise<number>>>,
  rounds: number,
  signal: AbortSignal,
): Promise<Values<Way>> {
  const names = Object.keys(ways) as Way[];
  const values = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Way, number[]>;
  for (let round = -1; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      signal.throwIfAborted();
      const name = names[(turn + round + 1) % names.length]!;
      const value = await ways[name]();
      if (round >= 0) values[name].push(value);
    }
  }
  return values;
}

/** The median of the ratios within each round. */
export function ratio(above: readonly number[], below: readonly number[]): number {
  return median(above.map((value, round) => value / below[round]!));
}

/** Microseconds that one piece of work takes, one after the other. */
export async function microseconds(times: number, work: (index: number) => unknown): Promise<number> {
  const begun = performance.now();
  for (let index = 0; index < times; index++) {
    const result = work(index);
    if (result instanceof Promise) await result;
  }
  return ((performance.now() - begun) * 1000) / times;
}

/** The same in computing time of this process, all its threads together: for differences that a busy machine would hide. */
export async function cpuMicroseconds(times: number, work: () => Promise<unknown>): Promise<number> {
  const begun = process.cpuUsage();
  for (let index = 0; index < times; index++) await work();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / times;
}

/** How often a second so many workers together get their work done, for a while. */
export async function perSecond(workers: number, ms: number, work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  let done = 0;
  const worker = async () => {
    while (performance.now() - begun < ms) {
      await work();
      done++;
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
  return (done * 1000) / (performance.now() - begun);
}
