// Holds the code of docs/other-languages.md: it is cut from the programs, which the end-to-end tests run.
import { expect, it } from "vitest";
import { fences, read } from "./pages";

const PAGE = "docs/other-languages.md";
const snippets = fences(PAGE).filter(({ name }) => name?.includes("#"));

/** The lines of a file between `<NAME>` and `</NAME>` in comments, without the indentation that all of them have. */
function region(file: string, name: string): string {
  const lines = read(file).split("\n");
  const at = (mark: string) => lines.findIndex((line) => new RegExp(`^\\s*(#|//) ${mark}$`).test(line));
  const [begin, end] = [at(`<${name}>`), at(`</${name}>`)];
  expect([begin >= 0, end > begin], `${file} has a region ${name}`).toEqual([true, true]);
  const inside = lines.slice(begin + 1, end);
  const indents = inside.filter((line) => line.trim() !== "").map((line) => /^\s*/.exec(line)![0].length);
  const shared = Math.min(...indents);
  return `${inside
    .map((line) => line.slice(shared))
    .join("\n")
    .trim()}\n`;
}

it.each(snippets.map(({ name, code }) => [name!, code] as const))(
  "the snippet %s is cut from its program",
  (name, code) => {
    const [file, part] = name.split("#") as [string, string];
    expect(code).toBe(region(`examples/${file}`, part));
  },
);

it("every program has its part on the page, and every other block there is a command", () => {
  const programs = ["python/pyjwt", "python/authlib", "go/", "java-spring/", "java-nimbus/"];
  for (const program of programs)
    expect(snippets.filter(({ name }) => name!.startsWith(program)).length, program).toBe(2);
  const others = fences(PAGE).filter((fence) => !snippets.some(({ name }) => name === fence.name));
  expect(others.map(({ language }) => language)).toEqual(["sh"]);
});
