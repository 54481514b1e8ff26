import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cdktf, dockerThings, m2m, makeProject, namesOf, takeDown } from "./environment";
import { ROOT } from "./project";

const OWN = namesOf("ecosystem");

describe("the cdktf CLI alone, bare, as in the README's second way", () => {
  let folder: string;
  beforeAll(() => {
    folder = makeProject(OWN);
  });
  afterAll(async () => await takeDown(folder, OWN));

  it("deploy brings the environment up", async () => {
    const { exitCode, stdout, stderr } = await cdktf(folder, ["deploy", "--auto-approve"]);
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).toContain("token_endpoint");
    expect((await m2m(folder, ["call", "--online"])).stdout).toMatch(/^HTTP 200\ncaller: machine-a/);
  });

  it("diff shows no change, and neither does m2m diff", async () => {
    const { exitCode, stdout } = await cdktf(folder, ["diff"]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("No changes.");
    expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
  });

  it("destroy takes it down", async () => {
    const { exitCode, stderr } = await cdktf(folder, ["destroy", "--auto-approve"]);
    expect(exitCode, stderr).toBe(0);
    expect(await dockerThings(OWN)).toEqual([]);
  });
});

describe("server and realm in two stacks of one app", () => {
  let folder: string;
  beforeAll(() => {
    const text = readFileSync(join(ROOT, "docs", "constructs", "two-stacks.md"), "utf8");
    const snippet = text.split("<!-- snippet: two-stacks -->\n```ts\n")[1]!.split("\n```")[0]!;
    folder = makeProject(OWN, snippet.replace('"cdktf-keycloak-m2m"', '"./constructs"'));
  });
  afterAll(async () => await takeDown(folder, OWN));

  it("are deployed in their order, show no change, and are destroyed", async () => {
    const { exitCode, stderr } = await m2m(folder, ["up"]);
    expect(exitCode, stderr).toBe(0);
    expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
    expect((await m2m(folder, ["down", "--yes"])).exitCode).toBe(0);
    expect(await dockerThings(OWN)).toEqual([]);
  });
});
