import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADMIN_PASSWORD, clientOf, m2m, type Result, SHARED } from "./environment";
import { ROOT } from "./project";

const PAGE = readFileSync(join(ROOT, "docs", "cdktn.md"), "utf8");
/** The README's stack, with another client than that of the package's own test, on the shared environment's server. */
const MAIN = block(readFileSync(join(ROOT, "README.md"), "utf8"), "one-more-client", "ts")
  .replace("localhost:8080", `localhost:${SHARED.keycloakPort}`)
  .replaceAll("billing", "terrain");
/** Strict, and the declarations of packages are checked too. */
const STRICT = {
  module: "nodenext",
  target: "es2022",
  strict: true,
  skipLibCheck: false,
  noEmit: true,
  types: ["node"],
};
const ADMINISTRATOR = { KEYCLOAK_USER: "admin", KEYCLOAK_PASSWORD: ADMIN_PASSWORD };
const MOST_BYTES = 6_000_000;

let packed: string;
let project: string;

beforeAll(async () => {
  packed = mkdtempSync(join(tmpdir(), "m2m-packed-"));
  await execa("npm", ["run", "--silent", "pack", "--", packed], { cwd: ROOT });
  project = emptyProject({ "main.ts": MAIN, "tsconfig.json": JSON.stringify({ compilerOptions: STRICT }) });
  await install(project, tarball("cdktf-keycloak-m2m"), "cdktf@0.21", "constructs@10.7", "tsx", "typescript@5.9");
  await install(project, "@types/node@20");
});

afterAll(async () => {
  await installed("down", "--yes");
  for (const folder of [packed, project]) rmSync(folder, { recursive: true, force: true });
});

describe("a project of cdktf that becomes one of cdktn", () => {
  let before: string[];

  it("is compiled and deployed with cdktf", async () => {
    expect(await compile()).toBe("");
    const up = await installed("up");
    expect(up.exitCode, up.stderr).toBe(0);
    before = objectsOfState();
    expect(before).not.toEqual([]);
  });

  it("is moved by the commands of the page, and compiled without flags", async () => {
    const commands = block(PAGE, "move", "sh").replace(/\S*\/(cdktn-keycloak-m2m-)/, `${packed}/$1`);
    const moved = await execa("sh", ["-ec", commands], { cwd: project, env: ADMINISTRATOR, reject: false, all: true });
    expect(moved.exitCode, moved.all).toBe(0);
    expect(readFileSync(join(project, "main.ts"), "utf8")).not.toMatch(/cdktf/);
    expect(readdirSync(join(project, "node_modules"))).not.toContain("cdktf");
    expect(await compile()).toBe("");
  });

  it("has nothing to change: the same addresses, the same objects", async () => {
    const diff = await installed("diff");
    expect(diff.exitCode, diff.stdout + diff.stderr).toBe(0);
    const up = await installed("up");
    expect(up.exitCode, up.stderr).toBe(0);
    expect(objectsOfState()).toEqual(before);
    expect((await installed("diff")).exitCode).toBe(0);
  });

  it("is tested with cdktn's own Testing", async () => {
    writeFileSync(join(project, "stack.test.ts"), block(PAGE, "unit-test", "typescript"));
    const { exitCode, all } = await execa("node", ["--import", "tsx", "--test", "stack.test.ts"], {
      cwd: project,
      env: { NODE_OPTIONS: undefined, NODE_TEST_CONTEXT: undefined },
      reject: false,
      all: true,
    });
    expect(exitCode, all).toBe(0);
  });

  it("is deployed by the cdktn CLI alone too", async () => {
    await install(project, "cdktn-cli@0.24", "node@22");
    const shorter = MAIN.replace("signingKey: key }", "signingKey: key, accessTokenLifespanSeconds: 77 }");
    const main = shorter.replaceAll("cdktf", "cdktn");
    writeFileSync(join(project, "main.ts"), main);
    const deploy = await cdktn("deploy", "--auto-approve");
    expect(deploy.exitCode, deploy.stdout + deploy.stderr).toBe(0);
    expect(await clientOf(SHARED, "terrain")).toMatchObject({ attributes: { "access.token.lifespan": "77" } });
    const diff = await cdktn("diff");
    expect(diff.stdout + diff.stderr).toContain("No changes.");
    expect((await installed("diff")).exitCode).toBe(0);
    const destroy = await cdktn("destroy", "--auto-approve");
    expect(destroy.exitCode, destroy.stderr).toBe(0);
    expect(await clientOf(SHARED, "terrain")).toBeUndefined();
  });

  it("says so if the framework is missing", async () => {
    const [there, gone] = [join(project, "node_modules", "cdktn"), join(project, "node_modules", ".cdktn")];
    renameSync(there, gone);
    const { stderr } = await execa("node", ["-e", 'require("cdktn-keycloak-m2m")'], { cwd: project, reject: false });
    renameSync(gone, there);
    expect(stderr).toContain("Error: the constructs need the packages cdktn and constructs, got: no cdktn");
  });
});

