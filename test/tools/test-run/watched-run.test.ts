import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runWatched } from "../../../tools/test-run/watched-run";

const CHECKOUT = join(__dirname, "..", "..", "..");
const SILENCE_MS = 10_000;
const TIMEOUT_MS = 120_000;

const CONFIGURATION = `export default { test: {
  globalSetup: "./setup.mjs",
  maxWorkers: 2,
  pool: "forks",
  testTimeout: 1_000,
  setupFiles: [${JSON.stringify(join(CHECKOUT, "test", "sign-of-life.ts"))}],
} };`;

/** Runs a good test beside another in a project of their own; gives what came of it, and what a person was told. */
async function runWith(name: string, test: string, tearDown = "") {
  const folder = mkdtempSync(join(tmpdir(), "m2m-watched-"));
  const write = (file: string, text: string) => writeFileSync(join(folder, file), text);
  const imports = 'import { beforeAll, expect, it } from "vitest";\n';
  symlinkSync(join(CHECKOUT, "node_modules"), join(folder, "node_modules"));
  write("vitest.config.mjs", CONFIGURATION);
  write("setup.mjs", `export const teardown = () => { ${tearDown} };`);
  write("good.test.mjs", `${imports} it("adds", () => expect(1 + 1).toBe(2));`);
  write(`${name}.test.mjs`, imports + test);
  const warnings: string[] = [];
  const outcome = await runWatched({
    checkout: CHECKOUT,
    args: ["--root", folder, "--config", join(folder, "vitest.config.mjs")],
    silenceMs: SILENCE_MS,
    cleanUpMs: SILENCE_MS,
    output: "ignore",
    warn: (text) => void warnings.push(text),
  });
  rmSync(folder, { recursive: true, force: true });
  return { ...outcome, warned: warnings.join("\n") };
}

describe.concurrent("a watched test run", { timeout: TIMEOUT_MS }, () => {
  it("ends with what passed and failed, and how long each file took", async () => {
    const { times, failures, ...outcome } = await runWith("bad", 'it("subtracts", () => expect(1 - 1).toBe(2));');
    expect(outcome).toEqual({ exitCode: 1, passed: 1, failed: 1, warned: "" });
    expect(failures).toEqual([expect.stringMatching(/^bad\.test\.mjs > subtracts: expected \+?0 to be 2/)]);
    expect(times.map(({ file }) => file).sort()).toEqual(["bad.test.mjs", "good.test.mjs"]);
  });

  // Alone, since only one process at a time has the debugger's port.
  it.sequential("names the file in which an endless loop runs, and shows where", async () => {
    const outcome = await runWith("loops", 'function turning() { for (;;); }\nit("never ends", turning);');
    expect(outcome).toMatchObject({ exitCode: 1, passed: 1, failed: 1 });
    expect(outcome.warned).toMatch(/^the test run hangs, in: .*loops\.test\.mjs\n/);
    expect(outcome.warned).toContain("at turning");
  });

  it("names the file in which a worker waits for a lock for ever, and what the kernel knows", async () => {
    const wait = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)";
    const outcome = await runWith("locked", `it("never ends", () => void ${wait});`);
    expect(outcome).toMatchObject({ exitCode: 1, passed: 1, failed: 1 });
    expect(outcome.warned).toMatch(/^the test run hangs, in: .*locked\.test\.mjs\n/);
    if (process.platform === "linux") expect(outcome.warned).toMatch(/main thread .*: S \(sleeping\), in futex/);
  });

  it("names a test that nothing would end, though its event loop turns", async () => {
    const outcome = await runWith("waits", 'it("never ends", () => new Promise(() => setInterval(() => {}, 100)), 0);');
    expect(outcome).toMatchObject({ exitCode: 1, passed: 1, failed: 1 });
    expect(outcome.warned).toMatch(/^the test run hangs, in: waits\.test\.mjs > never ends/);
  });

  it("lets a hook take as long as its own time-out says", async () => {
    const hook = "beforeAll(() => new Promise((resolve) => setTimeout(resolve, 12_000)), 20_000);";
    const outcome = await runWith("slow", `${hook} it("ends", () => {});`);
    expect(outcome).toMatchObject({ exitCode: 0, passed: 2, failed: 0, warned: "" });
  });

  it("names the file whose worker dies, and fails", async () => {
    const outcome = await runWith("dies", 'it("kills its process", () => process.kill(process.pid, "SIGKILL"));');
    expect(outcome).toMatchObject({ exitCode: 1, passed: 1, failed: 1, warned: "a worker died in: dies.test.mjs" });
  });

  it("spares a program that has the process id of a worker that has ended", async () => {
    const other = spawn("sleep", ["60"]);
    const sign = `join(process.env.M2M_TEST_LIFE, "${other.pid}")`;
    const test = `import { writeFileSync } from "node:fs";
import { join } from "node:path";
it("leaves the sign of a worker that has ended", () => writeFileSync(${sign}, "/ended.test.mjs"));
it("never ends", () => { for (;;); });`;
    const outcome = await runWith("loops", test, "for (;;);");
    expect(outcome.warned).toContain("Vitest has not ended within 10 s and is killed");
    expect([other.exitCode, other.signalCode]).toEqual([null, null]);
    other.kill();
  });

  it("fails where a file cannot be loaded", async () => {
    const outcome = await runWith("broken", 'throw new Error("no tests");');
    expect(outcome).toMatchObject({ exitCode: 1, passed: 1, failures: ["broken.test.mjs: no tests"] });
  });

  it("names a hook's error, on one line", async () => {
    const hook =
      'describe("a server", () => { beforeAll(() => { throw new Error("not\\nup"); }); it("answers", () => {}); });';
    const outcome = await runWith("hook", `import { describe } from "vitest"; ${hook}`);
    expect(outcome).toMatchObject({ exitCode: 1, passed: 1, failures: ["hook.test.mjs: not up"] });
  });
});
