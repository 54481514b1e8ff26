// Holds the packages against what their consumers do: what `npm run pack` would ship resolves, and is typed, for CommonJS
// and ES modules alike, and holds nothing that was not meant to be shipped.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Staged, stage } from "./stage";

const root = join(__dirname, "..");
const bin = join(root, "node_modules", ".bin");
/** What may be in a tarball: an allowlist, since lists of what may not be leak. */
const SHIPPED = /^(dist\/|docs\/.+\.(md|png|svg)$|package\.json$|README\.md$|CHANGELOG\.md$|LICENSE$)/;
const NEVER = /\.(key|crt|tfstate|tsbuildinfo)$/;

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "m2m-package-"));
  try {
    for (const one of await stage(folder)) check(one, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function check({ name, framework, path }: Staged, folder: string): void {
  const manifest = join(path, "package.json");
  const before = readFileSync(manifest, "utf8");
  execFileSync("npm", ["pkg", "fix"], { cwd: path, stdio: "ignore" });
  if (readFileSync(manifest, "utf8") !== before) throw new Error(`npm would correct the package.json of ${name}`);
  const [packed] = JSON.parse(
    execFileSync("npm", ["pack", "--silent", "--json", "--pack-destination", folder], { cwd: path, encoding: "utf8" }),
  ) as { filename: string; files: { path: string }[] }[];
  if (!packed) throw new Error("npm pack made nothing");
  const foreign = packed.files.map((file) => file.path).filter((file) => !SHIPPED.test(file) || NEVER.test(file));
  if (foreign.length > 0) throw new Error(`the package ${name} would ship ${foreign.join(", ")}`);
  const tarball = join(folder, packed.filename);
  const run = (program: string, ...args: string[]) =>
    execFileSync(join(bin, program), args, { cwd: root, stdio: "inherit" });
  run("publint", "run", tarball, "--strict");
  // The bindings are a subpath pattern, which the tool cannot enumerate, and a schema has no types.
  run("attw", tarball, ...(framework ? ["--exclude-entrypoints", "./bindings/*", "./diff.schema.json"] : []));
  // All declarations, for a program in CommonJS: the tool before looks at the first ones alone.
  symlinkSync(join(root, "node_modules"), join(path, "node_modules"));
  const program = join(path, "program.cts");
  const imported = framework ? [name, `${name}/machine`, `${name}/bindings/realm`] : [name];
  writeFileSync(program, imported.map((one, i) => `import * as m${i} from "${one}";\nvoid m${i};\n`).join(""));
  run("tsc", "--noEmit", "--strict", "--skipLibCheck", "false", "--module", "node16", "--types", "node", program);
}

main().catch((error) => {
  console.error((error as Error).message);
  process.exitCode = 1;
});
