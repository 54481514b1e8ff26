import { describe, expect, it } from "vitest";
import { formatDuration, normaliseDuration, parseDuration } from "../../../provider/engine/durations";

describe("a duration", () => {
  it.each([
    ["0", 0],
    ["300s", 300],
    ["1h30m", 5400],
    ["1.5h", 5400],
    ["1500ms", 1.5],
    ["-5m", -300],
    ["5 minutes", null],
    ["300", null],
    ["", null],
  ])("%j has the seconds that Go would read", (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  it.each([
    [0, "0s"],
    [45, "45s"],
    [300, "5m0s"],
    [43_200, "12h0m0s"],
    [-300, "-5m0s"],
  ])("of %i s is written as Go would write it", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it("is normalised to whole seconds, and other text stays", () => {
    expect(normaliseDuration("90m")).toBe("1h30m0s");
    expect(normaliseDuration("1500ms")).toBe("1s");
    expect(normaliseDuration("soon")).toBe("soon");
  });
});
