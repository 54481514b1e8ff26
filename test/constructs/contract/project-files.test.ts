import { mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  findProjectFolder,
  projectFolder,
  stackOfStateFile,
  stateFileName,
} from "../../../constructs/contract/project-files";
import { inTemporaryProject } from "../project";

inTemporaryProject();

describe("the project's folder", () => {
  it("is that of the nearest cdktf.json, from wherever below it", () => {
    const folder = realpathSync(process.cwd());
    mkdirSync("deep/down", { recursive: true });
    expect(findProjectFolder("deep/down")).toBe(folder);
    process.chdir("deep/down");
    expect(projectFolder()).toBe(folder);
  });

  it("is the working folder where there is no cdktf.json", () => {
    process.chdir("/");
    expect(findProjectFolder("/")).toBeUndefined();
    expect(projectFolder()).toBe("/");
  });
});

describe("a state file", () => {
  it.each(["m2m", "with.dot", "a-b"])("of stack %s is known by its name", (stack) => {
    expect(stackOfStateFile(stateFileName(stack))).toBe(stack);
  });

  it.each(["terraform.tfstate", "terraform.m2m.tfstate.backup", ".terraform.m2m.tfstate.lock.info", join("a", "b")])(
    "is not %s",
    (name) => expect(stackOfStateFile(name)).toBeUndefined(),
  );
});
