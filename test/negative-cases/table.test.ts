import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { renderTable } from "./document";
import { cases } from "./table";

const PAGE = join(__dirname, "..", "..", "docs", "negative-cases.md");

describe("the table of negative cases", () => {
  it("has each of the 56 cases once, in order", () => {
    expect(cases.map(({ number }) => number)).toEqual(Array.from({ length: 56 }, (_, index) => index + 1));
  });

  it.each(["verifier", "keycloak"] as const)("sends something to the %s in each case, or says why not", (target) => {
    for (const { number, inputs, notFor } of cases) {
      const sends = inputs.some((input) => input[target] !== undefined);
      expect(sends, `case ${number}`).toBe(notFor?.[target] === undefined);
    }
  });

  it("has an answer for each input, and a way to send it", () => {
    for (const { number, inputs } of cases) {
      for (const { sent, verifier, keycloak, token, ask } of inputs) {
        expect(verifier ?? keycloak, `${number}: ${sent}`).toMatch(
          /^(accepted|ERR_TOKEN_|4\d\d\b|active|\{"active":false\})/,
        );
        expect(token ?? ask, `${number}: ${sent}`).toBeTypeOf("function");
      }
    }
  });

  it("expects no HTTP 5xx of Keycloak", () => {
    const answers = cases.flatMap(({ inputs }) => inputs.map(({ keycloak = "" }) => keycloak));
    expect(answers.filter((answer) => /^5/.test(answer))).toEqual([]);
  });

  it("is in docs/negative-cases.md as it is; `vitest --update` puts it there", async () => {
    const page = readFileSync(PAGE, "utf8");
    const held = page.replace(
      /(<!-- table -->\n)[\s\S]*(\n<!-- end of table -->)/,
      (_, start, end) => start + renderTable() + end,
    );
    expect(held).toContain(renderTable());
    await expect(held).toMatchFileSnapshot(PAGE);
  });
});
