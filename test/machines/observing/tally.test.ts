import { describe, expect, it } from "vitest";
import { BoundedNames, Tally } from "../../../machines/observing/tally";

describe("BoundedNames", () => {
  it("keeps the first names, and calls all others other", () => {
    const names = new BoundedNames(2);
    expect(["a", "b", "c", "a", "d", "b"].map((name) => names.of(name))).toEqual([
      "a",
      "b",
      "other",
      "a",
      "other",
      "b",
    ]);
    expect(new BoundedNames(0).of("a")).toBe("other");
  });
});

describe("Tally", () => {
  it("counts by both labels, whatever is in them", () => {
    const tally = new Tally(["one", "two"]);
    for (const [first, second] of [
      ["a", "b"],
      ["a", "b"],
      ["ab", ""],
      ["", "ab"],
    ] as const)
      tally.add(first, second);
    expect(tally.rows()).toEqual([
      { labels: { one: "a", two: "b" }, value: 2 },
      { labels: { one: "ab", two: "" }, value: 1 },
      { labels: { one: "", two: "ab" }, value: 1 },
    ]);
  });
});
