import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { bringTestTools } from "../bring/test-tools";
import { ToolError } from "../output";
import type { Session } from "../session";

/** How many times as many inputs a long run draws where tests draw them. */
const LONG = 25;

/** Runs `npm test` of this project's own checkout and ends with a line `N passed, N failed`. */
export async function test({ project, out, env }: Session, { long }: { long: boolean }): Promise<number> {
  const { name } = JSON.parse(readFileSync(join(project.folder, "package.json"), "utf8")) as { name: string };
  if (name !== "cdktf-keycloak-m2m") {
    throw new ToolError("not-here", "`test` runs this package's own tests; change into its checkout");
  }
  await bringTestTools(out);
  const report = join(project.folder, "node_modules", ".cache", "m2m-tests.json");
  mkdirSync(join(report, ".."), { recursive: true });
  const reporters = ["--", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { exitCode = 1 } = await execa("npm", ["test", ...reporters], {
    cwd: project.folder,
    env: { ...env, ...(long && { M2M_TEST_RUNS: String(LONG) }) },
    stdin: "ignore",
    stdout: "inherit",
    stderr: "inherit",
    reject: false,
  });
  out.result(countsOf(report), { exitCode });
  return exitCode;
}

function countsOf(report: string): string {
  try {
    const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(report, "utf8"));
    // A file that could not be run at all counts no test: it must not look like success.
    return `${numPassedTests} passed, ${Math.max(numFailedTests, numFailedTestSuites > 0 ? 1 : 0)} failed`;
  } catch {
    return "0 passed, 1 failed";
  }
}
