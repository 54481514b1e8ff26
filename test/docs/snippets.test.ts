// Holds the TypeScript in the documentation: it compiles, and whole programs synthesize.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile, makeConsumer, PRELUDE, synthesizeAll } from "./consumer";
import { CONSTRUCT_PAGES, codeSpans, fences, matches, PAGES, read, section, snippet, sources } from "./pages";

let folder: string;
beforeAll(async () => {
  folder = makeConsumer();
  await synthesizeAll(
    folder,
    new Map([
      ["one-more-client", snippet("README.md", "one-more-client")],
      ["two-stacks", snippet("docs/constructs/two-stacks.md", "two-stacks")],
      ["kubernetes", snippet("docs/kubernetes.md", "kubernetes")],
      ...[...CONSTRUCT_PAGES].map(([name, page]) => [name, snippet(page, "first")] as const),
    ]),
  );
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("TypeScript in the documentation", () => {
  it("of the README's first part is cut from main.ts", () => {
    const lines = read("main.ts").trimEnd().split("\n");
    const program = lines.slice(lines.findIndex((line) => !line.startsWith("//")));
    expect(snippet("README.md", "main.ts").trimEnd()).toBe(program.join("\n"));
  });

  it("compiles", { timeout: 120_000 }, () => {
    const files = PAGES.flatMap((page) =>
      fences(page)
        .filter(({ language, name }) => language === "ts" && name !== "main.ts")
        .map(({ code, name }, index) => {
          const kind = /^(const .* = )?await /m.test(code) ? "mts" : "ts";
          // A file that other snippets of its page import has its own name.
          const own = name?.endsWith(".ts") ? name : `${page.replaceAll(/\W/g, "-")}-${index}.${kind}`;
          const file = join(folder, own);
          writeFileSync(file, /^import /m.test(code) ? code : `${PRELUDE}${code}`);
          return file;
        }),
    );
    expect(files.length).toBeGreaterThanOrEqual(3);
    expect(compile(files)).toEqual([]);
  });

  it.each([
    ["one-more-client", ["billing"], ["keycloak_openid_client", "keycloak_openid_client_default_scopes"]],
    ["two-stacks", ["server", "realm"], ["docker_container", "keycloak_realm", "keycloak_openid_client"]],
  ])("named %s synthesizes in a project of its own", (name, stacks, types) => {
    expect(typesIn(name, stacks)).toEqual(expect.arrayContaining(types));
    expect(readdirSync(join(folder, name, "certs")).map((file) => file.replace(/^\w+/, "NAME"))).toEqual([
      "NAME-signing.crt",
      "NAME-signing.key",
    ]);
  });

  it("begins with a program of at most 15 lines", () => {
    expect(snippet("README.md", "one-more-client").trim().split("\n").filter(Boolean).length).toBeLessThanOrEqual(15);
  });
});

describe.each([...CONSTRUCT_PAGES])("the first example of %s", (name, page) => {
  const example = snippet(page, "first");

  it("is short and declares it", () => {
    expect(example).toContain(`new ${name}(`);
    expect(example.trim().split("\n").length).toBeLessThanOrEqual(25);
  });

  it("emits only what the pages of its constructs name", () => {
    const named = [...CONSTRUCT_PAGES].filter(([other]) => example.includes(`new ${other}(`)).flatMap(emitted);
    expect(typesIn(name, ["m2m"]).filter((type) => !named.includes(type))).toEqual([]);
  });
});

it("the pages of constructs name every type of resource that constructs use", () => {
  const used = matches(sources("constructs"), /from "[./]*\.gen\/providers\/((?:keycloak|docker)\/[a-z-]+)"/g)
    .map((path) => path.replaceAll(/[/-]/g, "_"))
    .filter((type) => !/_provider$|_data_/.test(type));
  if (sources("constructs").includes("new DataResource(")) used.push("terraform_data"); // cdktf's own name for it
  expect([...new Set([...CONSTRUCT_PAGES].flatMap(emitted))].sort()).toEqual(used.sort());
});

/** The types of resources that the page of a construct says it emits. */
function emitted([, page]: readonly [string, string]): string[] {
  const text = ["What it emits", "grantCall"].map((heading) => {
    return read(page).includes(`\n## ${heading}\n`) ? section(page, heading) : "";
  });
  return codeSpans(text.join("\n")).filter(
    (span) => /^(docker|keycloak|terraform)_[a-z_]+$/.test(span) && !/_admin_/.test(span),
  );
}

function typesIn(name: string, stacks: readonly string[]): string[] {
  return stacks.flatMap((stack) => {
    const json = JSON.parse(readFileSync(join(folder, name, `cdktf.out/stacks/${stack}/cdk.tf.json`), "utf8"));
    return Object.keys(json.resource);
  });
}
