import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { addresses, openProject, readStacks } from "../../../tools/project/project";
import { projectIn, stackOf, temporaryFolder } from "../parts";

const folder = temporaryFolder();

function writeJson(path: string, content: unknown): void {
  const file = join(folder.path, path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, JSON.stringify(content));
}

describe("openProject", () => {
  it("reads cdktf.json of the folder or of one above it", () => {
    writeJson("cdktf.json", { app: "npx tsx main.ts", output: "out", context: { "m2m:keycloakPort": 1 } });
    mkdirSync(join(folder.path, "deep/down"), { recursive: true });
    const expected = {
      folder: folder.path,
      app: "npx tsx main.ts",
      outdir: join(folder.path, "out"),
      context: { "m2m:keycloakPort": 1 },
    };
    expect(openProject(folder.path)).toEqual(expected);
    expect(openProject(join(folder.path, "deep/down"))).toEqual(expected);
  });

  it("writes to cdktf.out where cdktf.json does not say", () => {
    writeJson("cdktf.json", { app: "x" });
    expect(openProject(folder.path)).toMatchObject({ outdir: join(folder.path, "cdktf.out"), context: {} });
  });

  it.each([
    ['{ "app": ', "must be JSON, got: "],
    ["{}", 'must name the program that synthesizes, as in "app": "npx tsx main.ts", got: undefined'],
    ["null", "got: undefined"],
    ['{ "app": ["npx"] }', 'got: ["npx"]'],
    ['{ "app": " " }', 'got: " "'],
  ])("fails on %j, and names the file", (text, problem) => {
    writeFileSync(join(folder.path, "cdktf.json"), text);
    expect(() => openProject(folder.path)).toThrow(
      expect.objectContaining({
        code: "project-invalid",
        message: expect.stringMatching(/^\S+\/cdktf\.json must /),
      }),
    );
    expect(() => openProject(folder.path)).toThrow(problem);
  });

  it("fails outside a project", () => {
    expect(() => openProject(folder.path)).toThrow(
      expect.objectContaining({
        code: "no-project",
        message: `no cdktf.json in ${folder.path} or above it; change into a CDK for Terraform project`,
      }),
    );
  });
});

describe("readStacks", () => {
  function manifest(stacks: Record<string, string[]>): void {
    const entries = Object.entries(stacks).map(([name, dependencies]) => {
      writeJson(`cdktf.out/stacks/${name}/cdk.tf.json`, { terraform: {}, resource: { t: { [name]: {} } } });
      return [
        name,
        {
          name,
          synthesizedStackPath: `stacks/${name}/cdk.tf.json`,
          workingDirectory: `stacks/${name}`,
          annotations: [{ level: "@cdktf/warn", constructPath: `${name}/X`, message: "careful" }],
          dependencies,
        },
      ];
    });
    writeJson("cdktf.out/manifest.json", { version: "0.21.0", stacks: Object.fromEntries(entries) });
  }
  const names = () => readStacks(projectIn(folder.path)).map(({ name }) => name);

  it("gives a stack after those it depends on, whatever the manifest's order", () => {
    manifest({ team: ["identities"], identities: ["platform"], other: [], platform: [] });
    expect(names()).toEqual(["platform", "identities", "team", "other"]);
  });

  it("gives a stack that two others need once", () => {
    manifest({ a: ["base"], b: ["base", "a"], base: [] });
    expect(names()).toEqual(["base", "a", "b"]);
  });

  it("reads folder, JSON and warnings of each", () => {
    manifest({ m2m: [] });
    expect(readStacks(projectIn(folder.path))).toEqual([
      {
        name: "m2m",
        folder: join(folder.path, "cdktf.out/stacks/m2m"),
        json: { terraform: {}, resource: { t: { m2m: {} } } },
        remarks: ["warning: [m2m/X] careful"],
      },
    ]);
  });

  it("is empty before the first synthesis", () => {
    expect(names()).toEqual([]);
  });
});

describe("addresses", () => {
  it("are those of resources whose type starts with the prefix", () => {
    const stack = stackOf({ docker_network: { n: {} }, docker_container: { a: {}, b: {} }, keycloak_realm: { r: {} } });
    expect(addresses(stack, "docker_")).toEqual(["docker_network.n", "docker_container.a", "docker_container.b"]);
    expect(addresses(stackOf(undefined), "docker_")).toEqual([]);
  });
});
