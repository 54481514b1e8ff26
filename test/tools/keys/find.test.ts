import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { keysProject } from "./keys-project";

const project = keysProject();
const { kids, states } = project;

describe("something else that is broken", () => {
  const BROKEN: Record<string, () => void> = {
    "the app": () => writeFileSync("app.cjs", "console.error('Error: no'); process.exit(1);"),
    "the state": () => writeFileSync("terraform.m2m.tfstate", "no state"),
    "another pair's record": () => writeFileSync(project.filesFor("two").record, "no record"),
    "another pair's key file": () => writeFileSync(project.filesFor("two").key, "no key"),
  };
  it.each(Object.keys(BROKEN))("does not stop a revocation, and is reported: %s", async (what) => {
    await project.run("list");
    BROKEN[what]!();
    const { warned } = await project.run("revoke one");
    expect(states("one")).toEqual(["revoked", "active"]);
    if (what !== "another pair's key file") expect(warned.join()).toMatch(/fails|not known|two: /);
  });

  it.each([
    ["another pair's record", 1],
    ["another pair's key file", 1],
    ["the state", 0],
  ])("is reported beside the list of the others: %s", async (what, exitCode) => {
    await project.run("list");
    BROKEN[what]!();
    const listed = await project.run("list");
    expect([listed.exitCode, listed.warned.length > 0]).toEqual([exitCode, true]);
    expect(listed.data[0]).toMatchObject({ name: "one" });
  });

  it("is an error for the pair itself and for every other command", async () => {
    await project.run("list");
    BROKEN["another pair's record"]!();
    expect((await project.failure("revoke two")).code).toBe("RECORD_CORRUPT");
    expect((await project.failure("prepare one")).code).toBe("RECORD_CORRUPT");
  });
});

describe("the pairs of a command", () => {
  it("are named by pair or by client, and each is taken once", async () => {
    const { data } = await project.run("prepare one two-reader two-writer two");
    expect(data.outcomes.map(({ name }: { name: string }) => name)).toEqual(["one", "two"]);
    expect([states("one"), states("two")]).toEqual([
      ["active", "prepared"],
      ["active", "prepared"],
    ]);
  });

  it("must all be known, or nothing is done", async () => {
    expect(await project.failure("prepare one three")).toEqual({
      code: "client-unknown",
      message: 'no key pair of "three"; key pairs of this project: one, two',
    });
    expect(states("one")).toEqual(["active"]);
  });

  it("must be unambiguous: a name in two folders needs its folder or a client", async () => {
    project.declare({ one: ["here"], "other/one": ["there"] });
    expect(await project.failure("prepare one")).toEqual({
      code: "client-unknown",
      message: '2 key pairs of "one"; key pairs of this project: certs/one, certs/other/one',
    });
    await project.run("prepare there");
    expect([states("one"), states("other/one")]).toEqual([["active"], ["active", "prepared"]]);
    await project.run("prepare ./certs/one");
    expect(states("one")).toEqual(["active", "prepared"]);
  });

  it("are all of them with --all, and go on if one fails", async () => {
    await project.run("prepare one");
    const message = `one: key ${kids("one")[1]} has been prepared since ${project.recordFor("one").keys[1]!.since}; activate it, or revoke it`;
    expect(await project.failure("prepare", { all: true })).toEqual({ code: "keys-failed", message });
    expect(states("two")).toEqual(["active", "prepared"]);
    const { data, exitCode } = await project.run("prepare", { all: true }, true);
    expect(data.outcomes).toEqual([]);
    expect(data.failures[0]).toEqual({ name: "one", code: "KEY_PREPARED_ALREADY", message });
    expect(data.failures[1]).toMatchObject({ name: "two" });
    expect(exitCode).toBe(1);
  });
});
