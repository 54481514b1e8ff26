import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MACHINE_NODE } from "../../../constructs/contract/sources";
import { bringNode, NODE_LINES, nodeVersion } from "../../../tools/bring/node-runtime";
import { fakeProgram, recordOutput } from "../parts";

let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "m2m-node-"));
});
afterEach(() => {
  rmSync(cache, { recursive: true });
  vi.unstubAllEnvs();
});

describe("Node.js", () => {
  it("is known by its lines, of which machines run the newest", () => {
    expect(NODE_LINES).toEqual(["20", "22", "24", "26"]);
    expect(MACHINE_NODE).toBe("26");
    for (const line of NODE_LINES) expect(nodeVersion(line).split(".")[0]).toBe(line);
  });

  it("of the cache is taken as it is", async () => {
    const folder = join(cache, "node", nodeVersion("24"));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "node"), "");
    vi.stubEnv("PATH", "/nowhere");
    expect(await bringNode(cache, "24", recordOutput())).toBe(join(folder, "node"));
  });

  it("is not used if it is not the package that is expected, and nothing of it stays", async () => {
    const programs = join(cache, "programs");
    mkdirSync(programs);
    fakeProgram(programs, "npm", `echo other > node-linux-${process.arch}-${nodeVersion("24")}.tgz`);
    vi.stubEnv("PATH", `${programs}:/usr/bin:/bin`);
    await expect(bringNode(cache, "24", recordOutput())).rejects.toMatchObject({ code: "checksum-mismatch" });
    expect(existsSync(join(cache, "node"))).toBe(false);
    expect(readdirSync(join(cache, "work"))).toEqual([]);
  });

  it("that cannot be fetched is an error with npm's own words and what to do", async () => {
    const programs = join(cache, "programs");
    mkdirSync(programs);
    fakeProgram(programs, "npm", "echo no network >&2; exit 1");
    vi.stubEnv("PATH", `${programs}:/usr/bin:/bin`);
    const error = await bringNode(cache, "24", recordOutput()).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: "download-failed" });
    expect((error as Error).message).toMatch(/could not be fetched[\s\S]*no network[\s\S]*npm config get registry/);
  });
});
