import { median, row, table } from "../figures";
import { aimAt, inWords, type Section } from "../machine/part";
import { ratio } from "../machine/rounds";
import { plainEnvironment, secureEnvironment } from "./environments";

const ROUNDS = 3;

/** Seconds of `m2m up`, from a fresh folder to the answered call: plain, and with examples/secure. */
export async function firstAnswers(signal: AbortSignal): Promise<Section> {
  const ways = { plain: plainEnvironment, secure: () => secureEnvironment() };
  const seconds: Record<keyof typeof ways, number[]> = { plain: [], secure: [] };
  for (let round = -1; round < ROUNDS; round++) {
    for (const name of Object.keys(ways) as (keyof typeof ways)[]) {
      signal.throwIfAborted();
      const taken = await secondsToAnswer(ways[name]);
      console.error(`${name}: ${taken.toFixed(1)} s`);
      if (round >= 0) seconds[name].push(taken); // the first one builds the image
    }
  }
  const beside = ratio(seconds.secure, seconds.plain);
  const line = (name: string, values: number[], times: string) =>
    row([name, `${median(values).toFixed(1)} s`, values.map((one) => one.toFixed(1)).join(", "), times]);
  return {
    title: "Time to the first answered call",
    text: [
      table(
        ["environment", "median", "all runs", "beside plain"],
        [
          line("plain, `main.ts`", seconds.plain, "1.00 ×"),
          line("`examples/secure`", seconds.secure, `${inWords(beside)} ×`),
        ],
      ),
    ],
    aims: [
      aimAt("first answered call of `examples/secure` at most 1.3 × that of the plain environment", beside, {
        most: 1.3,
      }),
    ],
  };
}

async function secondsToAnswer(make: typeof plainEnvironment): Promise<number> {
  const environment = make();
  try {
    const begun = performance.now();
    await environment.up();
    return (performance.now() - begun) / 1000;
  } finally {
    await environment.remove();
  }
}
