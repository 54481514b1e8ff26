// Holds the commands that the documentation names: they exist, with their options, and all are described.
import { describe, expect, it } from "vitest";
import { overview } from "../../tools/cli/help";
import { COMMANDS } from "../../tools/commands";
import { codeSpans, fences, matches, PAGES, read, withoutFences } from "./pages";

const help = overview(COMMANDS);
const commands = matches(help, /^ {2}([a-z][a-z-]*) /gm);
const options = matches(help, /(--[a-z-]+)/g);

/** Calls of m2m in fences and code spans, each up to a pipe, comment or closing bracket. */
function calls(page: string): string[] {
  const lines = fences(page)
    .filter(({ language }) => language === "sh" || language === "ts")
    .flatMap(({ code }) => code.split("\n"));
  return [...lines, ...codeSpans(withoutFences(page))].flatMap((line) =>
    [...line.matchAll(/(?:^|\.\/|npx |\$\()m2m ([^|#&)"]*)/g)].map((match) => match[1]!.replace(/^-C \S+ /, "").trim()),
  );
}

describe("commands", () => {
  it.each(PAGES)("named in %s exist", (page) => {
    for (const call of calls(page)) {
      const [command, ...rest] = call.split(/[\s[\]]+/).filter(Boolean);
      if (command === "COMMAND") continue;
      expect(command?.startsWith("--") ? options : commands, call).toContain(command);
      for (const option of rest.filter((word) => word.startsWith("--"))) expect(options, call).toContain(option);
    }
  });

  it.each(["README.md", "docs/commands.md"])("have the options that %s names without a command", (page) => {
    const alone = codeSpans(withoutFences(page)).filter((span) => /^--[a-z-]+$/.test(span));
    expect(alone.length).toBeGreaterThan(0);
    expect(alone.filter((option) => !options.includes(option))).toEqual([]);
  });

  it("are found in the pages by this test", () => {
    expect(calls("README.md")).toEqual(expect.arrayContaining(["up", "test", "provider embedded", "token CLIENT_ID"]));
    expect(calls("docs/commands.md")).toEqual(
      expect.arrayContaining(["call [CLIENT_ID] [--url URL] [--bash] [--online]", "token machine-a"]),
    );
  });

  it("stand in the README's table and in docs/commands.md, with their options", () => {
    const table = read("README.md");
    for (const command of commands) {
      expect(table).toMatch(new RegExp(`^\\| \`m2m ${command}\\b`, "m"));
      expect(read("docs/commands.md")).toMatch(new RegExp(`^## ${command}$`, "m"));
    }
    for (const option of options) expect(read("docs/commands.md")).toContain(option);
  });

  it("of npm that are named are scripts of package.json", () => {
    const { scripts } = JSON.parse(read("package.json"));
    const named = matches(PAGES.map(read).join("\n"), /npm run ([\w:-]+)/g);
    expect(named.filter((script) => scripts[script] === undefined)).toEqual([]);
  });
});
