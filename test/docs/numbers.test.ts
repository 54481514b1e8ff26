// Holds the numbers that the documentation repeats.
import { expect, it } from "vitest";
import { cases } from "../negative-cases/table";
import { matches, PAGES, read } from "./pages";

const text = PAGES.map(read).join("\n");

it("counts the negative cases in each place alike", () => {
  expect(matches(text, /(\d+) (?:kinds of|cases, some)/g)).toEqual([String(cases.length)]);
});

it("says how long the example service is at most", () => {
  const lines = read("examples/service/service.ts").trim().split("\n").length;
  expect(matches(text, /in fewer than (\d+) lines/g).map(Number)).toEqual([40]);
  expect(lines).toBeLessThan(40);
});
