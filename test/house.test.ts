// The plan of the house: the table "Rooms" in CONTRIBUTING.md, held against the imports of every source file.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const ROOT = join(__dirname, "..");

/** One row of the table: a folder (or file), the rooms that it may import, and the packages that it must not. */
interface Room {
  readonly path: string;
  readonly mayImport: readonly string[];
  readonly neverImports: readonly string[];
}

const rooms = readRooms(readFileSync(join(ROOT, "CONTRIBUTING.md"), "utf8"));
const sources = [
  "main.ts",
  ...["constructs", "machines", "network", "provider", "tools"].flatMap((folder) => filesIn(folder)),
];
const beside = ["scripts", "bench", "examples"].flatMap((folder) => filesIn(folder));
const testFiles = filesIn("test");
const tests = testFiles.filter((file) => file.endsWith(".test.ts"));
const all = [...sources, ...beside, ...testFiles];
const imports = new Map(all.map((file) => [file, importsOf(file)]));

describe("the rooms of the house", () => {
  it("are all in the table, and the table names no room that is gone", () => {
    expect(sources.filter((file) => roomOf(file) === undefined)).toEqual([]);
    expect(rooms.filter(({ path }) => !sources.some((file) => isIn(file, path))).map(({ path }) => path)).toEqual([]);
  });

  it("import only the rooms that the table allows", () => {
    const wrong = sources.flatMap((file) =>
      imports
        .get(file)!
        .local.filter((target) => !isAllowed(file, target))
        .map((target) => `${file} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it("use each arrow that the table allows", () => {
    const arrows = new Set(
      sources.flatMap((file) =>
        imports.get(file)!.local.map((target) => `${roomOf(file)?.path} → ${roomOf(target)?.path}`),
      ),
    );
    const allowed = rooms.flatMap(({ path, mayImport }) => mayImport.map((other) => `${path} → ${other}`));
    expect(allowed.filter((arrow) => !arrows.has(arrow))).toEqual([]);
  });

  it("import no package that the table keeps out of them", () => {
    const wrong = sources.flatMap((file) =>
      imports
        .get(file)!
        .packages.filter((name) => isKeptOut(file, name))
        .map((name) => `${file} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  it("have no circles of imports, not even of types", () => {
    expect(all.flatMap(circlesFrom)).toEqual([]);
  });

  it("read files in one place, which knows regular files of a bounded size", () => {
    const reads = sources.filter((file) =>
      /(?<!fs\.)\b(readFile(Sync)?|createReadStream|openAsBlob)\(/.test(
        readFileSync(join(ROOT, file), "utf8").replaceAll(/^ \*.*$/gm, ""),
      ),
    );
    // A backup of any size, a download that is hashed in pieces, and the sign of life that a test's worker leaves.
    expect(reads).toEqual(["tools/backup/backup-file.ts", "tools/bring/cache.ts", "tools/test-run/processes.ts"]);
  });

  it("generate keys in one place, where each is encoded and read again", () => {
    const generates = all.filter((file) => /\bgenerateKeyPair(Sync)?\b/.test(readFileSync(join(ROOT, file), "utf8")));
    expect(generates).toEqual(["constructs/keys/generate.ts"]);
  });
});

it("no file looks as if it held a private key: texts of keys are put together, or generated", () => {
  const texts = [...all, "machines/machine-a/call.sh", "README.md", ...filesIn("docs", ".md")];
  const looksSo = (file: string) => /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(readFileSync(join(ROOT, file), "utf8"));
  expect(texts.filter(looksSo)).toEqual([]);
});

describe("the tests", () => {
  it("stand where their source stands: a/b.ts is tested by test/a/b.test.ts or test/a/b.ASPECT.test.ts", () => {
    const scenarios = /^test\/(e2e|faults|docs|negative-cases)\/|^test\/house\.test\.ts$/;
    const homeless = tests.filter((test) => !scenarios.test(test) && !hasSource(test));
    expect(homeless).toEqual([]);
  });
});

/** The rows between the heading "Rooms" and the next one; paths stand in backquotes. */
function readRooms(text: string): Room[] {
  const [, section = ""] = text.split(/^## Rooms.*$/m);
  const rows = section.split(/^## /m)[0]!.match(/^\| `.*$/gm) ?? [];
  return rows.map((row) => {
    const [path, , mayImport, neverImports] = row
      .split("|")
      .slice(1, -1)
      .map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!.replace(/\/$/, "")));
    return { path: path![0]!, mayImport: mayImport ?? [], neverImports: neverImports ?? [] };
  });
}

function filesIn(folder: string, ending = ".ts"): string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true }) as string[];
  return names
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
    .sort();
}

/** What a file imports, type-only imports included: files of the house, and packages. */
function importsOf(file: string): { local: string[]; packages: string[] } {
  const names = ts.preProcessFile(readFileSync(join(ROOT, file), "utf8")).importedFiles.map(({ fileName }) => fileName);
  const inHouse = names.filter((name) => name.startsWith("."));
  return {
    local: inHouse.flatMap((name) => resolved(join(dirname(file), name))),
    packages: names.filter((name) => !name.startsWith(".")),
  };
}

/** Generated code and JSON are no rooms. */
function resolved(path: string): string[] {
  return [`${path}.ts`, join(path, "index.ts")].filter((candidate) => all.includes(candidate));
}

function roomOf(file: string): Room | undefined {
  const around = rooms.filter(({ path }) => isIn(file, path));
  return around.sort((a, b) => b.path.length - a.path.length)[0];
}

function isIn(file: string, room: string): boolean {
  return file === room || file.startsWith(`${room}/`);
}

function isAllowed(file: string, target: string): boolean {
  const [from, to] = [roomOf(file), roomOf(target)];
  return from === to || (to !== undefined && from?.mayImport.includes(to.path) === true);
}

/** `cdktf` keeps out `cdktf/lib/x` too. */
function isKeptOut(file: string, name: string): boolean {
  return roomOf(file)?.neverImports.some((out) => name === out || name.startsWith(`${out}/`)) === true;
}

/** Circles that start at a file, each told once: by its first file in alphabetical order. */
function circlesFrom(start: string): string[] {
  const seen = new Set<string>();
  const walk = (file: string, path: readonly string[]): string[] =>
    (imports.get(file)?.local ?? []).flatMap((next) => {
      if (next === start) return [[...path, start].join(" → ")];
      if (next < start || seen.has(next)) return [];
      seen.add(next);
      return walk(next, [...path, next]);
    });
  return walk(start, [start]).slice(0, 1);
}

/** The programs `m2m` and `call.sh` are sources too. */
function hasSource(test: string): boolean {
  const stem = join(ROOT, relative("test", test).replace(/(\.[\w-]+)?\.test\.ts$/, ""));
  return [`${stem}.ts`, `${stem}.sh`, stem].some((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
}
