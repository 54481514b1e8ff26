import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { runCommand } from "../../../tools/cli/run";
import { whoCanCommand } from "../../../tools/commands/who-can";
import { inTemporaryProject } from "../../constructs/project";
import { shop } from "../grants/shop";
import { recordOutput } from "../parts";

inTemporaryProject();

/** Runs the command in a project whose app says again what was synthesized. */
async function whoCan(...args: string[]) {
  shop();
  const again = 'const now = new Date(); require("node:fs").utimesSync("cdktf.out/manifest.json", now, now);';
  writeFileSync("app.cjs", again);
  const results: { text: string; data: unknown }[] = [];
  const out = { ...recordOutput(), result: (text: string, data: unknown) => void results.push({ text, data }) };
  const { signal } = new AbortController();
  const exitCode = await runCommand(["who-can", ...args], [whoCanCommand], out, signal);
  return { exitCode, ...results[0]! };
}

describe("who-can", () => {
  it("prints the matrix of the declarations, and gives it to programs", async () => {
    const { exitCode, text, data } = await whoCan();
    expect(exitCode).toBe(0);
    expect(text).toMatch(/^ +orders +orders:read, orders:write \(optional\)/m);
    expect(data).toMatchObject({ live: false, realms: [{ realm: "machines", differences: [] }] });
  });

  it("writes a page, and says where", async () => {
    const { exitCode, text } = await whoCan("--html", "pages/who-can.html");
    expect([exitCode, text]).toEqual([0, `wrote ${process.cwd()}/pages/who-can.html`]);
    expect(readFileSync("pages/who-can.html", "utf8")).toContain('<th scope="rowgroup" rowspan="3">shop</th>');
  });

  it("fails if the page cannot be written", async () => {
    await expect(whoCan("--html", "app.cjs/page.html")).rejects.toMatchObject({
      code: "file-unwritable",
      message: expect.stringMatching(/^app\.cjs\/page\.html could not be written \(\w+\); name another file$/),
    });
  });
});
