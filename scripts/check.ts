// Everything that is checked without running a test, side by side: type checks of two kinds take most of the time.
import { spawn } from "node:child_process";

/** Each is called by its name in `node_modules/.bin`, which npm puts into the path. */
const CHECKS = [
  "tsc",
  "tsx scripts/check-package.ts",
  "knip",
  "biome ci .",
  "shellcheck m2m machines/machine-a/call.sh .ci/run",
];

/** Whether it passes. What it says is shown as a whole when it ends. */
function passes(check: string): Promise<boolean> {
  return new Promise((resolve) => {
    const output: Buffer[] = [];
    const program = spawn(check, { shell: true, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [program.stdout, program.stderr]) stream.on("data", (data) => output.push(data));
    program.on("close", (code) => {
      process.stdout.write(`${code === 0 ? "passed" : "FAILED"}: ${check}\n`);
      process.stdout.write(Buffer.concat(output));
      resolve(code === 0);
    });
  });
}

Promise.all(CHECKS.map(passes)).then((passed) => {
  process.exitCode = passed.every(Boolean) ? 0 : 1;
});
