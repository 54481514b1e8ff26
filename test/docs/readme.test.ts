// Holds the documentation against the code: what it says is run, compiled or looked up.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { execa } from "execa";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resources } from "../../provider/resources";
import { providerSchemaJson } from "../../provider/schema";

const ROOT = join(__dirname, "..", "..");
const PACKAGE = "cdktf-keycloak-m2m";
/** What a fragment in the documentation may take for given. */
const PRELUDE = `
import { App, TerraformStack } from "cdktf";
import { KeycloakServer, MachineContainer, PrivateLocalBackend, Realm, SignedJwtClient, SigningKeyPair } from "${PACKAGE}";
declare const stack: TerraformStack;
`;

interface Fence {
  readonly language: string;
  readonly code: string;
  /** The name in a comment `<!-- snippet: NAME -->` right above. */
  readonly name: string | undefined;
}

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const below = (folder: string, ending: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(ending))
    .map((path) => join(folder, path));
const sources = (...folders: string[]) =>
  folders
    .flatMap((folder) => below(folder, ".ts"))
    .map(read)
    .join("\n");
const matches = (text: string, pattern: RegExp) => [
  ...new Set([...text.matchAll(pattern)].map((match) => match.slice(1).find((group) => group !== undefined)!)),
];

const PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...below("docs", ".md"), ...below("examples", ".md")];

function fences(page: string): Fence[] {
  return [...read(page).matchAll(/(?:<!-- snippet: (\S+) -->\n)?```(\w+)\n([\s\S]*?)```/g)].map(
    ([, name, language, code]) => ({ name, language: language!, code: code! }),
  );
}

function snippet(page: string, name: string): string {
  const found = fences(page).find((fence) => fence.name === name);
  if (!found) throw new Error(`${page} has no snippet ${name}`);
  return found.code;
}

