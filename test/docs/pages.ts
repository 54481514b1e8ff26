// Reads the documentation and the sources, for the tests that hold one against the other.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(__dirname, "..", "..");

export interface Fence {
  readonly language: string;
  readonly code: string;
  /** The name in a comment `<!-- snippet: NAME -->` right above. */
  readonly name: string | undefined;
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

export function below(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(ending) && !path.includes("node_modules"))
    .map((path) => join(folder, path));
}

/** Everything that a user or a contributor reads. */
export const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "SECURITY.md",
  "certs/README.md",
  ...below("docs", ".md"),
  ...below("examples", ".md"),
];

/** The pages of single constructs, by the construct's name. */
export const CONSTRUCT_PAGES = new Map(
  below("docs/constructs", ".md").flatMap((page) => {
    const [, name] = /^# ([A-Z]\w+)$/m.exec(read(page)) ?? [];
    return name && name !== "Constructs" && new RegExp(`\\b${name}\\b`).test(read("constructs/index.ts"))
      ? [[name, page] as const]
      : [];
  }),
);

/** The text of all TypeScript files below some folders. */
export function sources(...folders: string[]): string {
  return folders
    .flatMap((folder) => below(folder, ".ts"))
    .map(read)
    .join("\n");
}

/** What a pattern's first group that took part has matched, each once. */
export function matches(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map((match) => match.slice(1).find((group) => group !== undefined)!))];
}

export function fences(page: string): Fence[] {
  return [...read(page).matchAll(/(?:<!-- snippet: (\S+) -->\n)?```(\w+)\n([\s\S]*?)```/g)].map(
    ([, name, language, code]) => ({ name, language: language!, code: code! }),
  );
}

export function snippet(page: string, name: string): string {
  const found = fences(page).find((fence) => fence.name === name);
  if (!found) throw new Error(`${page} has no snippet ${name}`);
  return found.code;
}

export function withoutFences(page: string): string {
  return read(page).replaceAll(/```[\s\S]*?```/g, "");
}

export function codeSpans(text: string): string[] {
  return [...text.matchAll(/(`+)(.+?)\1/g)].map((match) => match[2]!);
}

/** A section, by its heading, up to the next heading of the same or a higher level. */
export function section(page: string, heading: string): string {
  const [, level = "", body = ""] = new RegExp(`^(#+) ${heading}\n([\\s\\S]*)`, "m").exec(read(page)) ?? [];
  if (level === "") throw new Error(`${page} has no heading ${heading}`);
  return body.split(new RegExp(`^#{1,${level.length}} `, "m"))[0]!;
}

/** The first cells of the rows of all tables in a text. */
export function firstCells(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) => line.split(" | ")[0]!.slice(2));
}

/** The code in the first cells of the first table in a text. */
export function firstColumn(text: string): string[] {
  const [table = ""] = /^\|.*\n\|[-|]+\n(\|.*\n)*/m.exec(text) ?? [];
  return matches(table.split("\n").slice(2).join("\n"), /^\| `([^`]+)`/gm);
}
