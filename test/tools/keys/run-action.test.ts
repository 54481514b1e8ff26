import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { selfSign } from "../../../constructs/keys/self-sign";
import { ed25519Pair } from "../../generated-key";
import { keysProject } from "./keys-project";

vi.mock("../../../tools/keys/live-use", () => import("./login-events.js"));

const project = keysProject();
const { kids, short, states } = project;
afterEach(() => void vi.useRealTimers());

describe("an action", () => {
  it("says what it did and what to run next, and gives the same as data", async () => {
    const { text, data } = await project.run("prepare one");
    const [, entry] = project.recordFor("one").keys;
    const said = `prepared key ${short("one", 1)} (EdDSA, certificate until ${entry!.until.slice(0, 10)}); nothing signs with it yet`;
    const next = "m2m up publishes it; then m2m keys activate one";
    expect(text).toBe(`one: ${said}\n  next: ${next}`);
    expect(data).toEqual({ outcomes: [{ name: "one", action: "prepare", kid: entry!.kid, said, next }], failures: [] });
  });

  it("does not activate a key that a client does not accept, unless forced", async () => {
    project.deploy();
    await project.run("prepare two");
    expect(await project.failure("activate two")).toEqual({
      code: "key-not-deployed",
      message: `two: Keycloak does not accept key ${short("two", 1)} yet, as the state says; run \`m2m up\` first, or pass --force`,
    });
    await project.run("activate two", { force: true });
    expect(states("two")).toEqual(["retiring", "active"]);
  });

  it("drops no key within 75 s of the switch, unless forced", async () => {
    await project.rotated("one");
    const { code, message } = await project.failure("retire one");
    expect(code).toBe("key-in-use");
    expect(message).toContain(`one: what key ${short("one", 0)} signed is accepted until `);
    await project.run("retire one", { force: true });
    expect(states("one")).toEqual(["active"]);
  });

  it("waits, for rotate, and says for what", async () => {
    project.deploy();
    const { text, data } = await project.run("rotate", { all: true, auto: true });
    expect(text).toMatch(/^one: nothing to do until \S+Z: key \S{8} is not due\ntwo: nothing to do until/);
    expect(data.outcomes.map(({ action }: { action: string }) => action)).toEqual(["wait", "wait"]);
  });

  it("is not taken by rotate before the last one is deployed", async () => {
    project.deploy();
    const said: string[] = [];
    const rotate = async () => said.push((await project.run("rotate one")).data.outcomes[0].action);
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      for (const isDeployed of [false, true, false, true, false, true]) {
        await rotate();
        await rotate();
        if (isDeployed) project.deploy();
        vi.setSystemTime(Date.now() + 3_600_000);
      }
    } finally {
      vi.useRealTimers();
    }
    expect(said.join(" ")).toBe("prepare wait wait wait activate wait wait wait retire wait wait wait");
  });

  it("takes a certificate of a key made elsewhere, which needs no private half here", async () => {
    rmSync(project.filesFor("one").key);
    writeFileSync("new.crt", selfSign(ed25519Pair().privateKey, "one", 90));
    await project.run("prepare one", { certificate: "new.crt" });
    project.deploy();
    expect((await project.run("activate one")).text).toContain(
      `is to sign with key ${short("one", 1)} (EdDSA, certificate until ${project.recordFor("one").keys[1]!.until.slice(0, 10)}), whose private half is not here: bring it to where the machine signs; key ${short("one", 0)} is still accepted`,
    );
    await project.run("retire one", { force: true });
    expect(Object.keys(project.certs()).filter((path) => path.includes("one"))).toEqual([
      "certs/one-signing.crt",
      "certs/one-signing.keys.json",
    ]);
  });
});

