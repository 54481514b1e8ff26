// Records plans of real changes, of which test/tools/changes/ reads what they say: `npx tsx scripts/record-plans.ts`. It
// deploys an environment of its own, takes it down again, and writes test/fixtures/plans/recorded.json.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { callAdmin, makeProject, PROGRAM, ROOT, removeFromDocker } from "../test/e2e/project";
import { BASE, SCENARIOS, type Scenario } from "../test/tools/changes/scenarios";
import { type PlanJson, trimmed } from "./trim-plan";

const NAMES = {
  keycloak: "m2m-plans-keycloak",
  keycloakPort: 18_980,
  machine: "m2m-plans-machine-b",
  machinePort: 13_980,
};
const PASSWORD = "Canary-7f3a91c2-admin-password";
const ENV = { ...process.env, TF_VAR_keycloak_admin_username: "admin", TF_VAR_keycloak_admin_password: PASSWORD };

async function main(): Promise<void> {
  const main = BASE(readFileSync(join(ROOT, "main.ts"), "utf8"));
  const folder = makeProject(NAMES, { main, app: "node --import tsx main.ts" });
  try {
    m2m(folder, "up");
    const base = plan(folder);
    const recorded: Record<string, PlanJson> = {};
    for (const [name, scenario] of Object.entries(SCENARIOS)) {
      process.stderr.write(`${name}\n`);
      recorded[name] = trimmed(await made(folder, main, scenario), base);
    }
    const file = join(ROOT, "test", "fixtures", "plans", "recorded.json");
    const lines = Object.entries(recorded).map(([name, one]) => `${JSON.stringify(name)}: ${JSON.stringify(one)}`);
    writeFileSync(file, `{"base": ${JSON.stringify(trimmed(base))}, "scenarios": {\n${lines.join(",\n")}\n}}\n`);
  } finally {
    m2m(folder, "down", "--yes");
    await removeFromDocker(NAMES);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The plan of a scenario. What it leaves is deployed, if the next ones build on it. */
async function made(
  folder: string,
  main: string,
  { edit, commands = [], byHand, deploys }: Scenario,
): Promise<PlanJson> {
  writeFileSync(join(folder, "main.ts"), edit?.(main) ?? main);
  for (const command of commands) m2m(folder, ...command);
  if (byHand) await byHand(admin);
  const found = plan(folder);
  writeFileSync(join(folder, "main.ts"), main);
  if (deploys) m2m(folder, "up", "--yes");
  return found;
}

function m2m(folder: string, ...args: string[]): string {
  return execFileSync("node", [PROGRAM, ...args], {
    cwd: folder,
    env: ENV,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** The plan that `m2m diff` reads: a program in the place of Terraform keeps what that prints of it. */
function plan(folder: string): PlanJson {
  const [program, kept] = [join(folder, "kept-terraform"), join(folder, "kept.json")];
  const script = `#!/bin/sh\nif [ "$1" = show ]; then terraform "$@" | tee ${kept}; else exec terraform "$@"; fi\n`;
  writeFileSync(program, script, { mode: 0o755 });
  const { status, stderr } = spawnSync("node", [PROGRAM, "diff"], {
    cwd: folder,
    env: { ...ENV, TERRAFORM_BINARY_NAME: program },
    encoding: "utf8",
  });
  if (status !== 0 && status !== 2) throw new Error(stderr);
  return JSON.parse(readFileSync(kept, "utf8"));
}

/** Keycloak's admin API, as somebody uses it by hand. */
const admin = (method: string, path: string, body?: unknown) =>
  callAdmin(NAMES, PASSWORD, method, `/sjwt-example${path}`, body);

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
