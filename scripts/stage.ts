import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { transform } from "esbuild";
import { PACKAGES, type Package, WRITTEN_FOR } from "./packages";

const root = join(__dirname, "..");
const dist = join(root, "dist");

const PROGRAMS = [
  "m2m.cjs",
  "terraform-provider-keycloak.cjs",
  "machine-b.cjs",
  "call.sh",
  "docker-provider",
  "diff.schema.json",
];
const LIBRARY = ["machine.mjs", "machine.cjs", "machine.d.mts", "machine.d.cts", "machine.licenses.txt"];
/** What the types of the library are made of. */
const LIBRARY_TYPES = ["machines", "network", "constructs/keys"];
const CONSTRUCTS = ["constructs", ".gen"];

export interface Staged extends Package {
  readonly path: string;
}

/** Compiles the sources, and puts together a folder for each package, as it is in its tarball. */
export async function stage(folder: string): Promise<Staged[]> {
  const compiled = join(folder, "compiled");
  const tsc = join(root, "node_modules", ".bin", "tsc");
  for (const project of ["tsconfig.build.json", "tsconfig.machine.json"]) {
    await promisify(execFile)(tsc, ["-p", project, "--outDir", compiled], { cwd: root });
  }
  const made: Staged[] = [];
  for (const one of PACKAGES) made.push({ ...one, path: await put(one, compiled, join(folder, one.name)) });
  return made;
}

async function put(one: Package, compiled: string, path: string): Promise<string> {
  mkdirSync(join(path, "dist"), { recursive: true });
  for (const name of one.framework ? [...LIBRARY, ...PROGRAMS] : LIBRARY) {
    cpSync(join(dist, name), join(path, "dist", name), { recursive: true });
  }
  const folders = one.framework ? [...LIBRARY_TYPES, ...CONSTRUCTS] : LIBRARY_TYPES;
  const isWanted = (file: string) => one.framework !== undefined || file.endsWith(".d.ts");
  for (const file of filesIn(compiled).filter(
    (name) => isWanted(name) && folders.some((f) => name.startsWith(`${f}/`)),
  )) {
    const text = readFileSync(join(compiled, file), "utf8");
    const code = file.endsWith(".js") ? await withoutComments(text) : text;
    write(join(path, "dist", file), written(code, one));
  }
  write(join(path, "package.json"), `${JSON.stringify(one.manifest, null, 2)}\n`);
  putPages(path, one);
  return path;
}

/** Comments are for editors, which take them from the declarations. */
async function withoutComments(code: string): Promise<string> {
  return (await transform(code, { loader: "js", format: "cjs", platform: "node", target: "es2023" })).code;
}

/** The code for the framework and under the name of a package. What is in Docker, states and caches keeps its name. */
function written(code: string, { name, framework }: Package): string {
  const imported = name === "keycloak-m2m-machine" ? name : `${name}/machine`;
  const named = code.replaceAll('from "cdktf-keycloak-m2m/machine"', `from "${imported}"`);
  if (framework === undefined || framework === WRITTEN_FOR) return named;
  return named.replaceAll(/(?<![\w@/.-])cdktf(?![\w/-]|\.(?:json|out)\b)/g, framework);
}

const NOTE = `This is the package for CDK Terrain. Where these pages say \`cdktf\` and \`cdktf-keycloak-m2m\`, write \`cdktn\` and
\`cdktn-keycloak-m2m\`: see [With CDK Terrain](docs/cdktn.md).`;

function putPages(path: string, { name, framework }: Package): void {
  cpSync(join(root, "LICENSE"), join(path, "LICENSE"));
  cpSync(join(root, "CHANGELOG.md"), join(path, "CHANGELOG.md"));
  if (framework) {
    const [title, ...text] = readFileSync(join(root, "README.md"), "utf8").split("\n");
    const opening = framework === WRITTEN_FOR ? [title] : [title!.replace(WRITTEN_FOR, framework), "", NOTE];
    write(join(path, "README.md"), [...opening, ...text].join("\n"));
    cpSync(join(root, "docs"), join(path, "docs"), { recursive: true, filter: (file) => !/decisions$/.test(file) });
  } else {
    const page = readFileSync(join(root, "docs", "machine-library.md"), "utf8");
    write(join(path, "README.md"), page.replaceAll(/from "cdktf-keycloak-m2m\/machine"/g, `from "${name}"`));
  }
  for (const file of filesIn(path).filter((one) => one.endsWith(".md"))) {
    const text = readFileSync(join(path, file), "utf8");
    write(join(path, file), withoutDeadLinks(path, file, text));
  }
}

/** A link to a page of the checkout that is not in the package becomes its text. */
function withoutDeadLinks(path: string, page: string, text: string): string {
  return text.replaceAll(/(?<!!)\[([^\]]+)\]\(([^)\s]+)\)/g, (link, shown: string, target: string) => {
    if (/^(https?:|mailto:|#)/.test(target)) return link;
    return existsSync(join(path, dirname(page), target.split("#")[0]!)) ? link : shown;
  });
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
