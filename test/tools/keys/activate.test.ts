import { rmSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { keyIdInFile } from "../../../constructs/keys/private-key";
import { keysProject } from "./keys-project";
import { events } from "./login-events";

vi.mock("../../../tools/keys/live-use", () => import("./login-events.js"));

const project = keysProject();
const { kids, short } = project;
const inFile = () => keyIdInFile(project.filesFor("one").key);
afterEach(() => {
  events.uses = undefined;
  events.fails = false;
});

describe("a key that is activated", () => {
  it("waits beside the key file for the deploy that puts it first in Keycloak", async () => {
    await project.run("prepare one");
    project.deploy();
    const [old, next] = kids("one");
    for (const _again of [1, 2]) {
      expect((await project.run("activate one")).text).toMatch(/signs with key \S+ \(.*\) from the next deploy on/);
      expect(inFile()).toBe(old);
    }
    for (const words of ["rotate one", "list"]) await project.run(words);
    expect(inFile()).toBe(old);
    project.deploy();
    expect(inFile()).toBe(next);
  });

  it("comes into the key file by the same command after a deploy that left the files alone", async () => {
    await project.rotated("one");
    const [old, next] = kids("one");
    project.deployState();
    expect(inFile()).toBe(old);
    expect((await project.run("activate one")).text).toMatch(/signs with key \S+ \(.*\) from the next assertion on/);
    expect(inFile()).toBe(next);
  });

  it("signs at once if that is forced", async () => {
    await project.run("prepare one");
    project.deploy();
    await project.run("activate one", { force: true });
    expect(inFile()).toBe(kids("one")[1]);
  });

  it("does not wait once the former one is revoked", async () => {
    await project.rotated("one");
    await project.run("revoke one", { key: kids("one")[0]! });
    expect(inFile()).toBe(kids("one")[1]);
  });

  it("waits where the former one is not here, and is brought there by hand", async () => {
    await project.run("prepare one");
    project.deploy();
    rmSync(project.filesFor("one").staged(kids("one")[1]!));
    expect((await project.run("activate one")).text).toContain("whose private half is not here");
  });
});

describe("a program that may send no kid", () => {
  const last = new Date("2026-11-25T09:32:58Z");

  it("is named before the switch, with what it did and what will happen", async () => {
    await project.run("prepare one");
    project.deploy();
    const [old, next] = [short("one", 0), short("one", 1)];
    events.uses = [old, "20261125", undefined].map((key) => ({ key, address: `of ${key}`, last }));
    for (const dryRun of [true, false]) {
      expect((await project.run("activate one", { dryRun })).warned).toContain(
        `one: a program did not say which key it signed with: of 20261125 at 2026-11-25T09:32:58Z, of undefined at 2026-11-25T09:32:58Z; if it sends no kid, Keycloak refuses it from the next deploy on until it has key ${next}`,
      );
    }
  });

  it("is not known where Keycloak does not answer, which stops nothing", async () => {
    await project.run("prepare one");
    project.deploy();
    events.fails = true;
    expect((await project.run("activate one")).warned).toContain(
      "one: whether a program signs in without a kid is not known: no answer",
    );
  });
});
