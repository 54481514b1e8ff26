import type { Outcome } from "./watched-run";

/**
 * What depends on the Node.js that runs it: keys and certificates, sockets, files, processes and other programs. The rest of
 * the unit tests look at texts, types and JSON, and run once.
 */
const FOLDERS = [
  "test/constructs/certificates/",
  "test/constructs/keys/",
  "test/constructs/signing-key-pair",
  "test/constructs/testing-app",
  "test/machines/calling/",
  "test/machines/dpop.test.ts",
  "test/machines/machine-a/machine-a.test.ts", // not call.sh, which is Bash
  "test/machines/machine-b/",
  "test/machines/observing/",
  "test/machines/signing/",
  "test/machines/verifying/",
  "test/negative-cases/",
  "test/network/",
  "test/provider/protocol/",
  "test/tools/atomic-file.test.ts",
  "test/tools/bring/",
  "test/tools/keys/change.crash.test.ts",
  "test/tools/lock.test.ts",
  "test/tools/output.test.ts",
  "test/tools/progress.test.ts",
];

/** Vitest's arguments for the part of the unit tests that runs on each Node.js. */
export const RUNTIME_TESTS: readonly string[] = ["--project", "unit", ...FOLDERS];

/** What came of several runs, the one of the whole suite first. A failure of another one begins with its name. */
export function together(whole: Outcome, others: ReadonlyMap<string, Outcome>): Outcome {
  const all = [whole, ...others.values()];
  const sum = (count: (one: Outcome) => number) => all.reduce((total, one) => total + count(one), 0);
  const named = [...others].flatMap(([name, { failures }]) => failures.map((one) => `${name}: ${one}`));
  return {
    exitCode: all.find(({ exitCode }) => exitCode !== 0)?.exitCode ?? 0,
    passed: sum(({ passed }) => passed),
    failed: sum(({ failed }) => failed),
    failures: [...whole.failures, ...named],
    times: whole.times,
  };
}