const withoutFences = (page: string) => read(page).replaceAll(/```[\s\S]*?```/g, "");
const codeSpans = (text: string) => [...text.matchAll(/(`+)(.+?)\1/g)].map((match) => match[2]!);

/** A section, by its heading, up to the next heading of the same or a higher level. */
function section(page: string, heading: string): string {
  const [, level = "", body = ""] = new RegExp(`^(#+) ${heading}\n([\\s\\S]*)`, "m").exec(read(page)) ?? [];
  if (level === "") throw new Error(`${page} has no heading ${heading}`);
  return body.split(new RegExp(`^#{1,${level.length}} `, "m"))[0]!;
}

/** The first cells of the rows of the first table in a text. */
function firstColumn(text: string): string[] {
  const [table = ""] = /^\|.*\n\|[-|]+\n(\|.*\n)*/m.exec(text) ?? [];
  return matches(table.split("\n").slice(2).join("\n"), /^\| `([^`]+)`/gm);
}

describe("the README's first screen", () => {
  const screen = read("README.md").split("\n").slice(0, 40).join("\n");

  it.each([
    "./m2m up",
    "./m2m test",
    "npx cdktf deploy",
    "npx cdktf diff",
    "npx cdktf destroy",
    "npm test",
    "./m2m down",
  ])("shows %s", (command) => expect(screen).toContain(command));

  it("shows what up prints, the console and its administrator", () => {
    for (const text of [
      "HTTP 200 from http://machine-b:3000/api/protected",
      "caller: machine-a",
      "http://localhost:8080",
      "change_me",
    ]) {
      expect(screen).toContain(text);
    }
  });
});

describe("links", () => {
  it.each(PAGES)("of %s resolve", (page) => {
    const broken = [...withoutFences(page).matchAll(/\]\((?!https?:)([^)]+)\)/g)]
      .map((match) => match[1]!)
      .filter((target) => {
        const [path, anchor] = target.split("#") as [string, string?];
        const file = path === "" ? join(ROOT, page) : resolve(ROOT, dirname(page), path);
        if (!existsSync(file)) return true;
        return anchor !== undefined && !anchorsOf(relative(ROOT, file)).includes(anchor);
      });
    expect(broken).toEqual([]);
  });

  it("reach every page from the README or the list of decisions", () => {
    const linked = read("README.md") + read("docs/decisions/README.md").replaceAll("](", "](docs/decisions/");
    expect(PAGES.filter((page) => page !== "README.md" && !linked.includes(`](${page}`))).toEqual([]);
  });

  function anchorsOf(page: string): string[] {
    return matches(withoutFences(page), /^#+ (.+)$/gm).map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    );
  }
});

describe("commands", () => {
  const help = /const HELP = `([\s\S]*?[^\\])`;/.exec(read("tools/main.ts"))![1]!;
  const commands = matches(help, /^ {2}([a-z]+) /gm);
  const options = matches(help, /(--[a-z-]+)/g);

  /** Calls of m2m in fences and code spans, each up to a pipe, comment or closing bracket. */
  function calls(page: string): string[] {
    const lines = fences(page)
      .filter(({ language }) => language === "sh" || language === "ts")
      .flatMap(({ code }) => code.split("\n"));
    return [...lines, ...codeSpans(withoutFences(page))].flatMap((line) =>
      [...line.matchAll(/(?:^|\.\/|npx |\$\()m2m ([^|#&)"]*)/g)].map((match) => match[1]!.trim()),
    );
  }

  it.each(PAGES)("of m2m named in %s exist", (page) => {
    for (const call of calls(page)) {
      const [command, ...rest] = call.split(/[\s[\]]+/).filter(Boolean);
      if (command === "COMMAND") continue;
      expect(command?.startsWith("--") ? options : commands, call).toContain(command);
      for (const option of rest.filter((word) => word.startsWith("--"))) expect(options, call).toContain(option);
    }
  });

  it.each(["README.md", "docs/commands.md"])("of m2m have the options that %s names alone", (page) => {
    const alone = codeSpans(withoutFences(page)).filter((span) => /^--[a-z-]+$/.test(span));
    expect(alone.length).toBeGreaterThan(0);
    expect(alone.filter((option) => !options.includes(option))).toEqual([]);
  });

  it("are looked for where they are named", () => {
    expect(calls("README.md")).toEqual(expect.arrayContaining(["up", "test", "provider embedded", "token CLIENT_ID"]));
    expect(calls("docs/commands.md")).toEqual(
      expect.arrayContaining(["call [CLIENT_ID] [--bash] [--online]", "token machine-a"]),
    );
  });

  it("are all in the README's table and in docs/commands.md, with their options", () => {
    const table = read("README.md");
    for (const command of commands) {
      expect(table).toMatch(new RegExp(`^\\| \`m2m ${command}\\b`, "m"));
      expect(read("docs/commands.md")).toMatch(new RegExp(`^## ${command}$`, "m"));
    }
    for (const option of options) expect(read("docs/commands.md")).toContain(option);
  });

  it("of npm are scripts", () => {
    const { scripts } = JSON.parse(read("package.json"));
    const named = matches(PAGES.map(read).join("\n"), /npm run ([\w:-]+)/g);
    expect(named.filter((script) => scripts[script] === undefined)).toEqual([]);
  });
});

