import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { debianRelease, installPackages } from "../../../tools/bring/debian";
import { recordOutput, temporaryFolder } from "../parts";

const folder = temporaryFolder();

describe("Debian", () => {
  it.each([
    ["ID=debian\nVERSION_CODENAME=bookworm\n", "openjdk-17-jre-headless"],
    ['ID="debian"\nVERSION_CODENAME="trixie"\n', "openjdk-21-jre-headless"],
    ["ID=ubuntu\nVERSION_CODENAME=bookworm\n", undefined],
    ["ID=debian\nVERSION_CODENAME=bullseye\n", undefined],
  ])("is known by %j", (text, javaPackage) => {
    const file = join(folder.path, "os-release");
    writeFileSync(file, text);
    expect(debianRelease(file)?.javaPackage).toBe(javaPackage);
    expect(debianRelease(join(folder.path, "none"))).toBeUndefined();
  });

  it("installs no package without root: the error has the command", async () => {
    vi.spyOn(process, "getuid").mockReturnValue(1000);
    const out = recordOutput();
    const attempt = installPackages(["docker.io"], "Docker is missing", out);
    await expect(attempt).rejects.toThrow(
      debianRelease() ? "sudo sh -c 'apt-get update && apt-get install" : "install what Debian calls docker.io",
    );
    expect(out.warned).toEqual([]);
    vi.restoreAllMocks();
  });
});
