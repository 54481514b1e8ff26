import { chmod, cp, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ToolError } from "../output";
import { withWorkFolder } from "./cache";
import { installPackages } from "./debian";
import { type BringContext, must, run } from "./run";
import { findProgram } from "./this-machine";

/** The Go that the Docker provider's own go.mod asks for. */
const MINIMUM = [1, 25, 8] as const;

const VERSION = "1.26.8";
const SUMS: Partial<Record<NodeJS.Architecture, { readonly platform: string; readonly sum: string }>> = {
  x64: { platform: "linux-amd64", sum: "h1:ZOmGe1OnfREDMIdb1Qi4G9JSuDPBLGExZMQ4nis1RXM=" },
  arm64: { platform: "linux-arm64", sum: "h1:sYL/O6MqS68ML0kjsQ36WoYIpJqkw60TxizWUYUKQMc=" },
};

export interface GoToolchain {
  /** The path of the `go` program. */
  readonly go: string;
  /** Variables to run it with: folders of its own if the toolchain is not the user's. */
  readonly env: Record<string, string | undefined>;
}

/**
 * A Go that is new enough for the Docker provider: the machine's own, or else a toolchain. Any older Go, such as Debian's,
 * fetches that as a module. It is checked against the sum pinned here and kept in `folder`.
 */
export async function bringGo(folder: string, context: BringContext): Promise<GoToolchain> {
  const own = await findGo();
  if (own?.recent) {
    return { go: own.go, env: { GOTOOLCHAIN: "local" } };
  }
  const target = SUMS[process.arch];
  if (process.platform !== "linux" || !target) {
    throw new ToolError(
      "not-supported",
      `building the Docker provider needs Go ${MINIMUM.join(".")} or newer, got: ${own?.version ?? "none"}; install it ` +
        `and try again (it is fetched for you on linux/amd64 and linux/arm64 only, this is ${process.platform}/${process.arch})`,
    );
  }
  if (!own) {
    await installPackages(["golang-go"], "Go, which builds the Docker provider, is missing", context);
  }
  const helper = own?.go ?? findProgram("go");
  if (!helper) {
    throw new ToolError("command-missing", "Go was installed, but `go` is not on PATH; add its folder and try again");
  }
  const env = {
    GOPATH: join(folder, "path"),
    GOMODCACHE: join(folder, "modules"),
    GOCACHE: join(folder, "build"),
    GOROOT: undefined,
    GOTOOLCHAIN: "local",
  };
  const toolchain = join(folder, `go${VERSION}.${target.platform}`);
  const go = join(toolchain, "bin", "go");
  if (!findProgram(go)) {
    await context.step(`Go ${VERSION}: fetching the toolchain`, () =>
      withWorkFolder(dirname(folder), "go", (work) => fetchToolchain(helper, target, work, toolchain, env)),
    );
  }
  return { go, env };
}

/** The machine's own Go and whether it can build the provider. */
export async function findGo(): Promise<{ go: string; version: string; recent: boolean } | undefined> {
  const candidates = [findProgram("go"), findProgram("/usr/local/go/bin/go")];
  let best: { go: string; version: string; recent: boolean } | undefined;
  for (const go of candidates.filter((candidate) => candidate !== undefined)) {
    const { stdout } = await run(go, ["version"], { timeoutMs: 10_000, env: { GOTOOLCHAIN: "local" } });
    const version = /\bgo(\d+\.\d+(?:\.\d+)?)/.exec(stdout)?.[1];
    if (version && (!best || (!best.recent && isRecent(version)))) {
      best = { go, version, recent: isRecent(version) };
    }
  }
  return best;
}

export function isRecent(version: string, minimum: readonly number[] = MINIMUM): boolean {
  const parts = version.split(".").map(Number);
  for (const [index, least] of minimum.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) {
      return part > least;
    }
  }
  return true;
}

async function fetchToolchain(
  go: string,
  target: { platform: string; sum: string },
  work: string,
  toolchain: string,
  env: Record<string, string | undefined>,
): Promise<void> {
  const module = `golang.org/toolchain@v0.0.1-go${VERSION}.${target.platform}`;
  const { stdout } = await must(go, ["mod", "download", "-json", "-modcacherw", module], {
    cwd: work,
    timeoutMs: 600_000,
    env: { ...env, GOWORK: "off", GOFLAGS: "" },
    failure: `Go ${VERSION} could not be fetched`,
    remedy: "Check that Go can reach its module proxy (go env GOPROXY), or install a newer Go yourself.",
    code: "download-failed",
  });
  const got = JSON.parse(stdout) as { Dir: string; Sum: string };
  if (got.Sum !== target.sum) {
    throw new ToolError("checksum-mismatch", `${module}: its sum must be ${target.sum}, got: ${got.Sum}; not used`);
  }
  const copy = join(work, "toolchain");
  await cp(got.Dir, copy, { recursive: true });
  await makeUsable(copy);
  await rm(toolchain, { recursive: true, force: true });
  await rename(copy, toolchain);
}

/** A Go module has neither executable files nor files named go.mod. Both are restored. */
async function makeUsable(root: string): Promise<void> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const runnable = [join(root, "bin"), join(root, "pkg", "tool")];
  for (const entry of entries.filter((candidate) => candidate.isFile())) {
    const file = join(entry.parentPath, entry.name);
    if (runnable.some((folder) => file.startsWith(folder))) {
      await chmod(file, 0o755);
    }
    if (entry.name === "_go.mod") {
      await rename(file, join(entry.parentPath, "go.mod"));
    }
  }
}