describe("the library for services in an empty project", () => {
  it("takes at most 6 MB with all that it needs, and loads as both kinds of module", async () => {
    const service = emptyProject({});
    await install(service, tarball("keycloak-m2m-machine"));
    const files = readdirSync(join(service, "node_modules"), { recursive: true, withFileTypes: true });
    const sizes = files.filter((one) => one.isFile()).map((one) => statSync(join(one.parentPath, one.name)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MOST_BYTES);
    expect(readdirSync(join(service, "node_modules"))).not.toContain("constructs");
    const shown = "process.stdout.write(typeof openMachine)";
    const common = `const { openMachine } = require("keycloak-m2m-machine"); ${shown}`;
    const module = `import { openMachine } from "keycloak-m2m-machine"; ${shown}`;
    expect((await execa("node", ["-e", common], { cwd: service })).stdout).toBe("function");
    expect((await execa("node", ["--input-type=module", "-e", module], { cwd: service })).stdout).toBe("function");
    rmSync(service, { recursive: true, force: true });
  });
});

/** The program of the package that the project has at the moment. */
function installed(...args: string[]): Promise<Result> {
  const name = readdirSync(join(project, "node_modules")).find((one) => /^cdkt[fn]-keycloak-m2m$/.test(one))!;
  return m2m(project, args, ADMINISTRATOR, join(project, "node_modules", name, "dist", "m2m.cjs"));
}

/** The CLI with what `m2m env` exports, run by the Node.js that it needs. */
async function cdktn(...args: string[]): Promise<Result> {
  const { stdout } = await installed("env", "--json");
  const node = join(project, "node_modules", "node", "bin");
  const { exitCode = -1, ...said } = await execa("npx", ["cdktn", ...args], {
    cwd: project,
    env: {
      ...ADMINISTRATOR,
      DISABLE_VERSION_CHECK: "1",
      ...JSON.parse(stdout),
      PATH: `${node}${delimiter}${process.env.PATH}`,
    },
    stdin: "ignore",
    reject: false,
  });
  return { exitCode, stdout: said.stdout, stderr: said.stderr };
}

async function compile(): Promise<string> {
  const tsc = join(project, "node_modules", ".bin", "tsc");
  return (await execa(tsc, ["-p", "."], { cwd: project, reject: false, all: true })).all;
}

function objectsOfState(): string[] {
  const state = JSON.parse(readFileSync(join(project, "terraform.terrain.tfstate"), "utf8")) as {
    resources: { mode: string; type: string; name: string; instances: { attributes: { id?: string } }[] }[];
  };
  return state.resources
    .map(({ mode, type, name, instances }) =>
      [mode, type, name, ...instances.map((one) => one.attributes.id)].join(" "),
    )
    .sort();
}

function emptyProject(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "m2m-consumer-"));
  const given = {
    "package.json": JSON.stringify({ name: "consumer", private: true }),
    "cdktf.json": JSON.stringify({ language: "typescript", app: "npx tsx main.ts" }),
    ...files,
  };
  for (const [name, text] of Object.entries(given)) writeFileSync(join(folder, name), text);
  return folder;
}

async function install(folder: string, ...packages: string[]): Promise<void> {
  await execa("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", ...packages], { cwd: folder });
}

function tarball(name: string): string {
  return join(packed, readdirSync(packed).find((file) => file.startsWith(`${name}-0`))!);
}

/** The block under a mark of a page. */
function block(text: string, name: string, language: string): string {
  const [, after] = text.split(`<!-- snippet: ${name} -->\n\`\`\`${language}\n`);
  return after!.split("\n```")[0]!;
}
