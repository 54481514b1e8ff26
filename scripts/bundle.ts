import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type BuildOptions, build } from "esbuild";

const root = join(__dirname, "..");
const dist = join(root, "dist");
export const M2M = join(dist, "m2m.cjs");

const program = { banner: { js: "#!/usr/bin/env node" } };

/** The packages of the library that are ES modules only. CommonJS that requires them does not load in Jest. */
const MODULES_ONLY = ["jose", "oauth4webapi"];

/**
 * In an ES module there is no `require`, and undici, which is CommonJS, requires built-in modules. A bundle that somebody
 * else makes of this one keeps the line, and so needs no settings.
 */
const requireBuiltIn = "const require = (name) => process.getBuiltinModule(name);";

/** Makes the library for services in both forms: `machine.mjs` and `machine.cjs`, with types of each. */
export async function makeLibrary(folder = dist): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const [entry, types] = ["machines/index.ts", 'export * from "./machines/index.js";\n'];
  await Promise.all([
    bundle(entry, join(folder, "machine.mjs"), {
      format: "esm",
      external: MODULES_ONLY,
      banner: { js: requireBuiltIn },
    }),
    bundle(entry, join(folder, "machine.cjs"), { external: ["undici"] }),
  ]);
  for (const name of ["machine.d.mts", "machine.d.cts"]) put(join(folder, name), (file) => writeFileSync(file, types));
  const notices = ["undici", ...MODULES_ONLY].map((name) => {
    const folder = join(root, "node_modules", name);
    const license = readdirSync(folder).find((file) => /^license/i.test(file))!;
    return `machine.mjs or machine.cjs holds ${name}:\n\n${readFileSync(join(folder, license), "utf8").trim()}\n`;
  });
  put(join(folder, "machine.licenses.txt"), (file) => writeFileSync(file, notices.join("\n")));
}

/** Bundles what runs outside the constructs into `dist`, one file each: no dependency has to be found at run time. */
export async function makeBundles(): Promise<void> {
  mkdirSync(dist, { recursive: true });
  cpSync(join(root, "tools", "bring", "docker-provider"), join(dist, "docker-provider"), { recursive: true });
  put(join(dist, "call.sh"), (file) => copyFileSync(join(root, "machines", "machine-a", "call.sh"), file));
  put(join(dist, "diff.schema.json"), (file) => copyFileSync(join(root, "tools", "changes", "diff.schema.json"), file));
  await Promise.all([
    bundle("machines/machine-b/server.ts", join(dist, "machine-b.cjs")),
    bundle("provider/main.ts", join(dist, "terraform-provider-keycloak.cjs"), program),
    bundle("tools/main.ts", M2M, program),
    makeLibrary(),
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
  const mode = options === program ? 0o755 : 0o644;
  put(outfile, (file) => writeFileSync(file, outputFiles![0]!.contents, { mode }));
}

/** In one step: another run may be reading the file. */
function put(path: string, write: (file: string) => void): void {
  const beside = join(dirname(path), `.${basename(path)}.${process.pid}`);
  write(beside);
  renameSync(beside, path);
}