describe("TypeScript in the documentation", () => {
  let folder: string;
  beforeAll(() => {
    folder = makeConsumer();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is cut from main.ts where it says so", () => {
    expect(read("main.ts")).toContain(snippet("README.md", "main.ts"));
  });

  it("compiles", { timeout: 120_000 }, () => {
    const files = PAGES.flatMap((page) =>
      fences(page)
        .filter(({ language, name }) => language === "ts" && name !== "main.ts")
        .map(({ code }, index) => {
          const kind = /^(const .* = )?await /m.test(code) ? "mts" : "ts";
          const file = join(folder, `${page.replaceAll(/\W/g, "-")}-${index}.${kind}`);
          writeFileSync(file, /^import /m.test(code) ? code : `${PRELUDE}${code}`);
          return file;
        }),
    );
    expect(files.length).toBeGreaterThanOrEqual(3);
    expect(compile(files)).toEqual([]);
  });

  it.each([
    ["README.md", "one-more-client", ["billing"], ["keycloak_openid_client", "keycloak_openid_client_default_scopes"]],
    [
      "docs/constructs.md",
      "two-stacks",
      ["server", "realm"],
      ["docker_container", "keycloak_realm", "keycloak_openid_client"],
    ],
  ])("of %s, %s, synthesizes in a project of its own", async (page, name, stacks, types) => {
    const project = makeConsumer();
    try {
      writeFileSync(join(project, "main.ts"), snippet(page, name));
      await execa(join(ROOT, "node_modules", ".bin", "tsx"), ["main.ts"], {
        cwd: project,
        env: { CDKTF_OUTDIR: "cdktf.out" },
      });
      const json = stacks.map((stack) =>
        JSON.parse(readFileSync(join(project, `cdktf.out/stacks/${stack}/cdk.tf.json`), "utf8")),
      );
      expect(json.flatMap(({ resource }) => Object.keys(resource))).toEqual(expect.arrayContaining(types));
      expect(readdirSync(join(project, "certs")).map((file) => file.replace(/^\w+/, "NAME"))).toEqual([
        "NAME-signing.crt",
        "NAME-signing.key",
      ]);
    } finally {
      rmSync(project, { recursive: true, force: true });
    }
  });

  it("has a first program of at most 15 lines", () => {
    expect(snippet("README.md", "one-more-client").trim().split("\n").filter(Boolean).length).toBeLessThanOrEqual(15);
  });

  /** A project that has this checkout installed as the package: the name leads to the sources. */
  function makeConsumer(): string {
    const made = mkdtempSync(join(tmpdir(), "m2m-docs-"));
    mkdirSync(join(made, "node_modules"));
    const paths = { [PACKAGE]: [join(ROOT, "constructs", "index.ts")] };
    writeFileSync(join(made, "tsconfig.json"), JSON.stringify({ compilerOptions: { module: "nodenext", paths } }));
    writeFileSync(join(made, "cdktf.json"), JSON.stringify({ language: "typescript", app: "npx tsx main.ts" }));
    for (const name of ["cdktf", "constructs", "@cdktf"])
      symlinkSync(join(ROOT, "node_modules", name), join(made, "node_modules", name));
    return made;
  }

  function compile(files: readonly string[]): string[] {
    const config = ts.readConfigFile(join(ROOT, "tsconfig.json"), ts.sys.readFile).config.compilerOptions;
    const { options } = ts.convertCompilerOptionsFromJson(config, ROOT);
    const program = ts.createProgram({
      rootNames: files,
      options: {
        ...options,
        incremental: false,
        tsBuildInfoFile: undefined,
        noUnusedLocals: false, // a fragment shows what it shows
        typeRoots: [join(ROOT, "node_modules", "@types")],
        paths: {
          [PACKAGE]: [join(ROOT, "constructs", "index.ts")],
          [`${PACKAGE}/machine`]: [join(ROOT, "machines", "index.ts")],
        },
      },
    });
    return ts
      .getPreEmitDiagnostics(program)
      .map(({ file, messageText }) => `${file?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`);
  }
});

