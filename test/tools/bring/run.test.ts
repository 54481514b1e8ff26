import { describe, expect, it } from "vitest";
import { must, run } from "../../../tools/bring/run";

const OPTIONS = { timeoutMs: 10_000 };

describe("run", () => {
  it("gives what a program wrote, and the last lines of both streams", async () => {
    const result = await run("sh", ["-c", "seq 20; echo problem >&2; exit 3"], OPTIONS);
    expect(result).toMatchObject({ ok: false, timedOut: false });
    expect(result.stdout.split("\n")).toHaveLength(20);
    expect(result.tail.split("\n")).toHaveLength(12);
    expect(result.tail).toContain("problem");
  });

  it("adds to the environment, and removes a variable from it", async () => {
    const env = { M2M_RUN_TEST: "added", HOME: undefined };
    const { stdout } = await run("sh", ["-c", `echo "$M2M_RUN_TEST" "\${HOME-none}"`], { ...OPTIONS, env });
    expect(stdout.trim()).toBe("added none");
  });

  it("ends a program that takes too long, with all that it started", async () => {
    const begin = Date.now();
    const result = await run("sh", ["-c", "sleep 30 & sleep 30; wait"], { timeoutMs: 200 });
    expect(result).toMatchObject({ ok: false, timedOut: true });
    expect(Date.now() - begin).toBeLessThan(10_000);
  });

  it("never throws, even where there is no such program", async () => {
    const result = await run("m2m-no-such-program", [], OPTIONS);
    expect(result.ok).toBe(false);
    expect(result.tail).toContain("ENOENT");
  });
});

it("must fails with the command, its last lines and the remedy", async () => {
  const attempt = must("sh", ["-c", "echo broken; exit 1"], {
    ...OPTIONS,
    failure: "It was not made",
    remedy: "Mend it.",
  });
  await expect(attempt).rejects.toMatchObject({
    code: "command-failed",
    message: "It was not made: it failed: sh -c echo broken; exit 1\n  broken\nMend it.",
  });
});
