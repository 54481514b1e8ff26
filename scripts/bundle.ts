// Bundles what runs outside the constructs into `dist`, one file each: no dependency has to be found at run time.
import { chmodSync, copyFileSync, cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type BuildOptions, build } from "esbuild";

const root = join(__dirname, "..");
const dist = join(root, "dist");

const common: BuildOptions = {
  absWorkingDir: root, // paths in the output are relative to it, so that every checkout gives the same bytes
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  logLevel: "warning",
};

async function main(): Promise<void> {
  mkdirSync(dist, { recursive: true });
  const shebang = { js: "#!/usr/bin/env node" };
  await Promise.all([
    build({ ...common, entryPoints: ["tools/main.ts"], outfile: "dist/m2m.cjs", banner: shebang }),
    build({ ...common, entryPoints: ["machines/machine-b/server.ts"], outfile: "dist/machine-b.cjs" }),
    build({
      ...common,
      entryPoints: ["provider/main.ts"],
      outfile: "dist/terraform-provider-keycloak.cjs",
      banner: shebang,
    }),
  ]);
  cpSync(join(root, "tools", "bring", "docker-provider"), join(dist, "docker-provider"), { recursive: true });
  copyFileSync(join(root, "machines", "machine-a", "call.sh"), join(dist, "call.sh"));
  for (const program of ["m2m.cjs", "terraform-provider-keycloak.cjs", "call.sh"])
    chmodSync(join(dist, program), 0o755);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
