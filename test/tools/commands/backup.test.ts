import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { runCommand } from "../../../tools/cli/run";
import { COMMANDS } from "../../../tools/commands";
import { projectIn, recordOutput, stackOf, temporaryFolder, writeManifest } from "../parts";

const folder = temporaryFolder();
const here = process.cwd();
afterEach(() => {
  process.chdir(here);
  vi.unstubAllEnvs();
});

const run = (...args: string[]) =>
  runCommand([...args, "-C", folder.path], COMMANDS, recordOutput(), new AbortController().signal);

function project(resource?: object): void {
  writeFileSync(join(folder.path, "cdktf.json"), '{"app": "false"}');
  if (resource) writeManifest(projectIn(folder.path), [stackOf({})]);
}

describe("backup", () => {
  it("needs a synthesis, and a database in it", async () => {
    project();
    await expect(run("backup", "b.dump")).rejects.toMatchObject({
      code: "not-deployed",
      message: "nothing was synthesized here; run `m2m up` first",
    });
    project({});
    await expect(run("backup", "b.dump")).rejects.toMatchObject({ code: "no-database" });
  });

  it("needs a file", async () => {
    project();
    await expect(run("backup")).rejects.toMatchObject({ code: "usage" });
  });
});
