// Holds the outputs that the documentation shows: the code has the texts of which they are made.
import ts from "typescript";
import { expect, it } from "vitest";
import { below, fences, PAGES, read } from "./pages";

/** What Keycloak says itself, and m2m passes on. */
const OF_KEYCLOAK = [["Unable to load public key"]];

/** The parts of every text in the sources that are the same each time. */
const texts = [
  ...["constructs", "machines", "network", "tools"].flatMap((folder) => below(folder, ".ts")).flatMap(textsIn),
  ...[...read("machines/machine-a/call.sh").matchAll(/"(.+)"/g)].map((match) =>
    match[1]!.split(/\$\w+|\$\{.*?\}|\$\(.*?\)/),
  ),
  ...OF_KEYCLOAK,
].filter((parts) => parts.join("").length >= 6);

const outputs = PAGES.flatMap((page) =>
  fences(page)
    .filter(({ language }) => language === "text")
    .flatMap(({ code }) => code.split("\n"))
    .filter((line) => line.trim() !== "")
    .map((line) => [page, line] as const),
);

it("finds outputs", () => expect(outputs.length).toBeGreaterThan(20));

it.each(outputs)("%s shows what the code prints: %s", (_page, line) => {
  const rest = texts.reduce((uncovered, parts) => without(uncovered, line, parts), line);
  // What is left are names, ids, times and addresses: no two words.
  expect(rest).not.toMatch(/[a-z]{3,} [a-z]{2,}/);
});

/** Blanks the parts of a text in a line that has all of them in their order. */
function without(uncovered: string, line: string, parts: readonly string[]): string {
  let rest = uncovered;
  let from = 0;
  for (const part of parts) {
    const at = line.indexOf(part, from);
    if (at < 0) return uncovered;
    rest = rest.slice(0, at) + "·".repeat(part.length) + rest.slice(at + part.length);
    from = at + part.length;
  }
  return rest;
}

function textsIn(file: string): string[][] {
  const found: string[][] = [];
  const visit = (node: ts.Node): void => {
    // A text may have gaps for Prometheus to fill.
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node))
      found.push(node.text.split(/\{\{.*?\}\}/));
    if (ts.isTemplateExpression(node)) {
      found.push([node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].map((part) => part.trim()));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest));
  return found;
}
