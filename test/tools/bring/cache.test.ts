import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cacheFolder, placeFile, withCacheLock, withWorkFolder } from "../../../tools/bring/cache";
import { temporaryFolder } from "../parts";

const folder = temporaryFolder();
const sha256 = (text: string) =>
  ({ algorithm: "sha256", hex: createHash("sha256").update(text).digest("hex") }) as const;

describe("the cache", () => {
  it.each([
    [{ M2M_CACHE_DIR: "/a", XDG_CACHE_HOME: "/b", HOME: "/c" }, "/a"],
    [{ XDG_CACHE_HOME: "/b", HOME: "/c" }, "/b/cdktf-keycloak-m2m"],
    [{ HOME: "/c" }, "/c/.cache/cdktf-keycloak-m2m"],
  ])("with %j is at %s", (env, expected) => {
    expect(cacheFolder(env)).toBe(expected);
  });

  it("refuses a file with another checksum than the pinned one, and leaves nothing of it", async () => {
    const from = join(folder.path, "fetched");
    writeFileSync(from, "tampered");
    const to = join(folder.path, "kept", "file");
    await expect(placeFile(from, to, { checksum: sha256("published") })).rejects.toMatchObject({
      code: "checksum-mismatch",
      message: expect.stringContaining(`${from} is not the file that this version expects`),
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

  it("loses the half-made work of a process that was killed, and of no other", async () => {
    for (const name of ["thing-999999999-0123abcd", `thing-${process.pid}-0123abcd`, "other-999999999-0123abcd"]) {
      mkdirSync(join(folder.path, "work", name), { recursive: true });
    }
    const lock = { say: () => undefined, waitMs: 5_000 };
    expect(await withCacheLock(folder.path, "thing", lock, async () => "done")).toBe("done");
    expect(readdirSync(join(folder.path, "work")).sort()).toEqual([
      "other-999999999-0123abcd",
      `thing-${process.pid}-0123abcd`,
    ]);
  });
});
