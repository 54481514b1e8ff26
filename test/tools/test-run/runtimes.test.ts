import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { RUNTIME_TESTS, together } from "../../../tools/test-run/runtimes";

const CHECKOUT = join(__dirname, "..", "..", "..");

it("the tests that run on each Node.js exist", () => {
  for (const path of RUNTIME_TESTS.filter((one) => one.startsWith("test/"))) {
    const isThere = path.endsWith("/")
      ? existsSync(join(CHECKOUT, path))
      : readdirSync(join(CHECKOUT, dirname(path))).some((name) => join(dirname(path), name).startsWith(path));
    expect(isThere, path).toBe(true);
  }
});

it("several runs count as one, and a failure names its run", () => {
  const whole = { exitCode: 0, passed: 5, failed: 0, failures: [], times: [{ file: "a", seconds: 1 }] };
  const other = { exitCode: 1, passed: 2, failed: 1, failures: ["b > c: d"], times: [{ file: "b", seconds: 9 }] };
  expect(together(whole, new Map())).toEqual(whole);
  expect(together(whole, new Map([["Node.js 26.10.0", other]]))).toEqual({
    exitCode: 1,
    passed: 7,
    failed: 1,
    failures: ["Node.js 26.10.0: b > c: d"],
    times: whole.times,
  });
});
