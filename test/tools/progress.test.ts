import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { painter } from "../../tools/colour";
import { isDrawable, NO_PROGRESS, terminalProgress } from "../../tools/progress";

/** A terminal of 60 columns that keeps what is written. */
function terminal() {
  let written = "";
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written += chunk;
      done();
    },
  });
  const move = (..._: unknown[]) => true;
  Object.assign(stream, { isTTY: true, columns: 60, cursorTo: move, clearLine: move, moveCursor: move });
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => stripVTControlCharacters(written) };
}

describe("progress on a terminal", () => {
  it("shows what runs, what it is at, and leaves one line with its time", async () => {
    const { stream, text } = terminal();
    const progress = terminalProgress(stream, painter(false));
    const result = await progress.step("applying", async (show) => {
      show("1 of 3");
      await sleep(100);
      return "result";
    });
    expect(result).toBe("result");
    expect(text()).toMatch(/applying {2}1 of 3 {2}0 s/);
    expect(text()).toMatch(/✔ applying {2}0 s\n$/);
  });

  it("shows steps side by side, each on a line that fits", async () => {
    const { stream, text } = terminal();
    const progress = terminalProgress(stream, painter(false));
    const long = `building ${"x".repeat(100)}`;
    await Promise.all([progress.step(long, () => sleep(120)), progress.step("fetching", () => sleep(120))]);
    expect(text()).toMatch(/building x+… {2}0 s\n {2}fetching {2}0 s/);
    for (const line of text().match(/building x+… {2}0 s/g)!) expect(line.length).toBeLessThanOrEqual(57);
  });

  it("marks a step that failed, and passes its error on", async () => {
    const { stream, text } = terminal();
    const failing = terminalProgress(stream, painter(false)).step("planning", () => Promise.reject(new Error("no")));
    await expect(failing).rejects.toThrow("no");
    expect(text()).toMatch(/✖ planning {2}0 s\n$/);
  });

  it("keeps what is said meanwhile", async () => {
    const { stream, text } = terminal();
    const progress = terminalProgress(stream, painter(false));
    await progress.step("planning", async () => {
      progress.say("waiting for another run");
      await sleep(100);
    });
    expect(text()).toContain("waiting for another run\n");
  });
});

it.each<[boolean, number, NodeJS.ProcessEnv, boolean]>([
  [true, 80, {}, true],
  [true, 80, { TERM: "xterm", CI: "" }, true],
  [true, 0, {}, false],
  [false, 80, {}, false],
  [true, 80, { TERM: "dumb" }, false],
  [true, 80, { CI: "true" }, false],
])("a terminal: %s, of %s columns, with %j can be drawn on: %s", (isTTY, columns, env, expected) => {
  expect(isDrawable({ isTTY, columns } as NodeJS.WriteStream, env)).toBe(expected);
});

it("nowhere else is anything shown", async () => {
  expect(await NO_PROGRESS.step("planning", async () => 1)).toBe(1);
});
