import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { namesOf, ROOT } from "../environment";
import { type Server, startKeycloak } from "./server";
import { Workspace } from "./workspace";

let server: Server;
beforeAll(async () => {
  server = await startKeycloak(namesOf("provider"));
});
afterAll(() => server.stop());

const fixture = (name: string) => JSON.parse(readFileSync(join(ROOT, "test", "fixtures", "provider", name), "utf8"));

describe("the official provider's configuration", () => {
  it("is served", async () => {
    const workspace = new Workspace(server);
    await workspace.write(fixture("golden.tf.json"));
    const { exitCode, output } = await workspace.apply();
    expect(exitCode, output).toBe(0);
    expect(await workspace.plan()).toEqual([]);
    workspace.remove();
  });
});
