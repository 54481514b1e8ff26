import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const ROOT = join(__dirname, "..");

/** Names and ports of a measured environment, apart from any that runs. */
export const NAMES = {
  keycloak: "bench-keycloak",
  keycloakPort: 18_480,
  machine: "bench-machine-b",
  machinePort: 13_480,
};

/** A project folder like a fresh checkout after `npm ci`: the repository's own main.ts under other names and ports. */
export function makeProject(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "m2m-bench-"));
  for (const linked of ["node_modules", "constructs", ".gen", "dist"])
    symlinkSync(join(ROOT, linked), join(folder, linked));
  for (const copied of ["main.ts", "package.json", "tsconfig.json"]) cpSync(join(ROOT, copied), join(folder, copied));
  const cdktf = {
    language: "typescript",
    app: "npx tsx main.ts",
    context: {
      "m2m:keycloakName": NAMES.keycloak,
      "m2m:keycloakPort": NAMES.keycloakPort,
      "m2m:machineName": NAMES.machine,
      "m2m:machinePort": NAMES.machinePort,
    },
  };
  writeFileSync(join(folder, "cdktf.json"), JSON.stringify(cdktf));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
