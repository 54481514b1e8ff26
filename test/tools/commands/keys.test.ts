import { createPrivateKey } from "node:crypto";
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { printPrivateKey } from "../../../constructs/keys/private-key";
import { selfSign } from "../../../constructs/keys/self-sign";
import type { KeyUse, Question } from "../../../tools/keys/live-use";
import { ed25519Pair } from "../../generated-key";
import { pemBegin } from "../../pem";
import { keysProject } from "../keys/keys-project";

/** What login events tell; nothing where a realm keeps none. How they are asked for is tested in keys-live-use.test.ts. */
const events = vi.hoisted((): { uses?: KeyUse[]; silent?: string; fails?: boolean } => ({}));
vi.mock("../../../tools/keys/live-use", () => {
  const usesOf = async ({ clientId }: Question) => {
    if (events.fails) throw Object.assign(new Error("no answer"), { code: "keycloak-unreachable" });
    return clientId === events.silent ? undefined : events.uses;
  };
  return { usesOf };
});

/** A state that is kept elsewhere, and does not answer. */
vi.mock("../../../tools/session", () => {
  const init = async () => {
    throw new Error("no answer");
  };
  return { openSession: async () => ({}), terraform: () => ({ init }) };
});

const project = keysProject();
afterEach(() => {
  events.uses = undefined;
  events.silent = undefined;
  events.fails = false;
  project.inContainers = [];
  vi.useRealTimers();
});

const kids = (path: string) => project.recordFor(path).keys.map(({ kid }) => kid);
const short = (path: string, place: number) => kids(path)[place]!.slice(0, 8);
const states = (path: string) => project.recordFor(path).keys.map(({ state }) => state);

/** A pair whose first key retires, deployed; `force` as the switch was just now. */
async function rotated(path: string): Promise<void> {
  await project.run(`prepare ${path}`);
  project.deploy();
  await project.run(`activate ${path}`);
}

describe("usage", () => {
  it.each([
    ["destroy one", {}, "there is no keys destroy; it is list, prepare, activate, retire, revoke, rotate"],
    ["constructor one", {}, "there is no keys constructor; it is list, prepare, activate, retire, revoke, rotate"],
    ["prepare", {}, "keys prepare needs a CLIENT, or --all"],
    ["prepare one", { all: true }, "--all and names exclude each other"],
    ["list one", { all: true }, "--all and names exclude each other"],
    ["prepare one", { algorithm: "HS256" }, "--algorithm must be one of RS256, PS256, ES256, EdDSA, got: HS256"],
    ["rotate one", { overlap: "1h" }, "--overlap must be a number of seconds, got: 1h"],
    ["rotate one", { overlap: "-1" }, "--overlap must be a number of seconds, got: -1"],
    [
      "revoke one",
      { key: "abcdefg" },
      "--key must be a key id, or eight characters or more of its beginning, got: abcdefg",
    ],
    ["revoke one", { certificate: "new.crt" }, "keys revoke takes no --certificate"],
    ["revoke one", { algorithm: "ES256" }, "keys revoke takes no --algorithm"],
    ["prepare one", { key: "abcdefgh" }, "keys prepare takes no --key"],
    ["rotate one", { key: "abcdefgh" }, "keys rotate takes no --key"],
    ["activate one", { auto: true }, "keys activate takes no --auto"],
    ["retire one", { overlap: "60" }, "keys retire takes no --overlap"],
    ["rotate one", { overlap: "60" }, "--overlap is for keys rotate --auto"],
    ["prepare one", { live: true }, "keys prepare takes no --live"],
    ["revoke one", { force: true }, "keys revoke takes no --force"],
    ["list one", { dryRun: true }, "keys list takes no --dry-run"],
    ["prepare", { all: true, certificate: "new.crt" }, "--certificate is for one CLIENT"],
    ["prepare one two", { certificate: "new.crt" }, "--certificate is for one CLIENT"],
  ])("refuses keys %s with %j before anything is synthesized", async (words, options, message) => {
    expect(await project.failure(words, options)).toEqual({ code: "usage", message: `${message}; see m2m --help` });
    expect(existsSync("cdktf.out")).toBe(false);
  });

  it("refuses a passphrase file that is not there, and a certificate", async () => {
    expect(await project.failure("prepare one", { certificate: "none.crt" })).toEqual({
      code: "usage",
      message: "--certificate must name a certificate in PEM, got: none.crt (ENOENT)",
    });
    vi.stubEnv("KEY_PASSPHRASE_FILE", "none.txt");
    expect((await project.failure("prepare one")).message).toContain("got: none.txt (ENOENT)");
    writeFileSync("none.txt", "\npassphrase\n");
    expect((await project.failure("prepare one")).message).toContain("got: an empty line in none.txt");
    expect(states("one")).toEqual(["active"]);
  });
});

