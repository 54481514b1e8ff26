// What https, mutual TLS and bound tokens cost beside plain http and bearer tokens.
//
//   npx tsx bench/tls.ts [PART…]
//
// PARTs, all of them by default: verifying grants first
//
// Starts two Keycloaks of its own, with names and ports of its own, and takes them down at the end and on Ctrl-C. Needs an
// environment that `./m2m up` has brought once.
import { cpus } from "node:os";
import { row, table } from "./figures";
import type { Section } from "./machine/part";
import { firstAnswers } from "./tls/first";
import { grants } from "./tls/grants";
import { verifyingBound } from "./tls/verifying";

const PARTS: Readonly<Record<string, (signal: AbortSignal) => Promise<Section>>> = {
  verifying: verifyingBound,
  grants,
  first: firstAnswers,
};

async function main(names: readonly string[]): Promise<void> {
  const odd = names.find((name) => !Object.hasOwn(PARTS, name));
  if (odd !== undefined) throw new Error(`PART must be one of ${Object.keys(PARTS).join(", ")}, got: ${odd}`);
  const abort = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => abort.abort(new Error(`ended by ${name}`)));
  }
  const sections: Section[] = [];
  for (const name of names.length > 0 ? names : Object.keys(PARTS)) {
    const begun = performance.now();
    sections.push(await PARTS[name]!(abort.signal));
    console.error(`${name}: ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  }
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()}), Node.js ${process.versions.node}.`;
  const blocks = sections.flatMap(({ title, text }) => [`#### ${title}`, ...text]);
  const aims = sections
    .flatMap((section) => section.aims)
    .map(({ aim, measured, met }) => row([aim, measured, met ? "met" : "**not met**"]));
  console.log([machine, ...blocks, "#### Aims", table(["aim", "measured", ""], aims)].join("\n\n"));
}

main(process.argv.slice(2)).catch((error) => {
  console.error((error as Error).message);
  process.exitCode = 1;
});
