// Holds the examples in the comments of the library: each public function has one, and it compiles.
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as library from "../../machines";
import { compile } from "../docs/consumer";
import { ROOT } from "../docs/pages";

const MACHINES = join(ROOT, "machines");
/** Everything exported that is a function and not a class of errors. */
const functions = Object.keys(library).filter((name) => /^[a-z]/.test(name));
/** The examples by the function that follows the comment. */
const examples = new Map(
  readdirSync(MACHINES, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => examplesIn(readFileSync(join(MACHINES, name), "utf8"))),
);
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "m2m-examples-"));
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function examplesIn(source: string): [name: string, code: string][] {
  const comments = source.matchAll(
    /\/\*\*((?:(?!\*\/)[\s\S])*?@example(?:(?!\*\/)[\s\S])*)\*\/\s*export (?:async )?function (\w+)/g,
  );
  return [...comments].map(([, comment = "", name = ""]) => {
    const text = comment.replaceAll(/^ \* ?/gm, "");
    return [name, /@example\n```ts\n([\s\S]*?)```/.exec(text)?.[1] ?? ""];
  });
}

describe("examples of the library", () => {
  it("stand at each public function", () => {
    expect([...examples.keys()].sort()).toEqual([...functions].sort());
  });

  it.each(functions)("show how %s is imported and called", (name) => {
    const code = examples.get(name);
    expect(code).toMatch(new RegExp(`import \\{[^}]*\\b${name}\\b[^}]*\\} from "cdktf-keycloak-m2m/machine"`));
    expect(code).toMatch(new RegExp(`\\b${name}\\(`));
  });

  it("compile", { timeout: 120_000 }, () => {
    const files = [...examples].map(([name, code]) => {
      const file = join(folder, `${name}.mts`);
      writeFileSync(file, `${code}export {};\n`);
      return file;
    });
    expect(compile(files)).toEqual([]);
  });
});
