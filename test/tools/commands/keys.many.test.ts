import { describe, expect, it } from "vitest";
import { keysProject } from "../keys/keys-project";

const project = keysProject();

const names = (count: number) => Array.from({ length: count }, (_, i) => `m${String(i).padStart(3, "0")}`);

function declare(count: number): void {
  project.declare(Object.fromEntries(names(count).map((name) => [name, [name]])));
}

/** Runs something; gives the times in ms for which nothing else had its turn meanwhile, the longest first. */
async function pausesDuring(action: () => Promise<unknown>): Promise<number[]> {
  const pauses: number[] = [];
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    pauses.push(now - last);
    last = now;
  }, 5);
  try {
    await action();
  } finally {
    clearInterval(timer);
  }
  return pauses.sort((one, two) => two - one);
}

describe("keys for many pairs", () => {
  it("are made off the main thread, which goes on with its work", {
    timeout: 120_000,
    retry: 2, // a busy machine may stop the whole process for longer
  }, async () => {
    declare(20);
    const pauses = await pausesDuring(async () => await project.run("prepare", { all: true, algorithm: "RS256" }));
    for (const name of names(20)) expect(project.recordFor(name).keys[1]).toMatchObject({ algorithm: "RS256" });
    expect(pauses.length).toBeGreaterThan(40);
    // One key takes 100 ms and more. A busy machine may stop the whole process now and then.
    expect(pauses[2]).toBeLessThan(100);
  });

  it("are all different, and are listed in the order of their names", async () => {
    declare(100);
    const { data } = await project.run("prepare", { all: true });
    expect(data.failures).toEqual([]);
    expect(data.outcomes.map(({ name }: { name: string }) => name)).toEqual(names(100));
    const kids = names(100).flatMap((name) => project.recordFor(name).keys.map(({ kid }) => kid));
    expect(new Set(kids).size).toBe(200);
  });
});
