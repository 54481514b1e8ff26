import { rmSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { KeyUse } from "../../../tools/keys/live-use";
import { keysProject } from "./keys-project";
import { events } from "./login-events";

vi.mock("../../../tools/keys/live-use", () => import("./login-events.js"));

const project = keysProject();
const { kids, short, states } = project;
afterEach(() => {
  events.uses = undefined;
  events.silent = undefined;
  events.fails = false;
  project.inContainers = [];
  vi.useRealTimers();
});

describe("a key that retires", () => {
  const MINUTES = 60_000;
  const seen = (key: string | undefined): KeyUse => ({ key, address: "10.0.0.1", last: new Date() });
  const later = () => vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 90 * MINUTES });

  it.each<[string, (old: string, current: string) => string | undefined, string]>([
    ["a machine still signs with", (old) => old, "bring it the new key"],
    [
      "a program that does not say which key it signs with may still use",
      () => undefined,
      "make sure that it has the new key",
    ],
    [
      "a program that does not say which key it signs with may still use",
      () => "20261125",
      "make sure that it has the new key",
    ],
  ])("stays while %s it", async (reason, key, remedy) => {
    await project.rotated("one");
    project.deploy();
    later();
    const old = short("one", 0);
    events.uses = [seen(key(old, short("one", 1))), seen(short("one", 1))];
    const told = `${reason} key ${old}: 10.0.0.1 at ${new Date().toISOString().slice(0, 19)}Z; ${remedy}`;
    expect(await project.failure("retire one")).toEqual({
      code: "key-in-use",
      message: `one: ${told}; pass --force if the machine already has the new key, or to lock it out`,
    });
    expect((await project.run("rotate one", { auto: true })).text).toBe(`one: nothing to do: ${told}`);
    await project.run("retire one", { force: true });
    expect(states("one")).toEqual(["active"]);
  });

  it.each(["retire one", "rotate one"])("is dropped by keys %s if only other keys are in use", async (words) => {
    await project.rotated("one");
    project.deploy();
    later();
    events.uses = [seen(short("one", 1))];
    await project.run(words);
    expect(states("one")).toEqual(["active"]);
  });

  it("stays while a container of any stack has it", async () => {
    await project.rotated("one");
    project.inContainers = [kids("one")[0]!];
    project.deploy();
    later();
    expect((await project.failure("retire one")).code).toBe("key-not-deployed");
    expect((await project.run("rotate one")).text).toContain("the switch to key");
    project.inContainers = [kids("one")[1]!];
    project.deploy();
    await project.run("retire one");
  });

  it("stays, by rotate, if its machine is elsewhere and nobody can tell what it signs with", async () => {
    await project.rotated("one");
    project.deploy();
    later();
    rmSync(project.filesFor("one").key);
    expect((await project.run("rotate one", { auto: true })).text).toContain("nobody can tell who still signs");
    events.uses = [];
    await project.run("rotate one", { auto: true });
    expect(states("one")).toEqual(["active"]);
  });

  it("stays if Keycloak cannot be asked, which fails a rotation by cron as well", async () => {
    await project.rotated("one");
    project.deploy();
    later();
    events.fails = true;
    const retire = await project.failure("retire one");
    expect([retire.code, retire.message]).toEqual(["keycloak-unreachable", expect.stringContaining("pass --force")]);
    expect((await project.failure("rotate one", { auto: true })).code).toBe("keycloak-unreachable");
  });

  it("stays, by rotate, if its machine is elsewhere and one of two realms cannot tell", async () => {
    await project.rotated("two");
    project.deploy();
    later();
    rmSync(project.filesFor("two").key);
    events.uses = [];
    events.silent = "two-writer";
    expect((await project.run("rotate two", { auto: true })).text).toContain("nobody can tell who still signs");
  });

  it("stays until the switch is deployed, which gives containers the new key", async () => {
    await project.rotated("one");
    later();
    const { code, message } = await project.failure("retire one");
    expect([code, message]).toEqual([
      "key-not-deployed",
      `one: the switch to key ${short("one", 1)} is not deployed, as the state says; run \`m2m up\` first, or pass --force`,
    ]);
    project.deploy();
    await project.run("retire one");
  });
});
