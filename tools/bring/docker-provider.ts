import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { DOCKER } from "../../constructs/contract/sources";
import { ToolError } from "../output";
import { placeFile, withCacheLock, withWorkFolder } from "./cache";
import { bringGo } from "./go-toolchain";
import { type BringContext, must } from "./run";

/**
 * The pinned commit of 2026-09-16 on the 4.6 line, later than release 4.6.0. The date as the last part tells it from every
 * release, whose checksums a lock file may hold. It fits the `>= 4.6, < 5` of the constructs.
 */
export const DOCKER_PROVIDER_VERSION = "4.6.20260916";

/** The name of the module in its own go.mod. The go.mod beside this file says where it really comes from. */
const PACKAGE = "github.com/terraform-providers/terraform-provider-docker";

/** The folder with the committed go.mod and go.sum, which pin every module the provider is made of. */
const MODULE_FOLDER = join(__dirname, "docker-provider");

/** This machine in Terraform's terms, as in `linux_amd64`. */
export function terraformPlatform(): string {
  const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: "amd64", arm64: "arm64" };
  const architecture = architectures[process.arch];
  if (!architecture || (process.platform !== "linux" && process.platform !== "darwin")) {
    throw new ToolError(
      "not-supported",
      `providers can be built on Linux and macOS on amd64 and arm64 only, got: ${process.platform}/${process.arch}; ` +
        "use the provider of the Terraform registry",
    );
  }
  return `${process.platform}_${architecture}`;
}

/** The filesystem mirror that holds the built provider. */
export function dockerProviderMirror(cache: string): string {
  return join(cache, "mirror");
}

export function dockerProviderFile(cache: string): string {
  return join(
    dockerProviderMirror(cache),
    DOCKER.source,
    DOCKER_PROVIDER_VERSION,
    terraformPlatform(),
    `terraform-provider-docker_v${DOCKER_PROVIDER_VERSION}`,
  );
}

/** Builds the real Docker provider from the Go module proxy into the mirror, unless it is there. */
export async function bringDockerProvider(cache: string, context: BringContext): Promise<void> {
  const file = dockerProviderFile(cache);
  if (existsSync(file)) {
    return;
  }
  await withCacheLock(cache, "docker-provider", { say: context.say, waitMs: 1_200_000 }, async () => {
    if (existsSync(file)) {
      return;
    }
    const goFolder = join(cache, "go");
    const { go, env } = await bringGo(goFolder, context);
    await context.step("Docker provider: fetching its modules and building it (some minutes)", () =>
      withWorkFolder(cache, "docker-provider", async (work) => {
        const binary = join(work, "provider");
        await must(
          go,
          [
            "build",
            "-mod=readonly",
            "-modcacherw",
            "-trimpath",
            "-buildvcs=false",
            `-ldflags=-s -w -X main.version=${DOCKER_PROVIDER_VERSION}`,
            "-o",
            binary,
            PACKAGE,
          ],
          {
            cwd: MODULE_FOLDER,
            timeoutMs: 1_200_000,
            env: { ...env, CGO_ENABLED: "0", GOWORK: "off", GOOS: undefined, GOARCH: undefined },
            failure: "The Docker provider could not be built",
            remedy:
              "Check that Go can reach its module proxy (go env GOPROXY) and try again: what was fetched is kept.",
            code: "build-failed",
          },
        );
        await placeFile(binary, file, { mode: 0o755 });
      }),
    );
    await rm(goFolder, { recursive: true, force: true });
  });
}
