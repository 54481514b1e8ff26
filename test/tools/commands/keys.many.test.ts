import { describe, expect, it } from "vitest";
import { keysProject } from "../keys/keys-project";

const project = keysProject();

const names = (count: number) => Array.from({ length: count }, (_, i) => `m${String(i).padStart(3, "0")}`);

function declare(count: number): void {
  project.declare(Object.fromEntries(names(count).map((name) => [name, [name]])));
}

/** Runs something; gives how often the main thread had time for other work meanwhile. */
async function turnsDuring(action: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  const timer = setInterval(() => turns++, 5);
  try {
    await action();
  } finally {
    clearInterval(timer);
  }
  return turns;
}

describe("keys for many pairs", () => {
  it("are made off the main thread, which goes on with its work", { timeout: 120_000 }, async () => {
    declare(20);
    const turns = await turnsDuring(async () => await project.run("prepare", { all: true, algorithm: "RS256" }));
    for (const name of names(20)) expect(project.recordFor(name).keys[1]).toMatchObject({ algorithm: "RS256" });
    // One key takes 100 ms and more. On the main thread each would leave it one turn.
    expect(turns).toBeGreaterThan(2 * 20);
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
