// Runs what docs/testing.md shows, by Vitest and by Jest, in a project that has the package installed.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { execa } from "execa";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ROOT, snippet } from "./pages";

const PAGE = "docs/testing.md";
const NAME = "cdktf-keycloak-m2m";
const SNAPSHOT = "__snapshots__/machines-stack.test.ts.snap";

/** Stands for ts-jest: what a test does in it is the same. */
const TRANSFORM = `
const { transformSync } = require("esbuild");
exports.process = (text, path) => ({ code: transformSync(text, { loader: "ts", format: "cjs", sourcefile: path }).code });
`;

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "m2m-testing-page-"));
  const installed = join(folder, "node_modules", NAME);
  await build({
    entryPoints: {
      index: join(ROOT, "constructs/index.ts"),
      "bindings/openid-client": join(ROOT, ".gen/providers/keycloak/openid-client/index.ts"),
    },
    outdir: installed,
    bundle: true,
    platform: "node",
    packages: "external",
    logLevel: "silent",
  });
  const exports = { ".": "./index.js", "./bindings/*": "./bindings/*.js" };
  writeFileSync(join(installed, "package.json"), JSON.stringify({ name: NAME, version: "0.0.0", exports }));
  for (const name of ["cdktf", "constructs", "@cdktf", "node-forge", "vitest", "@jest", "esbuild"]) {
    symlinkSync(join(ROOT, "node_modules", name), join(folder, "node_modules", name));
  }
  write("transform.cjs", TRANSFORM);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): void {
  mkdirSync(join(folder, name, ".."), { recursive: true });
  writeFileSync(join(folder, name), text);
}

/** A project with the files of the page, below the one that has the packages. */
function project(runner: "vitest" | "jest"): void {
  const ofRunner = (code: string) => (runner === "jest" ? code.replace(/^import .*\n/, snippet(PAGE, "jest")) : code);
  write(`${runner}/cdktf.json`, "{}");
  write(`${runner}/machines-stack.ts`, snippet(PAGE, "machines-stack.ts"));
  write(`${runner}/machines-stack.test.ts`, ofRunner(snippet(PAGE, "machines-stack.test.ts")));
  write(`${runner}/matchers.test.js`, snippet(PAGE, "matchers.test.js"));
  write(`${runner}/setup.js`, snippet(PAGE, "setup.js"));
}

/** Runs a runner in its project, as CI does. */
async function run(runner: "vitest" | "jest", ...args: string[]): Promise<string> {
  const program = join(ROOT, "node_modules", ".bin", runner);
  const env = { CI: "true", TMPDIR: join(folder, runner, "tmp"), NODE_ENV: undefined, VITEST: undefined };
  mkdirSync(env.TMPDIR, { recursive: true });
  const { all, exitCode } = await execa(program, args, { cwd: join(folder, runner), reject: false, all: true, env });
  expect(exitCode, all).toBe(0);
  return all;
}

/** What is in a project now; the runners themselves keep caches. */
const filesOf = (runner: string) => readdirSync(join(folder, runner)).filter((name) => name !== "node_modules");

/** The snapshot without what its runner writes around it. */
function snapshotOf(runner: string): string {
  const text = readFileSync(join(folder, runner, SNAPSHOT), "utf8");
  return text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1).replaceAll("\\", "");
}

it("passes in Vitest, also a second time against the snapshot", { timeout: 240_000 }, async () => {
  project("vitest");
  const config = { test: { globals: true, setupFiles: ["./setup.js"] } };
  write("vitest/vitest.config.mjs", `export default ${JSON.stringify(config)};`);
  const before = filesOf("vitest");
  expect(await run("vitest", "run", "--update")).toContain("4 passed");
  expect(await run("vitest", "run")).toContain("4 passed");
  expect(filesOf("vitest").sort()).toEqual([...before, "__snapshots__", "tmp"].sort());
  expect(readdirSync(join(folder, "vitest", "tmp")).filter((name) => /cdktf|m2m/.test(name))).toEqual([]);
});

it("passes in Jest, and gives the same snapshot", { timeout: 240_000 }, async () => {
  project("jest");
  const transform = { "\\.[jt]s$": join(folder, "transform.cjs") };
  const config = { testEnvironment: "node", transform, setupFilesAfterEnv: ["<rootDir>/setup.js"] };
  write("jest/jest.config.json", JSON.stringify(config));
  const options = ["--config", "jest.config.json"];
  expect(await run("jest", ...options, "--ci=false")).toContain("4 passed");
  expect(await run("jest", ...options)).toContain("4 passed");
  expect(snapshotOf("jest")).toBe(snapshotOf("vitest"));
});
