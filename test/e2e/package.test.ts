import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { ADMIN_PASSWORD, cdktf, clientOf, cliPath, m2m, SHARED } from "./environment";
import { ROOT } from "./project";

/** The README's stack in an empty cdktf project elsewhere, with the shared environment's server. */
const MAIN = snippet("README.md", "one-more-client").replace("localhost:8080", `localhost:${SHARED.keycloakPort}`);

const ADMINISTRATOR = { KEYCLOAK_USER: "admin", KEYCLOAK_PASSWORD: ADMIN_PASSWORD };

let folder: string;
/** The program of the installed package, which `npx m2m` starts. */
const installed = (...args: string[]) =>
  m2m(folder, args, ADMINISTRATOR, join(folder, "node_modules", "cdktf-keycloak-m2m", "dist", "m2m.cjs"));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "m2m-package-"));
  await execa("npm", ["run", "--silent", "pack", "--", folder], { cwd: ROOT });
  const tarball = readdirSync(folder).find((name) => name.startsWith("cdktf-keycloak-m2m"))!;
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "billing", private: true }));
  const install = ["install", "--no-audit", "--no-fund", "--prefer-offline"];
  await execa("npm", [...install, `./${tarball}`, "cdktf@0.21", "constructs@10", "cdktf-cli@0.21", "tsx"], {
    cwd: folder,
    env: { PATH: await cliPath() },
    timeout: 500_000,
  });
  writeFileSync(join(folder, "cdktf.json"), JSON.stringify({ language: "typescript", app: "npx tsx main.ts" }));
  writeFileSync(join(folder, "main.ts"), MAIN);
});

afterAll(async () => {
  await installed("down", "--yes");
  rmSync(folder, { recursive: true, force: true });
});

describe("the package in somebody's own project", () => {
  it("deploys one more client on the running server, and then shows no change", async () => {
    const up = await installed("up");
    expect(up.exitCode, up.stderr).toBe(0);
    expect(await clientOf(SHARED, "billing")).toMatchObject({ clientAuthenticatorType: "client-jwt" });
    expect((await installed("diff")).exitCode).toBe(0);
  });

  it("gives a token to that client, which calls an API with it, as the README says", async () => {
    expect((await installed("token", "billing")).stdout).toMatch(/^ey[\w-]+\.[\w-]+\.[\w-]+\n?$/);
    const url = `http://localhost:${SHARED.machinePort}/api/protected`;
    const call = await installed("call", "billing", "--url", url);
    expect(call.stdout, call.stderr).toMatch(/^HTTP 200\ncaller: billing/);
  });

  it("has the machine library for CommonJS and ES modules, without loading cdktf", async () => {
    const name = "cdktf-keycloak-m2m/machine";
    const shown =
      "process.stdout.write(typeof openMachine + Object.keys(require.cache ?? {}).filter(isFramework).length)";
    const isFramework = "const isFramework = (file) => /node_modules.(cdktf|constructs|@cdktf)[^-\\w]/.test(file);";
    const common = `${isFramework} const { openMachine } = require("${name}"); ${shown}`;
    const module = `import { openMachine } from "${name}"; process.stdout.write(typeof openMachine)`;
    expect((await execa("node", ["-e", common], { cwd: folder })).stdout).toBe("function0");
    expect((await execa("node", ["--input-type=module", "-e", module], { cwd: folder })).stdout).toBe("function");
  });

  it("works with the cdktf CLI alone too, which destroys only what the project created", async () => {
    const diff = await cdktf(folder, ["diff"], ADMINISTRATOR);
    expect(diff.stdout + diff.stderr).toContain("No changes.");
    const destroy = await cdktf(folder, ["destroy", "--auto-approve"], ADMINISTRATOR);
    expect(destroy.exitCode, destroy.stderr).toBe(0);
    expect(await clientOf(SHARED, "billing")).toBeUndefined();
    expect(await clientOf(SHARED, "machine-a")).toBeDefined();
    const shared = await m2m(inject("folder"), ["diff"]);
    expect(shared.exitCode, shared.stdout).toBe(0);
  });
});

function snippet(file: string, name: string): string {
  const text = readFileSync(join(ROOT, file), "utf8");
  const [, after] = text.split(`<!-- snippet: ${name} -->\n\`\`\`ts\n`);
  return after!.split("\n```")[0]!;
}
