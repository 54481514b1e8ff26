import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { acceptedOf, type KeyRecord } from "../../../constructs/keys/key-record";
import { expectSettled, expectSound } from "./expect-sound";
import { COMMANDS, type Command, type CommandName } from "./key-commands";
import { filesIn, kidIn, privateHalves, recordIn, synthesizeIn } from "./living-pair";

/** More processes than cores, as each waits for the disk. */
const AT_ONCE = 4;

/**
 * Ends its process, as a crash or `kill -9` does, before one of the operations on files, or in the midst of one that
 * writes. Those that change nothing are not counted: whoever is ended before one leaves what is left before the next.
 */
const PRELOAD = `
  const fs = require("node:fs");
  const last = Number(process.env.ENDS_BEFORE);
  let count = -1;
  globalThis.countOperations = () => { count = 0; return () => count; };
  const step = () => { if (count >= 0 && ++count === last) process.kill(process.pid, "SIGKILL"); };
  for (const name of ["openSync", "writeFileSync", "fsyncSync", "fchmodSync", "renameSync", "linkSync",
    "copyFileSync", "rmSync", "unlinkSync", "mkdirSync"]) {
    const real = fs[name];
    fs[name] = (...args) => {
      const reads = name === "openSync" && (args[1] & 3) === fs.constants.O_RDONLY;
      if (!reads) step();
      if (name === "linkSync" && process.env.NO_LINKS) throw Object.assign(new Error(), { code: "EPERM" });
      if (name === "writeFileSync") {
        if (count + 1 === last) real(args[0], args[1].slice(0, args[1].length / 2));
        step();
      }
      return real(...args);
    };
  }`;

const PROGRAM = `
  import { COMMANDS } from "./key-commands";
  const [folder, name] = process.argv.slice(2);
  const count = globalThis.countOperations();
  COMMANDS[name].run(folder).then(() => process.stdout.write(String(count())));`;

let root: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "m2m-crash-"));
  writeFileSync(join(root, "preload.cjs"), PRELOAD);
  const stdin = { contents: PROGRAM, resolveDir: __dirname };
  const outfile = join(root, "program.cjs");
  await build({ stdin, outfile, bundle: true, platform: "node", format: "cjs", logLevel: "warning" });
});
afterAll(() => rmSync(root, { recursive: true }));

/** Runs a command in a process of its own; gives how many operations it took, or that it was ended. */
async function run(folder: string, name: CommandName, endsBefore: number, more = {}): Promise<number | "ended"> {
  const args = ["--require", join(root, "preload.cjs"), join(root, "program.cjs"), folder, name];
  const env = { ENDS_BEFORE: String(endsBefore), ...more };
  const { stdout, signal, exitCode, stderr } = await execa(process.execPath, args, { env, reject: false });
  if (signal === "SIGKILL") return "ended";
  if (exitCode !== 0) throw new Error(stderr);
  return Number(stdout);
}

/** Nothing is lost but what the command is to remove, and what it was for can still be had. */
async function expectMended(name: CommandName, folder: string, before: KeyRecord | undefined): Promise<void> {
  const { leaves, removes, refusedWhenDone }: Command = COMMANDS[name];
  if (before) {
    expectSound(folder);
    const halves = privateHalves(folder);
    const mayBeGone = leaves.length < before.keys.length ? before.keys[removes ?? 0]!.kid : undefined; // by retire
    const kept = acceptedOf(recordIn(folder)).filter(({ kid }) => kid !== mayBeGone);
    for (const { kid, state } of kept) expect([state, halves.has(kid)]).toEqual([state, true]);
  } else {
    const { key, certificate } = filesIn(folder);
    if (existsSync(key)) expect(kidIn(key)).toBeDefined();
    if (existsSync(certificate)) expect(synthesizeIn(folder).kid).toBe(kidIn(key));
  }
  const again = await COMMANDS[name].run(folder).then(
    () => undefined,
    ({ code }) => code,
  );
  expect([undefined, refusedWhenDone]).toContain(again);
  expectSettled(folder);
  expectDone(name, folder, before);
}

function expectDone(name: CommandName, folder: string, before: KeyRecord | undefined): void {
  const { keys } = recordIn(folder);
  const { leaves, removes }: Command = COMMANDS[name];
  expect(keys.map(({ state }) => state)).toEqual(leaves);
  if (removes !== undefined) expect(privateHalves(folder).has(before!.keys[removes]!.kid)).toBe(false);
}

describe.each(Object.keys(COMMANDS) as CommandName[])("%s", (name) => {
  it("can crash at any file operation, and the next run completes it", { timeout: 120_000 }, async () => {
    const start = join(root, name);
    await COMMANDS[name].begin(start);
    const before = existsSync(filesIn(start).certificate) ? recordIn(start) : undefined;
    const whole = `${start}-whole`;
    cpSync(start, whole, { recursive: true });
    const operations = (await run(whole, name, Number.POSITIVE_INFINITY)) as number;
    expect(operations).toBeGreaterThan(5);
    expectSettled(whole);
    expectDone(name, whole, before);
    expect(readdirSync(whole).filter((file) => file.startsWith("."))).toEqual([]);

    const points = Array.from({ length: operations }, (_, i) => i + 1);
    const worker = async () => {
      for (let point = points.shift(); point; point = points.shift()) {
        const folder = `${start}-${point}`;
        cpSync(start, folder, { recursive: true });
        expect(await run(folder, name, point)).toBe("ended");
        await expectMended(name, folder, before).catch((cause) => {
          throw new Error(`${name}, ended at ${point}: ${cause.message}`, { cause });
        });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  });

  it("needs no hard links, which shared folders of virtual machines lack", async () => {
    const folder = join(root, `${name}-without-links`);
    await COMMANDS[name].begin(folder);
    const before = existsSync(filesIn(folder).certificate) ? recordIn(folder) : undefined;
    await run(folder, name, Number.POSITIVE_INFINITY, { NO_LINKS: "true" });
    expectSettled(folder);
    expectDone(name, folder, before);
  });
});
