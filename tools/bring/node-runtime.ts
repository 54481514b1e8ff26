import { existsSync } from "node:fs";
import { join } from "node:path";
import { MACHINE_NODE } from "../../constructs/contract/sources";
import { ToolError } from "../output";
import { placeFile, withCacheLock, withWorkFolder } from "./cache";
import { installPackages } from "./debian";
import { type BringContext, must, run } from "./run";

/** A version of Node.js, and npm's `integrity` of the packages that hold its program. */
interface Runtime {
  readonly version: string;
  readonly x64: string;
  readonly arm64: string;
}

/** The lines of Node.js that this package runs on: one version of each. */
const RUNTIMES = {
  "20": {
    version: "20.19.6",
    x64: "nSaDjLjUZdsLMDckfinsQl+hvKifYUuzO7swyacVzrKAIi0ByaORSE1DpaRTjxfCq3mETV/3uTlKXStzd2nJWQ==",
    arm64: "T28TZKZJ9yyf/ZZI1hVnzkvD3HhVrVe8O/5oSNO2WtlYVshqJrWuGnOOOk/7R3xF7psP2aVzHnbtQ1Q5UeWKmA==",
  },
  "22": {
    version: "22.23.5",
    x64: "3jhC+wcoWxKZxcRqF2sUSl0c9HEXFnur/nuIPx6O6CWKV0jOUWQm7Htw5SuXqqlMCEhi0cJqybFPEb5hhcBiMw==",
    arm64: "e1LOUGKVruPGuLVutn8+Cgm5pI1APm4Kvh+zbb/qe/ZpD9s+TQby5iUgZOWmPpbSKpj0Td8DP1N0NEnXasHizg==",
  },
  "24": {
    version: "24.22.3",
    x64: "KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==",
    arm64: "IZx0J52/1NDwAsY2iyWR9nlPIYuYviTWetjj8+ElvYQh2+XRhLfCfkbFEF/2O5vGI2hcUbyPNHV+nz342FbJXw==",
  },
  [MACHINE_NODE]: {
    version: "26.10.0",
    x64: "OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==",
    arm64: "idArV/cmqW9M9ODyGlbOIiyxFourDh1mJB0SdKCdMbSZjjef9CLEN3o1/eE4yf+B0+5BD+F74MpTTHiB3XXTBQ==",
  },
} as const satisfies Readonly<Record<string, Runtime>>;

/** The major version, which is what a line of Node.js is called by. */
export type NodeLine = keyof typeof RUNTIMES;

/** All of them, the oldest first. */
export const NODE_LINES = Object.keys(RUNTIMES) as readonly NodeLine[];

/** The version of a line that is brought. */
export function nodeVersion(line: NodeLine): string {
  return RUNTIMES[line].version;
}

/**
 * The program `node` of a line, whichever one runs here. npm has it as a package, which is checked against the sum pinned
 * above and kept in the cache. Gives its path.
 */
export async function bringNode(cache: string, line: NodeLine, context: BringContext): Promise<string> {
  const { version, ...sums } = RUNTIMES[line];
  const program = join(cache, "node", version, "node");
  if (existsSync(program)) return program;
  const sum = process.platform === "linux" && (sums as Partial<Record<NodeJS.Architecture, string>>)[process.arch];
  if (!sum) {
    throw new ToolError(
      "not-supported",
      `Node.js ${version} is fetched on linux/x64 and linux/arm64 only, got: ${process.platform}/${process.arch}`,
    );
  }
  return await withCacheLock(cache, `node-${version}`, { say: context.say, waitMs: 600_000 }, async () => {
    if (existsSync(program)) return program;
    await context.step(`Node.js ${version}: fetching it (60 MB)`, () =>
      withWorkFolder(cache, `node-${version}`, (work) => fetchNode(version, sum, work, program, context)),
    );
    return program;
  });
}

async function fetchNode(
  version: string,
  sum: string,
  work: string,
  program: string,
  context: BringContext,
): Promise<void> {
  const name = `node-linux-${process.arch}`;
  await must("npm", ["pack", "--silent", `${name}@${version}`], {
    cwd: work,
    timeoutMs: 600_000,
    failure: `Node.js ${version} could not be fetched`,
    remedy: "Check that npm can reach its registry (npm config get registry).",
    code: "download-failed",
  });
  const checked = join(work, "checked.tgz");
  const hex = Buffer.from(sum, "base64").toString("hex");
  await placeFile(join(work, `${name}-${version}.tgz`), checked, { checksum: { algorithm: "sha512", hex } });
  await must("tar", ["-xzf", checked, "-C", work, "package/bin/node"], {
    timeoutMs: 120_000,
    failure: `${name}@${version} could not be unpacked`,
    code: "build-failed",
  });
  const unpacked = join(work, "package", "bin", "node");
  const { stdout } = await run("ldd", [unpacked], { timeoutMs: 10_000 });
  if (/libatomic\.so\.1 => not found/.test(stdout)) {
    await installPackages(["libatomic1"], `Node.js ${version} needs a library`, context);
  }
  await placeFile(unpacked, program, { mode: 0o755 });
}
