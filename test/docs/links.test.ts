// Holds the links of the documentation: each leads somewhere, and each page is led to.
import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { codeSpans, matches, PAGES, ROOT, read, withoutFences } from "./pages";

describe("links", () => {
  it.each(PAGES)("in %s lead to a file, and to a heading if they name one", (page) => {
    const broken = linksOf(page).filter((target) => {
      const [path, anchor] = target.split("#") as [string, string?];
      const file = path === "" ? join(ROOT, page) : resolve(ROOT, dirname(page), path);
      if (!existsSync(file)) return true;
      return anchor !== undefined && !anchorsOf(relative(ROOT, file)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it.each(PAGES)("and paths of this repository named in %s lead to a file or folder", (page) => {
    const paths = codeSpans(withoutFences(page)).filter((span) => {
      return (
        /^(constructs|machines|network|provider|tools|test|bench|scripts|examples|docs)\/[\w./-]*$/.test(span) &&
        !/[A-Z]{4}/.test(span)
      );
    });
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it("lead from the README to every page", () => {
    const reached = new Set(["README.md"]);
    for (const page of reached) {
      const targets = linksOf(page).map((target) =>
        relative(ROOT, resolve(ROOT, dirname(page), target.split("#")[0]!)),
      );
      for (const target of targets) if (PAGES.includes(target)) reached.add(target);
    }
    expect(PAGES.filter((page) => !reached.has(page))).toEqual([]);
  });

  it("to every page stand in the README or in the index of the page's folder", () => {
    const linked = [
      read("README.md"),
      ...["docs/decisions/", "docs/constructs/"].map((folder) => {
        return read(`${folder}README.md`).replaceAll("](", `](${folder}`);
      }),
    ].join("\n");
    expect(PAGES.filter((page) => page !== "README.md" && !linked.includes(`](${page}`))).toEqual([]);
  });
});

function linksOf(page: string): string[] {
  return [...withoutFences(page).matchAll(/\]\((?!https?:)([^)]+)\)/g)].map((match) => match[1]!);
}

function anchorsOf(page: string): string[] {
  return matches(withoutFences(page), /^#+ (.+)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}
