// The pages of `status` and `who-can` in a real browser: readable for everybody, in every width, light and dark.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { matrixPage } from "../../tools/grants/page";
import { statusPage } from "../../tools/status/page";
import { REALM } from "../tools/grants/example";
import { STATUS, UNKNOWN } from "../tools/status/example";

const PAGES = {
  status: statusPage(STATUS),
  "status without figures": statusPage({ ...STATUS, servers: [UNKNOWN] }),
  "who-can": matrixPage([REALM], true, new Date(0)),
};
const AXE = readFileSync(createRequire(__filename).resolve("axe-core/axe.min.js"), "utf8");

let browser: Browser;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "m2m-pages-"));
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(Object.entries(PAGES))("the page of %s", (name, html) => {
  it.each([
    ["light", 320],
    ["dark", 320],
    ["light", 768],
    ["dark", 1920],
  ] as const)(
    "%s and %i px wide: nothing is cut off, and no rule of accessibility is broken",
    async (colorScheme, width) => {
      const file = join(folder, `${name.replaceAll(" ", "-")}.html`);
      writeFileSync(file, html);
      const page = await browser.newPage({ colorScheme, viewport: { width, height: 800 }, bypassCSP: true });
      try {
        const errors: string[] = [];
        page.on("pageerror", ({ message }) => errors.push(message));
        page.on("requestfailed", (request) => errors.push(request.url()));
        await page.goto(`file://${file}`);
        const wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        expect(wide, "the page itself scrolls sideways").toBe(0);
        const background = await page.evaluate("getComputedStyle(document.body).backgroundColor");
        expect(background).toBe(colorScheme === "dark" ? "rgb(22, 22, 22)" : "rgb(255, 255, 255)");
        await page.evaluate(AXE);
        const { violations } = await page.evaluate<AxeResults>("axe.run()");
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
        expect(errors).toEqual([]);
      } finally {
        await page.close();
      }
    },
  );
});