describe("where a key is made", () => {
  it.each(["prepare one", "rotate one", "revoke one"])(
    "is not CI, by keys %s, unless it is asked for",
    async (words) => {
      vi.stubEnv("CI", "true");
      const before = project.certs();
      const { code, message } = await project.failure(words);
      expect([code, message]).toEqual([
        "key-lost",
        expect.stringMatching(/^one: no key is made here, as CI is set, and a key made there would be lost/),
      ]);
      expect(await project.failure(words, { dryRun: true })).toEqual({ code, message });
      expect(project.certs()).toEqual(before);
      vi.stubEnv("M2M_CREATE_KEYS", "true");
      await project.run(words);
      expect(kids("one")).toHaveLength(2);
    },
  );

  it("is not where the machine's key is not, by rotate: the machine is elsewhere", async () => {
    rmSync(project.filesFor("one").key);
    expect((await project.run("rotate one")).text).toContain("nothing to do by itself: the private half of key");
    expect(kids("one")).toHaveLength(1);
  });

  it.each(["list", "prepare one", "revoke one"])("is none of keys %s, where that changes nothing", async (words) => {
    for (const path of Object.keys(project.certs())) rmSync(path);
    writeFileSync(
      "app.cjs",
      `console.error(\`Error: M2M_CREATE_KEYS=\${process.env.M2M_CREATE_KEYS}\`); process.exit(1);`,
    );
    const { message } = await project.failure(words, { dryRun: words !== "list" });
    expect(message).toContain("Error: M2M_CREATE_KEYS=false");
  });

  it("is told to have the private half here where that is encrypted", async () => {
    vi.stubEnv("KEY_PASSPHRASE", "of this machine");
    const { key } = project.filesFor("one");
    writeFileSync(key, printPrivateKey(createPrivateKey(readFileSync(key)), "of this machine"));
    await project.run("prepare one");
    project.deploy();
    expect((await project.run("activate one")).text).toContain("from the next assertion on");
  });

  it("it is as plain as the one that it follows, whatever passphrase another machine has", async () => {
    vi.stubEnv("KEY_PASSPHRASE", "of another");
    await project.run("prepare one");
    const made = readFileSync(project.filesFor("one").staged(kids("one")[1]!), "utf8");
    expect(made.startsWith(pemBegin("PRIVATE KEY"))).toBe(true);
  });
});

describe("a revocation", () => {
  it("of what signs where another took its place has to say which: either may be meant", async () => {
    writeFileSync("new.crt", selfSign(ed25519Pair().privateKey, "one", 90));
    await project.run("prepare one", { certificate: "new.crt" });
    const { key } = project.filesFor("one");
    const former = readFileSync(key);
    await project.run("revoke one");
    writeFileSync(key, former, { mode: 0o600 }); // as a checkout has it that takes another's revocation
    const [gone, active] = kids("one");
    const before = project.certs();
    for (const dryRun of [true, false, false]) {
      expect(await project.failure("revoke one", { dryRun })).toEqual({
        code: "key-unclear",
        message: expect.stringContaining(`holds key ${gone}, which is revoked since`),
      });
    }
    expect(project.certs()).toEqual(before);
    await project.run("revoke one", { key: active });
    expect(existsSync(key)).toBe(true); // of the key that was made for the machine
    expect(states("one")).toEqual(["revoked", "revoked", "active"]);
  });

  it("is made where the state cannot be read, as it does not depend on that", async () => {
    writeFileSync("terraform.m2m.tfstate", "{}");
    writeFileSync("app.cjs", readFileSync("app.cjs", "utf8").replace(/\{ local: .*? \} \}/, "{ http: {} }"));
    expect((await project.failure("prepare one")).message).toBe("no answer");
    // Beside Terraform's own key, too: that one alone has to be known as deployed.
    const app = readFileSync("app.cjs", "utf8");
    writeFileSync(
      "app.cjs",
      app.replace("extra_config };", 'extra_config, "//": { deployer: id === "two-reader" } };'),
    );
    expect((await project.failure("revoke two")).code).toBe("deployer-locked-out");
    const { warned } = await project.run("revoke one");
    expect(warned).toContain("what is deployed of stack m2m is not known: no answer");
    expect(states("one")).toEqual(["revoked", "active"]);
  });
});

