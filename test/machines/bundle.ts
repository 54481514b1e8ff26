import { resolve } from "node:path";
import { build } from "esbuild";

/** Bundles a program of `machines/` into one CommonJS file, as for the container. */
export async function bundle(entry: string, outfile: string): Promise<string> {
  await build({
    entryPoints: [resolve(__dirname, "../../machines", entry)],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    logLevel: "warning",
  });
  return outfile;
}
