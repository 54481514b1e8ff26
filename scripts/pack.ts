// Makes the tarballs of all packages, in the working folder or the one that is given: `npm run pack -- FOLDER`.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { stage } from "./stage";

async function main(): Promise<void> {
  const folder = resolve(process.argv[2] ?? ".");
  mkdirSync(folder, { recursive: true });
  const staged = mkdtempSync(join(tmpdir(), "m2m-pack-"));
  try {
    for (const { path } of await stage(staged)) {
      process.stdout.write(execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: path }));
    }
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
