import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../../tools/commands";

describe("the table of commands", () => {
  it("names each command once", () => {
    const names = COMMANDS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it("has no option that takes a value in one command and none in another", () => {
    const kinds = new Map<string, Set<boolean>>();
    for (const [name, { value }] of COMMANDS.flatMap(({ options = {} }) => Object.entries(options))) {
      kinds.set(name, (kinds.get(name) ?? new Set()).add(value === undefined));
    }
    expect([...kinds].filter(([, kind]) => kind.size > 1)).toEqual([]);
  });
});
