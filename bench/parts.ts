import { cpus, loadavg } from "node:os";
import { row, table } from "./figures";
import type { Section } from "./machine/part";

/** What a measurement is made of, by the names that its command line takes. */
export type Parts = Readonly<Record<string, (signal: AbortSignal) => Promise<Section>>>;

/** Runs the named parts, or all, and prints them as Markdown. Ends on Ctrl-C, when what was started is taken down. */
export function runParts(parts: Parts, names = process.argv.slice(2)): void {
  print(parts, names).catch((error) => {
    console.error((error as Error).message);
    process.exitCode = 1;
  });
}

async function print(parts: Parts, names: readonly string[]): Promise<void> {
  const odd = names.find((name) => !Object.hasOwn(parts, name));
  if (odd !== undefined) throw new Error(`PART must be one of ${Object.keys(parts).join(", ")}, got: ${odd}`);
  const abort = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => abort.abort(new Error(`ended by ${name}`)));
  }
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()}), Node.js ${process.versions.node}, a load of ${loadavg()[0]!.toFixed(1)} at the start.`;
  console.log(machine);
  const aims: string[] = [];
  for (const name of names.length > 0 ? names : Object.keys(parts)) {
    const begun = performance.now();
    const section = await parts[name]!(abort.signal);
    console.error(`${name}: ${((performance.now() - begun) / 1000).toFixed(0)} s`);
    console.log(["", `#### ${section.title}`, ...section.text].join("\n\n"));
    aims.push(...section.aims.map(({ aim, measured, met }) => row([aim, measured, met ? "met" : "**not met**"])));
  }
  if (aims.length > 0) console.log(["", "#### Aims", table(["aim", "measured", ""], aims)].join("\n\n"));
}
