// The keys of a fleet: made one after the other by the constructs, and by makeSigningKeys before them.
//
//   npx tsx bench/keys.ts [--pairs N]
//
// Needs nothing that runs. N is 100 by default.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { App, TerraformStack } from "cdktf";
import { makeSigningKeys, SigningKeyPair } from "../constructs";
import { row, table } from "./figures";

const ROUNDS = 3;

interface Outcome {
  readonly seconds: number;
  /** The longest time in which nothing else ran. */
  readonly blockedMs: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { pairs: { type: "string", default: "100" } } });
  const names = Array.from({ length: Number(values.pairs) }, (_, index) => `machine-${index}`);
  const outcomes = { "one after the other": [] as Outcome[], "by makeSigningKeys": [] as Outcome[] };
  process.stderr.write = () => true; // the notices of the keys
  for (let round = 0; round < ROUNDS; round++) {
    outcomes["one after the other"].push(await inFolder(async () => declare(names)));
    outcomes["by makeSigningKeys"].push(
      await inFolder(async () => {
        await makeSigningKeys(names.map((name) => ({ name })));
        declare(names);
      }),
    );
  }
  const rows = Object.entries(outcomes).map(([way, list]) => {
    const best = list.reduce((one, other) => (other.seconds < one.seconds ? other : one));
    const beside = Math.min(...outcomes["one after the other"].map(({ seconds }) => seconds)) / best.seconds;
    return row([way, `${best.seconds.toFixed(1)} s`, `${beside.toFixed(2)} ×`, `${Math.round(best.blockedMs)} ms`]);
  });
  console.log(table([`${names.length} RSA-2048 pairs`, "time", "as fast", "longest block"], rows));
}

async function inFolder(act: () => Promise<void>): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "m2m-bench-"));
  writeFileSync(join(folder, "cdktf.json"), '{ "language": "typescript", "app": "none" }');
  const before = process.cwd();
  process.chdir(folder);
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  await new Promise((done) => setTimeout(done, 20)); // its first look, from which the next is counted
  const begun = performance.now();
  try {
    await act();
    const seconds = (performance.now() - begun) / 1000;
    await new Promise((done) => setTimeout(done, 20)); // for the monitor to notice
    return { seconds, blockedMs: delay.max / 1e6 };
  } finally {
    delay.disable();
    process.chdir(before);
    rmSync(folder, { recursive: true });
  }
}

function declare(names: readonly string[]): void {
  const stack = new TerraformStack(new App({ outdir: "cdktf.out" }), "fleet");
  for (const name of names) new SigningKeyPair(stack, name, { name });
}

main().catch((error) => {
  console.error((error as Error).message);
  process.exitCode = 1;
});
