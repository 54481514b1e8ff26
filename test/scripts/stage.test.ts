// The packages as they are in their tarballs.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PACKAGES } from "../../scripts/packages";
import { stage } from "../../scripts/stage";

const NAMES = PACKAGES.map(({ name }) => name);

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "m2m-stage-"));
  await stage(folder);
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(NAMES)("the package %s", (name) => {
  const read = (file: string) => readFileSync(join(folder, name, file), "utf8");
  const files = (ending: RegExp) =>
    (readdirSync(join(folder, name), { recursive: true }) as string[]).filter((file) => ending.test(file));

  it("imports only what its manifest names, Node.js, and its own files, which are there", () => {
    const { dependencies, peerDependencies } = JSON.parse(read("package.json"));
    const named = Object.keys({ ...dependencies, ...peerDependencies });
    const code = files(/^dist\/(constructs|\.gen|machines|network)\/.*(\.js|\.d\.ts)$/);
    expect(code.length).toBeGreaterThan(50);
    const foreign = code.flatMap((file) =>
      ts
        .preProcessFile(read(file))
        .importedFiles.map(({ fileName }) => fileName)
        .filter((target) => !isBuiltin(target) && !named.includes(target.split("/")[0]!))
        .filter((target) => {
          const path = join(folder, name, dirname(file), target);
          return !target.startsWith(".") || ![".js", ".d.ts", "/index.js", ""].some((end) => existsSync(path + end));
        })
        .map((target) => `${file}: ${target}`),
    );
    expect(foreign).toEqual([]);
  });

  it("has no script that npm would run at its consumers", () => {
    const manifest = JSON.parse(read("package.json"));
    expect(manifest).not.toHaveProperty("scripts");
    expect(manifest).not.toHaveProperty("private");
    expect(manifest).not.toHaveProperty("devDependencies");
  });

  it("has pages whose links lead to files of it", () => {
    const broken = files(/\.md$/).flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|#)([^)\s#]+)/g)]
        .map((match) => match[1]!)
        .filter((target) => !existsSync(join(folder, name, dirname(page), target)))
        .map((target) => `${page}: ${target}`),
    );
    expect(broken).toEqual([]);
  });
});

it("what is in Docker, in states and in caches has the same name with both frameworks", () => {
  const [one, other] = ["cdktf", "cdktn"].map((framework) =>
    ["docker-names.js", "sources.js", "project-files.js", "markers.js"].map((file) =>
      readFileSync(join(folder, `${framework}-keycloak-m2m`, "dist", "constructs", "contract", file), "utf8"),
    ),
  );
  expect(other).toEqual(one);
  expect(one!.join("\n")).toContain("terraform.local/cdktf-keycloak-m2m/keycloak");
});
