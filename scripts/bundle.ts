import { copyFileSync, cpSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type BuildOptions, build } from "esbuild";

const root = join(__dirname, "..");
const dist = join(root, "dist");
export const M2M = join(dist, "m2m.cjs");

const program = { banner: { js: "#!/usr/bin/env node" } };

/** Bundles what runs outside the constructs into `dist`, one file each: no dependency has to be found at run time. */
export async function makeBundles(): Promise<void> {
  mkdirSync(dist, { recursive: true });
  cpSync(join(root, "tools", "bring", "docker-provider"), join(dist, "docker-provider"), { recursive: true });
  put(join(dist, "call.sh"), (file) => copyFileSync(join(root, "machines", "machine-a", "call.sh"), file));
  await Promise.all([
    bundle("machines/machine-b/server.ts", join(dist, "machine-b.cjs")),
    bundle("provider/main.ts", join(dist, "terraform-provider-keycloak.cjs"), program),
    bundle("tools/main.ts", M2M, program),
  ]);
}

async function bundle(entry: string, outfile: string, options: BuildOptions = {}): Promise<void> {
  const { outputFiles } = await build({
    absWorkingDir: root, // paths in the output are relative to it, so that every checkout gives the same bytes
    entryPoints: [entry],
    outfile,
    write: false,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    logLevel: "warning",
    ...options,
  });
  const mode = options.banner ? 0o755 : 0o644;
  put(outfile, (file) => writeFileSync(file, outputFiles![0]!.contents, { mode }));
}

/** In one step: another run may be reading the file. */
function put(path: string, write: (file: string) => void): void {
  const beside = join(dist, `.${basename(path)}.${process.pid}`);
  write(beside);
  renameSync(beside, path);
}
