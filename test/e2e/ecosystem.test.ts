import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cdktf, dockerThings, m2m, makeProject, namesOf, takeDown } from "./environment";
import { ROOT } from "./project";

const OWN = namesOf("ecosystem");

/** A program of a construct's page, as it is in this checkout. */
function programOf(page: string, name: string): string {
  const text = readFileSync(join(ROOT, "docs", "constructs", page), "utf8");
  const snippet = text.split(`<!-- snippet: ${name} -->\n\`\`\`ts\n`)[1]!.split("\n```")[0]!;
  return snippet
    .replace('"cdktf-keycloak-m2m"', '"./constructs"')
    .replace("cdktf-keycloak-m2m/bindings/", "./.gen/providers/keycloak/");
}

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
    folder = makeProject(OWN, programOf("two-stacks.md", "two-stacks"));
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

describe("a realm of the user's own resource", () => {
  let folder: string;
  beforeAll(() => {
    folder = makeProject(OWN, programOf("realm.md", "own-realm"));
  });
  afterAll(async () => await takeDown(folder, OWN));

  it("gets its client in one deploy, and a later plan is empty", async () => {
    const { exitCode, stderr } = await m2m(folder, ["up"]);
    expect(exitCode, stderr).toBe(0);
    const diff = await m2m(folder, ["diff"]);
    expect(diff.exitCode, diff.stdout).toBe(0);
    expect((await m2m(folder, ["who-can", "--live"])).stdout).toContain("shop");
    const down = await m2m(folder, ["down", "--yes"]);
    expect(down.exitCode, down.stderr).toBe(0);
    expect(await dockerThings(OWN)).toEqual([]);
  });
});
