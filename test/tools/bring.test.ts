import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { cacheFolder, placeFile, withLock, withWorkFolder, writeAtomically } from "../../tools/bring/cache";
import { debianRelease, installPackages } from "../../tools/bring/debian";
import { bringKeycloakDistribution } from "../../tools/bring/keycloak-distribution";
import { findTerraform } from "../../tools/bring/terraform";
import { fakeProgram, recordOutput, temporaryFolder } from "./parts";

const folder = temporaryFolder();
const sha256 = (text: string) =>
  ({ algorithm: "sha256", hex: createHash("sha256").update(text).digest("hex") }) as const;
const lockFile = () => join(folder.path, "locks", "thing.lock");
const locked = <T>(work: () => Promise<T>, waitMs = 5_000) =>
  withLock(folder.path, "thing", { say: () => undefined, waitMs }, work);

afterEach(() => void vi.unstubAllEnvs());

describe("the cache", () => {
  it.each([
    [{ M2M_CACHE_DIR: "/a", XDG_CACHE_HOME: "/b", HOME: "/c" }, "/a"],
    [{ XDG_CACHE_HOME: "/b", HOME: "/c" }, "/b/cdktf-keycloak-m2m"],
    [{ HOME: "/c" }, "/c/.cache/cdktf-keycloak-m2m"],
  ])("with %j is at %s", (env, expected) => {
    expect(cacheFolder(env)).toBe(expected);
  });

  it("holds whole files only, with the mode that was asked for", async () => {
    const file = join(folder.path, "sub", "file");
    await writeAtomically(file, "text", 0o600);
    expect(readFileSync(file, "utf8")).toBe("text");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder.path, "sub"))).toEqual(["file"]);
  });

  it("takes no file with another checksum than the pinned one, and leaves nothing of it", async () => {
    const from = join(folder.path, "fetched");
    writeFileSync(from, "tampered");
    const to = join(folder.path, "kept", "file");
    await expect(placeFile(from, to, { checksum: sha256("published") })).rejects.toMatchObject({
      code: "checksum-mismatch",
      message: expect.stringContaining(`${from} is not the file this version expects`),
    });
    expect(readdirSync(join(folder.path, "kept"))).toEqual([]);
    await placeFile(from, to, { checksum: sha256("tampered"), mode: 0o755 });
    expect(statSync(to).mode & 0o777).toBe(0o755);
  });

  it("removes a work folder after success and failure", async () => {
    await expect(withWorkFolder(folder.path, "x", async () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await withWorkFolder(folder.path, "x", async (work) => existsSync(work))).toBe(true);
    expect(readdirSync(join(folder.path, "work"))).toEqual([]);
  });
});

describe("a lock", () => {
  it("lets one work at a time", async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await sleep(50);
      inside--;
    };
    await Promise.all([locked(work), locked(work), locked(work)]);
    expect(most).toBe(1);
    expect(existsSync(lockFile())).toBe(false);
  });

  it.each([
    ["ten seconds ago", -10],
    ["in an hour, by a clock that was set back", 3600],
  ])("of a process that has gone, held %s, is taken over, and its half-made work removed", async (_, seconds) => {
    mkdirSync(join(folder.path, "locks"));
    writeFileSync(lockFile(), "999999999\n");
    const held = Date.now() / 1000 + seconds;
    utimesSync(lockFile(), held, held);
    mkdirSync(join(folder.path, "work", "thing-999999999-0123abcd"), { recursive: true });
    expect(await locked(async () => "done")).toBe("done");
    expect(readdirSync(join(folder.path, "work"))).toEqual([]);
  });

  it("that another process holds is waited for, but not for ever", async () => {
    mkdirSync(join(folder.path, "locks"));
    writeFileSync(lockFile(), `${process.pid}\n`);
    await expect(locked(async () => "done", 100)).rejects.toMatchObject({
      code: "lock-timeout",
      message: expect.stringContaining(lockFile()),
    });
    expect(existsSync(lockFile())).toBe(true);
  });
});

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

  it("gets no package installed without root: the command is printed in place of it", async () => {
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

describe("Keycloak's distribution", () => {
  it("in the user's Maven repository is not used when it is not the published one", async () => {
    vi.stubEnv("HOME", folder.path);
    const version = "26.4.7";
    const repository = join(folder.path, ".m2/repository/org/keycloak/keycloak-quarkus-dist", version);
    mkdirSync(repository, { recursive: true });
    writeFileSync(join(repository, `keycloak-quarkus-dist-${version}.tar.gz`), "tampered");
    const mvn = fakeProgram(folder.path, "mvn", "echo 'no network' >&2; exit 1");
    vi.stubEnv("PATH", `${join(mvn.path, "..")}:${process.env.PATH}`);
    const out = recordOutput();
    await expect(bringKeycloakDistribution(folder.path, version, out)).rejects.toMatchObject({
      code: "download-failed",
    });
    expect(out.said.join("\n")).toContain("is not the Keycloak 26.4.7 that was published");
    expect(readdirSync(join(folder.path, "downloads"))).toEqual([]);
  });
});

describe("Terraform", () => {
  it.each([
    ["Terraform v1.4.6", "terraform-too-old", "must be version 1.5 or newer, got: 1.4.6"],
    ["Something else", "terraform-missing", "does not answer as Terraform or OpenTofu does"],
  ])("that says %j is refused", async (answer, code, message) => {
    const program = fakeProgram(folder.path, "terraform", `echo '${answer}'`);
    const attempt = findTerraform({ PATH: `${join(program.path, "..")}:${process.env.PATH}` });
    await expect(attempt).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it("may be OpenTofu, by name", async () => {
    const program = fakeProgram(folder.path, "tofu", "echo 'OpenTofu v1.9.0'");
    const env = { PATH: `${join(program.path, "..")}:${process.env.PATH}`, TERRAFORM_BINARY_NAME: "tofu" };
    expect(await findTerraform(env)).toEqual({ binary: "tofu", version: "1.9.0", product: "OpenTofu" });
  });
});