describe("two commands at once", () => {
  const both = async (...words: string[]) => {
    // An RSA key takes its time: each command would go on from what it read before the other wrote.
    const options = (one: string) => (one.startsWith("prepare") ? { algorithm: "RS256" } : {});
    const done = await Promise.allSettled(words.map((one) => project.run(one, options(one))));
    return done.map((one) => (one.status === "fulfilled" ? "done" : (one.reason as { code: string }).code)).sort();
  };

  it("follow one another, so that the second sees what the first has done", async () => {
    expect(await both("prepare one", "prepare one")).toEqual(["KEY_PREPARED_ALREADY", "done"]);
    expect(states("one")).toEqual(["active", "prepared"]);
    expect(await both("prepare two", "revoke one")).toEqual(["done", "done"]);
    expect([states("one"), states("two")]).toEqual([
      ["revoked", "active"],
      ["active", "prepared"],
    ]);
  });
});

describe("what is wrong with something else", () => {
  const BROKEN: Record<string, () => void> = {
    "the app": () => writeFileSync("app.cjs", "console.error('Error: no'); process.exit(1);"),
    "the state": () => writeFileSync("terraform.m2m.tfstate", "no state"),
    "another pair's record": () => writeFileSync(project.filesFor("two").record, "no record"),
    "another pair's key file": () => writeFileSync(project.filesFor("two").key, "no key"),
  };
  it.each(Object.keys(BROKEN))("holds up no revocation, and is told: %s", async (what) => {
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
  ])("is told beside the list of the others: %s", async (what, exitCode) => {
    await project.run("list");
    BROKEN[what]!();
    const listed = await project.run("list");
    expect([listed.exitCode, listed.warned.length > 0]).toEqual([exitCode, true]);
    expect(listed.data[0]).toMatchObject({ name: "one" });
  });

  it("is an error for the pair itself, and for every other command", async () => {
    await project.run("list");
    BROKEN["another pair's record"]!();
    expect((await project.failure("revoke two")).code).toBe("RECORD_CORRUPT");
    expect((await project.failure("prepare one")).code).toBe("RECORD_CORRUPT");
  });
});

describe("another algorithm", () => {
  it("has to be declared before a key of it signs", async () => {
    const { data } = await project.run("prepare one", { algorithm: "ES256" });
    expect(data.outcomes[0].next).toContain('then set `algorithm: "ES256"` in the declaration; m2m keys activate one');
    project.deploy();
    for (const force of [false, true]) {
      expect(await project.failure("activate one", { force })).toEqual({
        code: "algorithm-undeclared",
        message: `one: key ${short("one", 1)} signs with ES256, and \`algorithm\` of the declaration is EdDSA; set it to "ES256" first`,
      });
    }
    expect((await project.failure("rotate one")).code).toBe("algorithm-undeclared");
    const { data: revoked } = await project.run("revoke one");
    expect(revoked.outcomes[0].next).toMatch(/^set `algorithm: "ES256"` in the declaration; m2m up, at once/);
  });
});

describe("a certificate", () => {
  it("of another pair's key is refused: whoever has that key could sign in as both", async () => {
    const { certificate } = project.filesFor("two");
    expect(await project.failure("prepare one", { certificate })).toEqual({
      code: "key-shared",
      message: `one: ${certificate} has key ${kids("two")[0]}, which is of two; make a key for each machine`,
    });
  });

  it("of a key that the record has is refused, by --dry-run as well", async () => {
    const { certificate } = project.filesFor("one");
    const dry = await project.failure("prepare one", { certificate, dryRun: true });
    expect(dry.code).toBe("KEY_KNOWN");
    expect(await project.failure("prepare one", { certificate })).toEqual(dry);
  });

  it("that is none is refused, with what to do about it", async () => {
    writeFileSync("new.crt", "none");
    const { message } = await project.failure("prepare one", { certificate: "new.crt" });
    expect(message).toContain("new.crt must hold an X.509 certificate in PEM");
  });
});

it("what holds a revoked key is removed by the next command, which says so", async () => {
  const { key } = project.filesFor("one");
  const former = readFileSync(key);
  await project.run("revoke one");
  writeFileSync(key, former, { mode: 0o600 });
  const { warned } = await project.run("prepare one");
  expect(warned).toContain(`removed ${key}: key ${kids("one")[0]} was in it, which is revoked`);
  expect(existsSync(key)).toBe(false);
});

