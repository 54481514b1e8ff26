import { dirname, join } from "node:path";
import { execa } from "execa";
import { MACHINE_NODE } from "../../constructs/contract/sources";
import { readTextFile } from "../../constructs/keys/read-file";
import { cacheFolder } from "../bring/cache";
import { bringNode, NODE_LINES, type NodeLine, nodeVersion } from "../bring/node-runtime";
import { bringTestTools } from "../bring/test-tools";
import { command } from "../cli/command";
import { type Output, ToolError } from "../output";
import { openSession, type Session } from "../session";
import { RUNTIME_TESTS, together } from "../test-run/runtimes";
import { slowest } from "../test-run/tally";
import { type Outcome, runWatched, type WatchedRun } from "../test-run/watched-run";

export const testCommand = command({
  name: "test",
  help: "in this project's own checkout: all checks and tests",
  options: {
    long: { help: "with many more drawn inputs, and with faults under load" },
    "this-node": { help: "on the Node.js that runs, and on no other" },
  },
  async run({ options, out, interruption }) {
    const session = await openSession(out, interruption);
    const { long, "this-node": thisNode } = options;
    return await test(await session.bringDocker("images"), { long, thisNode });
  },
});

/** How many times as many inputs a long run draws where tests draw them. */
const LONG = 25;
/** `npm run check` takes about a minute. */
const CHECK_MS = 15 * 60_000;

interface Extent {
  readonly long: boolean;
  readonly thisNode: boolean;
}

/** Runs the checks and the tests of this project's own checkout, and ends with a line `N passed, N failed`. */
async function test(session: Session, { long, thisNode }: Extent): Promise<number> {
  const { project, out, env } = session;
  const { name } = JSON.parse(readTextFile(join(project.folder, "package.json"))) as { name: string };
  if (name !== "cdktf-keycloak-m2m") {
    throw new ToolError("not-here", "`test` runs this package's own tests; change into its checkout");
  }
  await bringTestTools(out, { faults: long });
  const run = {
    checkout: project.folder,
    env: { ...env, ...(long && { M2M_TEST_RUNS: String(LONG) }) },
    warn: out.warn,
  };
  if (!(await checksPass(session))) {
    out.result(summary(FAILED_CHECK), FAILED_CHECK);
    return FAILED_CHECK.exitCode;
  }
  const whole = thisNode ? run : { ...run, ...(await onNode(NEWEST, run, out)) };
  const first = await runWatched({ ...whole, args: ["--project=unit", "--project=e2e"] });
  const others = thisNode ? new Map() : await onOtherRuntimes(run, out);
  if (long) others.set("under load", await runWatched({ ...whole, args: ["--project=faults"] }));
  const outcome = together(first, others);
  out.result(summary(outcome), outcome);
  return outcome.exitCode;
}

/** The newest line with long-term support, which machines in containers run too: all tests run on it. */
const NEWEST = MACHINE_NODE;

/** What depends on the runtime, on each other line of Node.js that is supported; by its name. */
async function onOtherRuntimes(run: WatchedRun, out: Output): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  for (const line of NODE_LINES.filter((one) => one !== NEWEST)) {
    const runtime = await onNode(line, run, out);
    const name = `Node.js ${nodeVersion(line)}`;
    out.warn(`the tests that depend on the runtime, on ${name}:`);
    outcomes.set(name, await runWatched({ ...run, ...runtime, args: RUNTIME_TESTS }));
  }
  return outcomes;
}

/** A line of Node.js for a run, and for the programs that its tests start by the name `node`. */
async function onNode(line: NodeLine, { env }: WatchedRun, out: Output): Promise<Pick<WatchedRun, "node" | "env">> {
  const node = await bringNode(cacheFolder(), line, out);
  return { node, env: { ...env, PATH: `${dirname(node)}:${process.env.PATH}` } };
}

function summary({ passed, failed, failures, times }: Outcome): string {
  const failing = failures.length > 0 ? ["What failed:", ...failures.map((line) => `  ${line}`), ""] : [];
  const files = times.length > 0 ? ["The slowest files:", ...slowest(times), ""] : [];
  return [...failing, ...files, `${passed} passed, ${failed} failed`].join("\n");
}

const FAILED_CHECK: Outcome = { exitCode: 1, passed: 0, failed: 1, failures: [], times: [] };

async function checksPass({ project, env, out }: Session): Promise<boolean> {
  const { exitCode, timedOut } = await execa("npm", ["run", "check"], {
    cwd: project.folder,
    env,
    stdin: "ignore",
    stdout: "inherit",
    stderr: "inherit",
    reject: false,
    timeout: CHECK_MS,
  });
  if (timedOut) out.warn(`npm run check has not ended within ${CHECK_MS / 60_000} minutes`);
  return exitCode === 0;
}
