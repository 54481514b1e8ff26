import { expect, it } from "vitest";
import { type ColourChoice, isColoured, painter } from "../../tools/colour";

it.each<[ColourChoice, boolean, NodeJS.ProcessEnv, boolean]>([
  ["auto", true, {}, true],
  ["auto", false, {}, false],
  ["auto", true, { NO_COLOR: "1" }, false],
  ["auto", true, { NO_COLOR: "" }, true],
  ["auto", true, { NO_COLOR: "1", FORCE_COLOR: "1" }, false],
  ["auto", false, { FORCE_COLOR: "1" }, true],
  ["auto", true, { FORCE_COLOR: "0" }, false],
  ["auto", true, { TERM: "dumb" }, false],
  ["always", false, { NO_COLOR: "1" }, true],
  ["never", true, { FORCE_COLOR: "1" }, false],
])("--color=%s, on a terminal: %s, with %j: coloured is %s", (choice, isTerminal, env, coloured) => {
  expect(isColoured(choice, isTerminal, env)).toBe(coloured);
});

it("a text is coloured or left as it is, whatever stdout is", () => {
  expect(painter(true)("red", "no")).toBe("\u001b[31mno\u001b[39m");
  expect(painter(false)("red", "no")).toBe("no");
});