describe("a key that retires", () => {
  const MINUTES = 60_000;
  const seen = (key: string | undefined): KeyUse => ({ key, address: "10.0.0.1", last: new Date() });
  const later = () => vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 90 * MINUTES });

  it.each<[string, (old: string, current: string) => string | undefined, string]>([
    ["a machine still signs with", (old) => old, "bring it the new key"],
    ["a program that does not say which key it signs with may use", () => undefined, "see that it has the new key"],
    ["a program that does not say which key it signs with may use", () => "20261125", "see that it has the new key"],
  ])("stays while %s it", async (reason, key, remedy) => {
    await rotated("one");
    project.deploy();
    later();
    const old = short("one", 0);
    events.uses = [seen(key(old, short("one", 1))), seen(short("one", 1))];
    const told = `${reason} key ${old}: 10.0.0.1 at ${new Date().toISOString().slice(0, 19)}Z; ${remedy}`;
    expect(await project.failure("retire one")).toEqual({
      code: "key-in-use",
      message: `one: ${told}; pass --force where it has that by now, or to lock it out`,
    });
    expect((await project.run("rotate one", { auto: true })).text).toBe(`one: nothing to do: ${told}`);
    await project.run("retire one", { force: true });
    expect(states("one")).toEqual(["active"]);
  });

  it.each(["retire one", "rotate one"])("goes by keys %s where only others are in use", async (words) => {
    await rotated("one");
    project.deploy();
    later();
    events.uses = [seen(short("one", 1))];
    await project.run(words);
    expect(states("one")).toEqual(["active"]);
  });

  it("stays while a container has it, in whatever stack", async () => {
    await rotated("one");
    project.inContainers = [kids("one")[0]!];
    project.deploy();
    later();
    expect((await project.failure("retire one")).code).toBe("key-not-deployed");
    expect((await project.run("rotate one")).text).toContain("the switch to key");
    project.inContainers = [kids("one")[1]!];
    project.deploy();
    await project.run("retire one");
  });

  it("stays, by rotate, where its machine is elsewhere and nobody can tell what that signs with", async () => {
    await rotated("one");
    project.deploy();
    later();
    rmSync(project.filesFor("one").key);
    expect((await project.run("rotate one", { auto: true })).text).toContain("nobody can tell who still signs");
    events.uses = [];
    await project.run("rotate one", { auto: true });
    expect(states("one")).toEqual(["active"]);
  });

  it("stays where Keycloak cannot be asked, which is a failure of a rotation by cron as well", async () => {
    await rotated("one");
    project.deploy();
    later();
    events.fails = true;
    const retire = await project.failure("retire one");
    expect([retire.code, retire.message]).toEqual(["keycloak-unreachable", expect.stringContaining("pass --force")]);
    expect((await project.failure("rotate one", { auto: true })).code).toBe("keycloak-unreachable");
  });

  it("stays, by rotate, where its machine is elsewhere and one of two realms cannot tell", async () => {
    await rotated("two");
    project.deploy();
    later();
    rmSync(project.filesFor("two").key);
    events.uses = [];
    events.silent = "two-writer";
    expect((await project.run("rotate two", { auto: true })).text).toContain("nobody can tell who still signs");
  });

  it("stays until the switch is deployed, which brings containers the new key", async () => {
    await rotated("one");
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

describe("what a message says to do", () => {
  it("is to prepare a key where none waits to be activated", async () => {
    expect((await project.failure("activate one")).message).toContain("prepare one first (`m2m keys prepare`)");
  });

  it("names the clients that do not accept a key, where others do", async () => {
    await project.run("prepare two");
    project.deploy();
    const state = JSON.parse(readFileSync("terraform.m2m.tfstate", "utf8"));
    state.resources = state.resources.filter(({ name }: { name: string }) => name !== "two-writer");
    writeFileSync("terraform.m2m.tfstate", JSON.stringify(state));
    const { message } = await project.failure("activate two");
    expect(message).toContain(`does not accept key ${short("two", 1)} yet from two-writer, as the state says`);
  });

  it("tells a merge conflict of the record from a damaged one", async () => {
    await project.run("prepare one");
    const { record } = project.filesFor("one");
    writeFileSync(record, `<<<<<<< HEAD\n${readFileSync(record, "utf8")}`);
    expect((await project.failure("prepare one")).message).toContain(
      "holds a merge conflict; resolve it: one active key, and every revoked one stays",
    );
  });

  it("is to remove a key file that no key of the record is in", async () => {
    await rotated("one");
    await project.run("retire one", { force: true });
    copyFileSync(project.filesFor("two").key, project.filesFor("one").key);
    expect((await project.failure("revoke one")).message).toContain(
      "or remove the key file: without it all but signing works",
    );
    rmSync(project.filesFor("one").key);
    await project.run("revoke one");
  });
});

describe("whom a command is for", () => {
  it("is a pair by its name, or by a client that signs with it, and each but once", async () => {
    const { data } = await project.run("prepare one two-reader two-writer two");
    expect(data.outcomes.map(({ name }: { name: string }) => name)).toEqual(["one", "two"]);
    expect([states("one"), states("two")]).toEqual([
      ["active", "prepared"],
      ["active", "prepared"],
    ]);
  });

  it("has to be known, and nothing is done for the others otherwise", async () => {
    expect(await project.failure("prepare one three")).toEqual({
      code: "client-unknown",
      message: 'no key pair of "three"; key pairs of this project: one, two',
    });
    expect(states("one")).toEqual(["active"]);
  });

  it("has to be one: a name in two folders is told by a client, or with its folder", async () => {
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

  it("is every pair with --all, one of which may fail without keeping the others from it", async () => {
    await project.run("prepare one");
    const message = `one: key ${kids("one")[1]} is prepared since ${project.recordFor("one").keys[1]!.since}; activate it, or revoke it`;
    expect(await project.failure("prepare", { all: true })).toEqual({ code: "keys-failed", message });
    expect(states("two")).toEqual(["active", "prepared"]);
    const { data, exitCode } = await project.run("prepare", { all: true }, true);
    expect(data.outcomes).toEqual([]);
    expect(data.failures[0]).toEqual({ name: "one", code: "KEY_PREPARED_ALREADY", message });
    expect(data.failures[1]).toMatchObject({ name: "two" });
    expect(exitCode).toBe(1);
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

  it("leaves to the command what a crash left half done", async () => {
    await rotated("one");
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

describe("an action", () => {
  it("says what it did and what to run next, and gives the same as data", async () => {
    const { text, data } = await project.run("prepare one");
    const [, entry] = project.recordFor("one").keys;
    const said = `prepared key ${short("one", 1)} (EdDSA, certificate until ${entry!.until.slice(0, 10)}); nothing signs with it yet`;
    const next = "m2m up publishes it; then m2m keys activate one";
    expect(text).toBe(`one: ${said}\n  next: ${next}`);
    expect(data).toEqual({ outcomes: [{ name: "one", action: "prepare", kid: entry!.kid, said, next }], failures: [] });
  });

  it("has no key sign that a client does not accept by the state, unless it is forced", async () => {
    project.deploy();
    await project.run("prepare two");
    expect(await project.failure("activate two")).toEqual({
      code: "key-not-deployed",
      message: `two: Keycloak does not accept key ${short("two", 1)} yet, as the state says; run \`m2m up\` first, or pass --force`,
    });
    await project.run("activate two", { force: true });
    expect(states("two")).toEqual(["retiring", "active"]);
  });

  it("drops no key within 75 s of the switch, unless it is forced", async () => {
    await rotated("one");
    const { code, message } = await project.failure("retire one");
    expect(code).toBe("key-in-use");
    expect(message).toContain(`one: what key ${short("one", 0)} has signed is accepted until `);
    await project.run("retire one", { force: true });
    expect(states("one")).toEqual(["active"]);
  });

  it("waits by rotate, and says for what", async () => {
    project.deploy();
    const { text, data } = await project.run("rotate", { all: true, auto: true });
    expect(text).toMatch(/^one: nothing to do until \S+Z: key \S{8} is not due\ntwo: nothing to do until/);
    expect(data.outcomes.map(({ action }: { action: string }) => action)).toEqual(["wait", "wait"]);
  });

  it("is not taken by rotate before the last one is deployed, however long ago that was", async () => {
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
      `is to sign with key ${short("one", 1)} (EdDSA, certificate until ${project.recordFor("one").keys[1]!.until.slice(0, 10)}), whose private half is not here: bring it to where the machine signs; key ${short("one", 0)} is accepted still`,
    );
    await project.run("retire one", { force: true });
    expect(Object.keys(project.certs()).filter((path) => path.includes("one"))).toEqual([
      "certs/one-signing.crt",
      "certs/one-signing.keys.json",
    ]);
  });
});

it("lets the second of two commands go on from what the first one left", async () => {
  const runs = await Promise.allSettled([project.run("prepare one"), project.run("prepare one")]);
  expect(runs.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  const { reason } = runs.find(({ status }) => status === "rejected") as PromiseRejectedResult;
  expect(reason).toMatchObject({ code: "KEY_PREPARED_ALREADY" });
  expect(states("one")).toEqual(["active", "prepared"]);
});
