import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { localImage } from "../../constructs/contract/docker-names";
import { docker, m2m, makeProject, namesOf, takeDown } from "./environment";
import { goldenConfiguration } from "./provider/golden";
import { serverOf } from "./provider/server";
import { Workspace } from "./provider/workspace";

const OWN = namesOf("newest");

describe("Keycloak 26.7.2, where introspection demands the audience", () => {
  let folder: string;
  beforeAll(async () => {
    // No other test uses it: `up` has to make it, as on a machine that has no image yet.
    await docker("rmi", "--force", localImage("keycloak", "26.7.2")).catch(() => undefined);
    folder = makeProject(OWN, undefined, { settles: true });
  });
  afterAll(async () => await takeDown(folder, OWN));

  it("serves both clients, offline and online, and shows no change", async () => {
    const { exitCode, stderr } = await m2m(folder, ["up"], { M2M_KEYCLOAK_VERSION: "26.7.2" });
    expect(exitCode, stderr).toBe(0);
    for (const options of [[], ["--online"], ["--bash"], ["--bash", "--online"]]) {
      expect((await m2m(folder, ["call", ...options])).stdout).toMatch(/^HTTP 200\ncaller: machine-a/);
    }
    expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
  });

  it("supports every resource and data source of the embedded provider, and shows no change", async () => {
    const workspace = new Workspace(await serverOf(OWN, folder));
    await workspace.write(goldenConfiguration());
    const { exitCode, output } = await workspace.apply();
    expect(exitCode, output).toBe(0);
    expect(await workspace.plan()).toEqual([]);
    expect((await workspace.destroy()).exitCode).toBe(0);
    workspace.remove();
  });
});
