// The library for services as somebody else's project loads it: by Node.js, bundlers, test runners and compilers.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeLibrary } from "../../scripts/bundle";
import { ROOT } from "../docs/pages";

const NAME = "cdktf-keycloak-m2m/machine";
const BIN = join(ROOT, "node_modules", ".bin");
/** Talks over a socket and fails, so that the parts of the library that are not our own code are loaded too. */
const CHECK = `
async function check() {
  const server = createServer((_request, response) => response.end("here")).listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const { fetch, close } = openConnections("api.test:80=127.0.0.1:" + server.address().port);
  const text = await (await fetch("http://api.test/")).text();
  await close();
  server.close();
  try {
    openIssuer({ issuer: "http://issuer.test" });
  } catch (error) {
    return [text, error instanceof OptionError, error.code, typeof createVerifier].join(" ");
  }
}
`;
const CHECKED = "here true ERR_OPTION function";
const NAMES = "{ createVerifier, openConnections, openIssuer, OptionError }";
const MODULE = `import { createServer } from "node:http";\nimport ${NAMES} from "${NAME}";\n${CHECK}`;
const COMMON = `const { createServer } = require("node:http");\nconst ${NAMES} = require("${NAME}");\n${CHECK}`;
const PRINTS = "check().then((text) => console.log(text));\n";

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "m2m-library-"));
  const installed = join(folder, "node_modules", "cdktf-keycloak-m2m");
  await makeLibrary(join(installed, "dist"));
  copyFileSync(join(ROOT, "package.json"), join(installed, "package.json"));
  const types = ["-p", join(ROOT, "tsconfig.machine.json"), "--outDir", join(installed, "dist")];
  await execa(join(BIN, "tsc"), types, { cwd: ROOT });
  for (const name of ["jose", "oauth4webapi", "undici", "@types"]) {
    symlinkSync(join(ROOT, "node_modules", name), join(folder, "node_modules", name));
  }
  write("module.mjs", MODULE + PRINTS);
  write("common.cjs", COMMON + PRINTS);
  write("package.json", "{}");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  mkdirSync(join(folder, name, ".."), { recursive: true });
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}
/** Runs a program in the consumer's project; a failure shows all that it said. */
async function run(program: string, ...args: string[]): Promise<string> {
  const env = { NODE_ENV: undefined, VITEST: undefined, NODE_OPTIONS: undefined };
  const { all, exitCode } = await execa(program, args, { cwd: folder, reject: false, all: true, env });
  expect(exitCode, all).toBe(0);
  return all.trim();
}

describe("the library for services", { timeout: 240_000 }, () => {
  it.each(["module.mjs", "common.cjs"])("runs in Node.js: %s", async (file) => {
    expect(await run("node", file)).toBe(CHECKED);
  });

  it.each([
    ["esm", "module.mjs", false],
    ["esm", "module.mjs", true],
    ["cjs", "module.mjs", false],
    ["cjs", "common.cjs", true],
  ] as const)("runs in a bundle of esbuild: --format=%s of %s, minified: %s", async (format, entry, minify) => {
    const outfile = join(folder, "out", `${entry}.${minify}.${format === "esm" ? "mjs" : "cjs"}`);
    const options = { bundle: true, platform: "node", format, minify, outfile } as const;
    await build({ entryPoints: [join(folder, entry)], logLevel: "silent", ...options });
    expect(await run("node", outfile)).toBe(CHECKED);
  });

  it.each([true, false])(
    "runs in a bundle of Vite and its bundler, with dependencies inside: %s",
    async (noExternal) => {
      const settings = { ssr: { noExternal: noExternal || undefined }, build: { ssr: "module.mjs", outDir: "vite" } };
      write("vite.config.mjs", `export default ${JSON.stringify(settings)};`);
      await run(join(BIN, "vite"), "build", "--logLevel", "warn");
      expect(await run("node", join("vite", "module.mjs"))).toBe(CHECKED);
    },
  );

  it("runs in Jest", async () => {
    write("jest/machine.test.cjs", `${COMMON}test("runs", async () => expect(await check()).toBe("${CHECKED}"));`);
    const settings = { rootDir: folder, testMatch: ["**/jest/*.test.cjs"], transform: {}, watchman: false };
    expect(await run(join(BIN, "jest"), "--config", JSON.stringify(settings))).toContain("1 passed");
  });

  it("runs in Vitest", async () => {
    const test = `import { expect, test } from ${JSON.stringify(join(ROOT, "node_modules/vitest/dist/index.js"))};\n`;
    write(
      "vitest/machine.test.mjs",
      `${test}${MODULE}test("runs", async () => expect(await check()).toBe("${CHECKED}"));`,
    );
    write("vitest.config.mjs", "export default { test: { include: ['vitest/*.test.mjs'] } };");
    expect(await run(join(BIN, "vitest"), "run", "--root", folder)).toContain("1 passed");
  });

  it.each([
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ])("has types for tsc: --module %s --moduleResolution %s", async (module, moduleResolution) => {
    const typed = `
      import { createVerifier, type Issuer, MachineError, type VerifiedToken } from "${NAME}";
      export const judge = async (issuer: Issuer, token: string): Promise<VerifiedToken> => {
        const verified = await createVerifier(issuer, { audience: "machine-b" })(token);
        // @ts-expect-error a caller is text
        const wrong: number = verified.caller;
        return verified;
      };
      export const codeOf = (error: unknown): string => (error instanceof MachineError ? error.code : String(error));
    `;
    const files = [write("types.mts", typed), write("types.cts", typed)];
    const compilerOptions = { module, moduleResolution, target: "es2023", strict: true, noEmit: true, types: ["node"] };
    write("tsconfig.json", JSON.stringify({ compilerOptions: { ...compilerOptions, skipLibCheck: true }, files }));
    expect(await run(join(BIN, "tsc"), "-p", "tsconfig.json")).toBe("");
  });
});
