// The services in other languages: how each is built and started, with everything brought below the cache.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { bringTestGo, languagesFolder } from "../../../tools/bring/test-tools";
import { findProgram } from "../../../tools/bring/this-machine";
import { NO_PROGRESS } from "../../../tools/progress";

/** How a service is run: a command, in a folder of the examples. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly env?: Record<string, string | undefined>;
}

const CACHE = languagesFolder();
const BUILD_MS = 500_000;

/** Builds each service of a copy of `examples`. A toolchain that is missing is an error: nothing is left out. */
export const BUILDS: Readonly<Record<string, (examples: string) => Promise<Program>>> = {
  "python-pyjwt": (examples) => python(examples, "pyjwt_service.py"),
  "python-authlib": (examples) => python(examples, "authlib_service.py"),
  go,
  "java-nimbus": (examples) => maven(join(examples, "java-nimbus"), "exec:java"),
  "java-spring": (examples) => maven(join(examples, "java-spring"), "spring-boot:run"),
};

async function python(examples: string, file: string): Promise<Program> {
  const folder = join(examples, "python");
  const requirements = join(folder, "requirements.txt");
  const hash = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12);
  const venv = join(CACHE, `python-${hash}`);
  const python3 = join(venv, "bin", "python");
  if (!existsSync(join(venv, "complete"))) {
    rmSync(venv, { recursive: true, force: true });
    await build(needed("python3"), ["-m", "venv", venv], folder);
    await build(python3, ["-m", "pip", "install", "--quiet", "--requirement", requirements], folder);
    mkdirSync(join(venv, "complete"));
  }
  return { file: python3, args: [file], folder };
}

async function go(examples: string): Promise<Program> {
  const folder = join(examples, "go");
  const toolchain = await bringTestGo({ ...NO_PROGRESS, warn: console.warn });
  const own = join(CACHE, "go");
  const env = {
    GOPATH: join(own, "path"),
    GOMODCACHE: join(own, "modules"),
    GOCACHE: join(own, "build"),
    GOFLAGS: "-modcacherw",
  };
  // GOTOOLCHAIN: a Go that is older than go.mod asks for fetches that one.
  await build(toolchain.go, ["build", "-o", "service", "."], folder, { ...toolchain.env, ...env, GOTOOLCHAIN: "auto" });
  return { file: join(folder, "service"), args: [], folder };
}

async function maven(folder: string, goal: string): Promise<Program> {
  needed("javac");
  const args = ["--quiet", "--batch-mode", `-Dmaven.repo.local=${join(CACHE, "maven")}`];
  await build(needed("mvn"), [...args, "compile"], folder);
  return { file: "mvn", args: [...args, "compile", goal], folder, env: { MAVEN_OPTS: "-XX:TieredStopAtLevel=1" } };
}

async function build(file: string, args: readonly string[], cwd: string, env: Record<string, string | undefined> = {}) {
  const { failed, all } = await execa(file, args, {
    cwd,
    env,
    all: true,
    stdin: "ignore",
    reject: false,
    timeout: BUILD_MS,
  });
  if (failed) throw new Error(`${file} ${args.join(" ")} failed:\n${all}`);
}

function needed(program: string): string {
  const found = findProgram(program);
  if (found !== undefined) return found;
  throw new Error(
    `${program} is missing: the services in this language were NOT tested; \`./m2m test\` brings it on Debian, elsewhere install it`,
  );
}