describe("reference tables", () => {
  it.each(interfacesOf("constructs"))("of the props of %s are complete", (name, properties) => {
    const heading = name.endsWith("Attributes")
      ? `${name.replace("Attributes", "")}.fromUrl`
      : name.replace("Props", "");
    expect(firstColumn(section("docs/constructs.md", heading)).sort()).toEqual([...properties].sort());
  });

  it("of the constructs name every one that is exported", () => {
    const exported = matches(read("constructs/index.ts"), /^export \{(.+)\} from/gm)
      .flatMap((list) => list.split(","))
      .map((name) => name.trim())
      .filter((name) => /^[A-Z]/.test(name) && !/Error$/.test(name));
    expect(firstColumnOfConstructs().sort()).toEqual(exported.sort());
  });

  it("of the library name every function that is exported", () => {
    const exported = matches(read("machines/index.ts"), /^export \{(.+)\} from/gm)
      .flatMap((list) => list.split(","))
      .map((name) => name.trim())
      .filter((name) => /^[a-z]/.test(name) && !name.startsWith("type "));
    const [table = ""] = read("docs/machine-library.md").split("\n\nEach function");
    expect(codeSpans(table)).toEqual(expect.arrayContaining(exported));
  });

  it("of the context name every setting", () => {
    const settings = matches(sources("constructs"), /setting\(this, "(\w+)"/g);
    for (const name of settings) expect(read("docs/constructs.md")).toContain(`"m2m:${name}"`);
  });

  it("of environment variables name every one of m2m and of the constructs", () => {
    const variables = matches(
      sources("tools", "constructs"),
      /\b(M2M_[A-Z_]+|TERRAFORM_BINARY_NAME|TF_CLI_CONFIG_FILE)\b/g,
    );
    for (const name of variables) expect(read("docs/commands.md")).toContain(`\`${name}\``);
  });

  it("of environment variables name every one of the machines", () => {
    for (const [heading, file] of [
      ["machine-a", "machines/machine-a/machine-a.ts"],
      ["machine-b", "machines/machine-b/server.ts"],
    ] as const) {
      const variables = matches(read(file) + read("machines/settings.ts"), /\benv\.([A-Z_]+)|\(env, "([A-Z_]+)"/g);
      for (const name of [...variables, "ALLOW_INSECURE_HTTP"])
        expect(section("docs/machines.md", heading)).toContain(`| \`${name}\` |`);
    }
  });

  it("of error codes are complete", () => {
    const named = (page: string) =>
      codeSpans(section(page, page.includes("constructs") ? "SigningKeyPair" : "Error codes"));
    const tool = matches(sources("tools"), /ToolError\(\s*"([a-z-]+)"|\bcode: "([a-z-]+)"/g);
    expect(named("docs/commands.md")).toEqual(expect.arrayContaining(tool));
    expect(named("docs/machines.md")).toEqual(
      expect.arrayContaining(matches(read("machines/errors.ts"), /"(ERR_[A-Z_]+)" \/\//g)),
    );
    expect(named("docs/constructs.md")).toEqual(
      expect.arrayContaining(matches(sources("constructs"), /KeyError\(\s*"([A-Z_]+)"/g)),
    );
  });

  it("of outages have a test of that title for each row", () => {
    const titles = read("docs/outages.md")
      .split("\n")
      .filter((line) => line.startsWith("| ") && !line.startsWith("| What happens"))
      .map((line) => line.split(" | ")[0]!.slice(2));
    expect(titles.length).toBeGreaterThan(12);
    const tests = sources("test/e2e/outages");
    expect(titles.filter((title) => !tests.includes(`"${title}"`))).toEqual([]);
  });

  it("of the embedded provider's resources, import ids and data sources are complete", () => {
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

  it("of dependencies give each a reason", () => {
    const { dependencies, devDependencies, peerDependencies } = JSON.parse(read("package.json"));
    const page = read("docs/decisions/0009-dependencies.md");
    for (const [kind, list] of Object.entries({ dependencies, peerDependencies, devDependencies })) {
      const part = page.split(`\`${kind}\``)[1]!.split(/^`/m)[0]!;
      expect(firstColumn(part).sort(), kind).toEqual(Object.keys(list).sort());
    }
  });

  it("of troubleshooting quote messages that the code has", () => {
    const code = [read("m2m"), sources("constructs", "machines", "provider", "tools")]
      .join("\n")
      .replaceAll(/["'`]\s*\+\s*["'`]/g, "")
      .replaceAll("\\`", "`");
    const messages = read("docs/troubleshooting.md")
      .split("\n")
      .filter((line) => line.startsWith("| `"))
      .flatMap((line) => codeSpans(line.split(" | ")[0]!));
    expect(messages.length).toBeGreaterThan(40);
    const unknown = messages
      .flatMap((message) => message.split("…").map((part) => part.trim()))
      .filter((part) => part.length > 5 && !code.includes(part));
    expect(unknown).toEqual([]);
  });

  function firstColumnOfConstructs(): string[] {
    return matches(read("README.md"), /^\| \[`(\w+)`\]\(docs\/constructs\.md/gm);
  }

  /** Interfaces of props, by name, with what they ask for. */
  function interfacesOf(folder: string): [string, string[]][] {
    return readdirSync(join(ROOT, folder))
      .filter((file) => file.endsWith(".ts"))
      .flatMap((file) =>
        ts
          .createSourceFile(file, read(join(folder, file)), ts.ScriptTarget.Latest)
          .statements.filter(ts.isInterfaceDeclaration),
      )
      .filter(({ name }) => /(Props|Attributes)$/.test(name.text))
      .map(({ name, members }) => [name.text, members.map((member) => (member.name as ts.Identifier).text)]);
  }
});
