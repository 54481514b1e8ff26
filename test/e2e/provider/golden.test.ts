import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectGolden, goldenConfiguration, importIds, officialStateOf } from "./golden";
import { type Json, type Server, sharedServer } from "./server";
import { Workspace } from "./workspace";

let server: Server;
let workspace: Workspace;
beforeAll(async () => {
  server = await sharedServer();
  workspace = new Workspace(server);
  await workspace.write(goldenConfiguration());
  const { exitCode, output } = await workspace.apply();
  expect(exitCode, output).toBe(0);
});
afterAll(() => workspace.remove());

const stateFile = () => join(workspace.folder, "terraform.tfstate");

describe("the official provider's configuration", () => {
  it("gives the state that the official provider gave, but for what is generated", () => {
    expectGolden(workspace.state());
  });

  it("is followed by an empty plan", async () => {
    expect(await workspace.plan()).toEqual([]);
  });
});

describe("the official provider's state", () => {
  it.each([
    ["as it is", (resource: Json) => resource],
    ["of schema version 0", asVersion0],
  ])("%s is taken over without a change", async (_, change) => {
    const ours = readFileSync(stateFile(), "utf8");
    const official = officialStateOf(workspace.state());
    writeFileSync(stateFile(), JSON.stringify({ ...official, resources: official.resources.map(change) }));
    try {
      expect(await workspace.plan()).toEqual([]);
      expect((await workspace.run("apply", "-refresh-only", "-auto-approve")).exitCode).toBe(0);
      // The generated secrets of clients that sign are gone from the state, and nothing else is.
      expectGolden(workspace.state(), "managed");
      expect(readFileSync(stateFile(), "utf8")).not.toContain("<generated>");
    } finally {
      writeFileSync(stateFile(), ours);
    }
  });
});

describe("import", () => {
  it("of every resource into a fresh state is followed by an empty plan", async () => {
    const ids = importIds(workspace.state());
    const fresh = new Workspace(server);
    const blocks = [...ids].map(([to, id]) => ({ to, id }));
    await fresh.write({ ...goldenConfiguration(), import: blocks });
    expect(await fresh.plan()).toEqual([]);
    const imported = await fresh.apply();
    expect(imported.output.split("\n").slice(-3).join("\n")).toContain(
      `${ids.size} imported, 0 added, 0 changed, 0 destroyed`,
    );
    expect(await fresh.plan()).toEqual([]);
    fresh.remove();
  });

  it("with a configuration that Terraform writes by itself changes nothing", async () => {
    const ids = importIds(workspace.state());
    const fresh = new Workspace(server);
    await fresh.write({ import: [...ids].map(([to, id]) => ({ to, id })) });
    const { exitCode, output } = await fresh.run("plan", "-input=false", "-generate-config-out=generated.tf");
    expect(exitCode, output).toBe(0);
    expect(output).toContain(`Plan: ${ids.size} to import, 0 to add, 0 to change, 0 to destroy.`);
    fresh.remove();
  });
});

describe("destroy", () => {
  it("leaves nothing", async () => {
    const { exitCode, output } = await workspace.destroy();
    expect(exitCode, output).toBe(0);
    for (const realm of ["golden-minimal", "golden-full"]) {
      await expect(server.admin("GET", `/${realm}`)).rejects.toThrow("HTTP 404");
    }
    rmSync(stateFile(), { force: true });
  });
});

/** Before version 1 the version of a write-only secret was a number. */
function asVersion0(resource: Json): Json {
  if (resource.mode !== "managed" || resource.type !== "keycloak_openid_client") return resource;
  const instances = resource.instances.map(({ attributes }: Json) => ({ schema_version: 0, attributes }));
  return { ...resource, instances };
}
