// Makes the tarballs of all packages, in the working folder or the one that is given: `npm run pack -- FOLDER`.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { stage } from "./stage";

async function main(): Promise<void> {
  const folder = resolve(process.argv[2] ?? ".");
  mkdirSync(folder, { recursive: true });
  for (const { path } of await stage()) {
    const packed = execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: path });
    process.stdout.write(packed);
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