describe("--dry-run", () => {
  it("says what would be done, and changes no byte", async () => {
    const expectSame = async (words: string, said: string, options = {}) => {
      const before = project.certs();
      expect((await project.run(words, { dryRun: true, ...options })).text).toBe(said);
      expect(project.certs()).toEqual(before);
    };
    await expectSame("prepare one", "one: would make a key and publish it beside the active one");
    await expectSame("revoke one", `one: would revoke key ${short("one", 0)}`);
    await expectSame(
      "rotate one",
      `one: would make a key and publish it beside the active one (key ${short("one", 0)} is to be replaced)`,
    );
    await project.run("prepare one");
    project.deploy();
    await expectSame("activate one", `one: would sign with key ${short("one", 1)}`);
    await expectSame("revoke one", `one: would revoke key ${short("one", 1)}`, { key: short("one", 1) });
    await project.run("activate one");
    await expectSame("retire one", `one: would drop key ${short("one", 0)}`, { force: true });
  });

  it.each([
    ["prepare one", {}, "KEY_PREPARED_ALREADY"],
    ["activate one", {}, "key-not-deployed"],
    ["activate one", { key: "nosuchkey", force: true }, "KEY_NOT_FOUND"],
    ["retire one", {}, "KEY_NOT_FOUND"],
    ["retire one", { force: true }, "KEY_NOT_FOUND"],
    ["revoke one", { key: "nosuchkey" }, "KEY_NOT_FOUND"],
  ])("refuses %s with %j as the command does: %s", async (words, options, code) => {
    await project.run("prepare one");
    const before = project.certs();
    const dry = await project.failure(words, { ...options, dryRun: true });
    expect(dry.code).toBe(code);
    expect(project.certs()).toEqual(before);
    expect(await project.failure(words, options)).toEqual(dry);
  });

  it("leaves what a crash left half done", async () => {
    await project.rotated("one");
    project.deploy();
    const { key, staged } = project.filesFor("one");
    const certs = project.certs();
    const held = Object.entries(certs).find(([path]) => key.endsWith(path))![1];
    writeFileSync(key, Object.entries(certs).find(([path]) => staged(kids("one")[0]!).endsWith(path))![1]);
    writeFileSync(staged(kids("one")[1]!), held);
    const half = project.certs();
    const { text: would } = await project.run("activate one", { dryRun: true });
    expect(would).toBe(`one: would sign with key ${short("one", 1)}`);
    expect(project.certs()).toEqual(half);
    expect((await project.run("activate one")).text).toMatch(
      new RegExp(
        `^one: signs with key ${short("one", 1)} \\(EdDSA, certificate until \\S+\\) from the next assertion on\n`,
      ),
    );
    const timeless = (files: Record<string, string>) =>
      Object.entries(files).map(([path, text]) => [path, text.replaceAll(/"since": .*/g, "")]);
    expect(timeless(project.certs())).toEqual(timeless(certs)); // the switch is timed by when it was made
  });
});

describe("a message", () => {
  it("says to prepare a key if none is prepared", async () => {
    expect((await project.failure("activate one")).message).toContain("prepare one first (`m2m keys prepare`)");
  });

  it("names the clients that do not accept a key if others do", async () => {
    await project.run("prepare two");
    project.deploy();
    const state = JSON.parse(readFileSync("terraform.m2m.tfstate", "utf8"));
    state.resources = state.resources.filter(({ name }: { name: string }) => name !== "two-writer");
    writeFileSync("terraform.m2m.tfstate", JSON.stringify(state));
    const { message } = await project.failure("activate two");
    expect(message).toContain(`does not accept key ${short("two", 1)} yet from two-writer, as the state says`);
  });

  it("tells a merge conflict in the record from a damaged record", async () => {
    await project.run("prepare one");
    const { record } = project.filesFor("one");
    writeFileSync(record, `<<<<<<< HEAD\n${readFileSync(record, "utf8")}`);
    expect((await project.failure("prepare one")).message).toContain(
      "holds a merge conflict; resolve it: keep one active key and every revoked key",
    );
  });

  it("says to remove a key file with an unknown key", async () => {
    await project.rotated("one");
    await project.run("retire one", { force: true });
    copyFileSync(project.filesFor("two").key, project.filesFor("one").key);
    expect((await project.failure("revoke one")).message).toContain("or remove the key file: only signing needs it");
    rmSync(project.filesFor("one").key);
    await project.run("revoke one");
  });
});

describe("two commands at once", () => {
  const both = async (...words: string[]) => {
    // An RSA key takes its time: each command would go on from what it read before the other wrote.
    const options = (one: string) => (one.startsWith("prepare") ? { algorithm: "RS256" } : {});
    const done = await Promise.allSettled(words.map((one) => project.run(one, options(one))));
    return done.map((one) => (one.status === "fulfilled" ? "done" : (one.reason as { code: string }).code)).sort();
  };

  it("run one after the other, and the second sees what the first did", async () => {
    expect(await both("prepare one", "prepare one")).toEqual(["KEY_PREPARED_ALREADY", "done"]);
    expect(states("one")).toEqual(["active", "prepared"]);
    expect(await both("prepare two", "revoke one")).toEqual(["done", "done"]);
    expect([states("one"), states("two")]).toEqual([
      ["revoked", "active"],
      ["active", "prepared"],
    ]);
  });
});

it("starts the second of two commands from what the first one left", async () => {
  const runs = await Promise.allSettled([project.run("prepare one"), project.run("prepare one")]);
  expect(runs.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  const { reason } = runs.find(({ status }) => status === "rejected") as PromiseRejectedResult;
  expect(reason).toMatchObject({ code: "KEY_PREPARED_ALREADY" });
  expect(states("one")).toEqual(["active", "prepared"]);
});
