// Holds the pages of the constructs: each construct has one, in one form, and its tables are complete.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { CONSTRUCT_PAGES, codeSpans, firstCells, firstColumn, matches, ROOT, read, section, sources } from "./pages";

describe("the pages of constructs", () => {
  const exported = matches(read("constructs/index.ts"), /^export \{(.+)\} from/gm)
    .flatMap((list) => list.split(","))
    .map((name) => name.trim())
    .filter((name) => /^[A-Z]/.test(name) && !/Error$/.test(name));

  it("exist for each exported construct", () => {
    expect([...CONSTRUCT_PAGES.keys()].sort()).toEqual(exported.sort());
  });

  it.each(["README.md", "docs/constructs/README.md"])("are listed in the table of %s", (index) => {
    const folder = index === "README.md" ? "docs/constructs/" : "";
    const rows = matches(read(index), /^\| \[`(\w+)`\]\(([\w/-]+\.md)/gm);
    expect(rows.sort()).toEqual(exported.sort());
    for (const [name, page] of CONSTRUCT_PAGES) {
      expect(read(index)).toContain(`| [\`${name}\`](${folder}${page.split("/").at(-1)})`);
    }
  });

  it.each([...CONSTRUCT_PAGES])("have the same sections for %s, and begin with an example", (_name, page) => {
    expect(read(page)).toMatch(/^# \w+\n\n[\s\S]{1,300}\n\n<!-- snippet: first -->\n/);
    const headings = matches(read(page), /^## (.+)$/gm);
    const expected = page.endsWith("private-local-backend.md")
      ? ["What it emits", "Links"]
      : ["Props", "What it emits", "Members", "Errors", "Links"];
    expect(headings.filter((heading) => expected.includes(heading))).toEqual(expected);
  });

  it.each(propsOf("constructs"))("have a complete table of %s", (name, properties) => {
    const others: Record<string, string> = {
      KeycloakServerAttributes: "KeycloakServer.fromUrl",
      PostgresDatabaseAttributes: "PostgresDatabase.fromUrl",
      ProtectedApiAttributes: "ProtectedApi.fromAudience",
      RealmAttributes: "Realm.fromResource",
    };
    const heading = others[name] ?? "Props";
    const page = CONSTRUCT_PAGES.get(name.replace(/(Props|Attributes)$/, ""))!;
    const further = name === "KeycloakServerProps" ? firstColumn(section(page, "Production")) : [];
    expect([...firstColumn(section(page, heading)), ...further].sort()).toEqual([...properties].sort());
  });

  it.each([...CONSTRUCT_PAGES])("name every public member of %s", (name, page) => {
    const named = codeSpans(read(page)).map((span) => span.split("(")[0]?.split(".").at(-1));
    expect(membersOf(name).filter((member) => !named.includes(member))).toEqual([]);
  });

  it("name every setting of cdktf.json", () => {
    const settings = matches(sources("constructs"), /setting\(this, "(\w+)"/g);
    expect(settings.length).toBeGreaterThan(0);
    for (const name of settings) expect(read("docs/constructs/names-and-ports.md")).toContain(`"m2m:${name}"`);
  });

  it("name every code of a KeyError, with what to do", () => {
    const codes = matches(read("constructs/keys/errors.ts"), /\| "([A-Z_]+)"/g);
    const named = firstCells(section("docs/constructs/signing-key-pair.md", "Errors")).flatMap(codeSpans);
    expect(named.filter((code) => /^[A-Z_]+$/.test(code)).sort()).toEqual(codes.sort());
  });

  /** What a construct and its interface offer, by name. */
  function membersOf(construct: string): string[] {
    const interfaces = [construct, `I${construct}`, ...(construct === "SigningKeyPair" ? ["ISigningKey"] : [])];
    return declarationsIn("constructs")
      .filter((node) => ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node))
      .filter(({ name }) => interfaces.includes(name?.text ?? ""))
      .flatMap((node) => [...node.members])
      .filter((member) => !isHidden(member))
      .map(({ name }) => (name && ts.isIdentifier(name) ? name.text : ""))
      .filter((name) => name !== "");
  }

  function isHidden(member: ts.ClassElement | ts.TypeElement): boolean {
    const flags = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
    const isInternal = ts.getJSDocTags(member).some(({ tagName }) => tagName.text === "internal");
    return isInternal || (ts.getCombinedModifierFlags(member) & flags) !== 0;
  }

  function declarationsIn(folder: string): ts.Statement[] {
    return readdirSync(join(ROOT, folder))
      .filter((file) => file.endsWith(".ts"))
      .flatMap((file) => [
        ...ts.createSourceFile(file, read(join(folder, file)), ts.ScriptTarget.Latest, true).statements,
      ]);
  }

  /** Interfaces of props, by name, with what they ask for. */
  function propsOf(folder: string): [string, string[]][] {
    const all = new Map(
      declarationsIn(folder)
        .filter(ts.isInterfaceDeclaration)
        .map((one) => [one.name.text, one]),
    );
    const membersOf = ({ members, heritageClauses }: ts.InterfaceDeclaration): string[] => {
      const bases = [...(heritageClauses ?? [])].flatMap(({ types }) =>
        types.map(({ expression }) => expression.getText()),
      );
      return [
        ...members.map((member) => (member.name as ts.Identifier).text),
        ...bases.flatMap((base) => membersOf(all.get(base)!)),
      ];
    };
    return [...all.values()]
      .filter(({ name }) => CONSTRUCT_PAGES.has(/^(\w+)(Props|Attributes)$/.exec(name.text)?.[1] ?? ""))
      .map((one) => [one.name.text, membersOf(one)]);
  }
});
