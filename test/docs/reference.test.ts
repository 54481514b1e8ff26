// Holds the reference tables of the documentation: each is complete.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { resources } from "../../provider/resources";
import { providerSchemaJson } from "../../provider/schema";
import { BY_ERROR, CAUSES } from "../../tools/events/causes";
import { codeSpans, firstColumn, matches, ROOT, read, section, sources } from "./pages";

describe("reference tables", () => {
  it("of the library name every exported function", () => {
    const exported = matches(read("machines/index.ts"), /^export \{(.+)\} from/gm)
      .flatMap((list) => list.split(","))
      .map((name) => name.trim())
      .filter((name) => /^[a-z]/.test(name) && !name.startsWith("type "));
    const [table = ""] = read("docs/machine-library.md").split("\n\nEach function");
    expect(codeSpans(table)).toEqual(expect.arrayContaining(exported));
  });

  it("name every environment variable of m2m and of the constructs", () => {
    const variables = matches(
      sources("tools", "constructs"),
      /\b(M2M_[A-Z_]+|TERRAFORM_BINARY_NAME|TF_CLI_CONFIG_FILE)\b/g,
    );
    for (const name of variables) expect(read("docs/commands.md")).toContain(`\`${name}\``);
  });

  it("name every environment variable of the machines", () => {
    for (const [heading, file] of [
      ["machine-a", "machines/machine-a/machine-a.ts"],
      ["machine-b", "machines/machine-b/server.ts"],
    ] as const) {
      const variables = matches(read(file) + read("machines/settings.ts"), /\benv\.([A-Z_]+)|\(env, "([A-Z_]+)"/g);
      for (const name of [...variables, "ALLOW_INSECURE_HTTP"])
        expect(section("docs/machines.md", heading)).toContain(`| \`${name}\` |`);
    }
  });

  it("name every error code", () => {
    const named = (page: string) => codeSpans(section(page, "Error codes"));
    const tool = matches(sources("tools"), /ToolError\(\s*"([a-z-]+)"|\bcode: "([a-z-]+)"/g);
    expect(named("docs/commands.md")).toEqual(expect.arrayContaining(tool));
    expect(named("docs/machines.md")).toEqual(
      expect.arrayContaining(matches(read("machines/errors.ts"), /"(ERR_[A-Z_]+)" \/\//g)),
    );
  });

  it("name every cause of a refusal, in the words of m2m events, and every error code of Keycloak's", () => {
    const page = read("docs/events.md");
    for (const [code, { words, remedy }] of Object.entries(CAUSES)) {
      const [first, second] = [words, remedy].map((text) => text[0]!.toUpperCase() + text.slice(1));
      expect(page).toContain(`| \`${code}\` | ${first} | ${second} |`);
    }
    for (const [error, cause] of Object.entries(BY_ERROR)) expect(page).toContain(`| \`${error}\` | \`${cause}\` |`);
  });

  it("of outages have a test for each row, with the row as its title", () => {
    const titles = read("docs/outages.md")
      .split("\n")
      .filter((line) => line.startsWith("| ") && !line.startsWith("| What happens"))
      .map((line) => line.split(" | ")[0]!.slice(2));
    expect(titles.length).toBeGreaterThan(12);
    const tests = sources("test/e2e/outages");
    expect(titles.filter((title) => !tests.includes(`"${title}"`))).toEqual([]);
  });

  it("name every resource, import id and data source of the embedded provider", () => {
    const { resource_schemas, data_source_schemas } = providerSchemaJson();
    const text = section("docs/providers.md", "Resources of the embedded provider");
    const ids = new Map(resources.map(({ name, importId }) => [name, importId.form]));
    const rows = matches(text, /^\| `(keycloak_\w+)` \| .*(?:UUID|REALM|_id|`realm`)/gm);
    const served = Object.keys({ ...resource_schemas, ...data_source_schemas });
    expect(rows.sort()).toEqual(served.sort());
    for (const [name, form] of ids) expect(text).toContain(`| \`${name}\` | \`${form.split(/ or | \(/)[0]}\``);
    const refused = matches(sources("provider"), /^ {2}(\w+): \{[^\n]*\bunsupported:/gm);
    for (const name of refused) expect(text).toContain(`\`${name}\``);
  });

  it("give a reason for each dependency", () => {
    const { dependencies, devDependencies, peerDependencies } = JSON.parse(read("package.json"));
    const page = read("docs/decisions/0009-dependencies.md");
    for (const [kind, list] of Object.entries({ dependencies, peerDependencies, devDependencies })) {
      const part = page.split(`\`${kind}\``)[1]!.split(/^`/m)[0]!;
      expect(firstColumn(part).sort(), kind).toEqual(Object.keys(list).sort());
    }
  });

  it("of changes name files and functions that exist", () => {
    const rows = section("CONTRIBUTING.md", "Where a change goes").split("\n").slice(6);
    const spans = rows.flatMap(codeSpans);
    const paths = spans.filter((span) => /^[a-z-]+\/[\w/.-]+$/.test(span) && !span.includes("NAME"));
    expect(paths.length).toBeGreaterThan(20);
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    const code = sources("constructs", "machines", "network", "tools");
    const names = spans.filter((span) => /^[a-z]+[A-Z]\w+$/.test(span));
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(code))).toEqual([]);
  });
});
