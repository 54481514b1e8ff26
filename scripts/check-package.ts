// Holds the package against what its consumers do: what `npm pack` would ship resolves, and is typed, for CommonJS and
// ES modules alike, and holds nothing that was not meant to be shipped.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(__dirname, "..");
/** What may be in the tarball: an allowlist, since lists of what may not be leak. */
const SHIPPED = /^(dist\/|package\.json$|README\.md$|CHANGELOG\.md$|LICENSE$|certs\/README\.md$)/;
const NEVER = /\.(key|crt|tfstate|tsbuildinfo)$/;

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "m2m-package-"));
  const bin = join(root, "node_modules", ".bin");
  try {
    const stdout = execFileSync("npm", ["pack", "--silent", "--json", "--pack-destination", folder], {
      cwd: root,
      encoding: "utf8",
    });
    const [packed] = JSON.parse(stdout.slice(stdout.indexOf("["))) as { filename: string; files: { path: string }[] }[];
    if (!packed) throw new Error("npm pack made nothing");
    const foreign = packed.files.map(({ path }) => path).filter((path) => !SHIPPED.test(path) || NEVER.test(path));
    if (foreign.length > 0) throw new Error(`the package would ship ${foreign.join(", ")}`);
    const tarball = join(folder, packed.filename);
    execFileSync(join(bin, "publint"), ["run", tarball, "--strict"], { cwd: root, stdio: "inherit" });
    // The bindings are a subpath pattern, which the tool cannot enumerate.
    execFileSync(join(bin, "attw"), [tarball, "--exclude-entrypoints", "./bindings/*"], {
      cwd: root,
      stdio: "inherit",
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch((error) => {
  console.error((error as Error).message);
  process.exitCode = 1;
});
