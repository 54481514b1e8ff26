import { expect, it } from "vitest";
import { matrixPage } from "../../../tools/grants/page";
import { REALM } from "./example";

const AT = new Date("2026-01-02T03:04:05Z");

it("is a table with a caption, and headings of columns and machines", () => {
  const page = matrixPage([REALM], true, AT);
  expect(page).toMatch(/<caption id="table-0">[^<]+<\/caption>/);
  expect(page.match(/<th scope="col">/g)).toHaveLength(5);
  expect(page).toContain('<th scope="rowgroup" rowspan="2">shop</th>');
  expect(page).toContain("2026-01-02 03:04 UTC");
  expect(page).toContain('<html lang="en">');
});

it("says each difference in words, not by colour or sign alone", () => {
  const page = matrixPage([REALM], true, AT);
  expect(page).toContain('<li class="missing">orders:read: not in Keycloak</li>');
  expect(page).toContain('<li class="added">reader: only in Keycloak</li>');
});

it("escapes what others chose", () => {
  const page = matrixPage([REALM], true, AT);
  expect(page).not.toContain("<img");
  expect(page).toContain("&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;");
});

it("needs nothing else, runs nothing, and follows light and dark", () => {
  const page = matrixPage([REALM], true, AT);
  expect(page).not.toMatch(/<script|<link|<img|@import|url\(/);
  expect(page).toContain("default-src 'none'");
  expect(page).toContain("prefers-color-scheme: dark");
  expect(page).toContain("width=device-width");
});

it("says that nothing is declared, and of Keycloak nothing that nobody asked", () => {
  expect(matrixPage([], false, AT)).toContain("No machines are declared.");
  expect(matrixPage([{ ...REALM, differences: [] }], false, AT)).not.toContain("Keycloak has what is declared");
  expect(matrixPage([{ ...REALM, differences: [] }], true, AT)).toContain("Keycloak has what is declared");
});
