import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectSettled, expectSound } from "./expect-sound";
import { CHANGES, type Change } from "./key-commands";
import { filesIn, pairIn, privateHalves, recordIn, synthesizeIn } from "./living-pair";

const IS_ROOT = process.getuid?.() === 0;
/** A user without rights, where the tests run as root: root writes everywhere. */
const NOBODY = 65_534;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "m2m-places-"));
  synthesizeIn(folder, "allowed");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What has to be done for a command to have something to do. */
const NEEDS: [Change, Change[]][] = [
  ["prepare", []],
  ["activate", ["prepare"]],
  ["retire", ["prepare", "activate"]],
  ["revoke", ["prepare"]],
];

async function did(names: readonly Change[], at = folder): Promise<void> {
  for (const name of names) await CHANGES[name](pairIn(at));
}

async function refusal(action: Promise<unknown>) {
  return await action.then(
    () => expect.unreachable("nothing was refused"),
    ({ name, code, message }) => ({ name, code, message }),
  );
}

/** Every private half that there was is there still, in files of the owner's alone. */
function expectNothingLost(before: ReadonlyMap<string, unknown>, at = folder): void {
  expect([...privateHalves(at).keys()]).toEqual(expect.arrayContaining([...before.keys()]));
  expectSound(at);
}

describe("a link, folder or special file in a file's place", () => {
  const IN_PLACE = {
    "a symbolic link": (path: string) => {
      if (existsSync(path)) renameSync(path, `${path}.real.key`);
      symlinkSync(`${path}.real.key`, path);
    },
    "a folder": (path: string) => {
      if (existsSync(path)) renameSync(path, `${path}.real.key`);
      mkdirSync(path);
    },
  };

  const places = ["certificate", "record", "key", "staged"] as const;
  const cases = NEEDS.flatMap(([name, needs]) =>
    places.flatMap((place) => Object.keys(IN_PLACE).map((got) => [got, place, name, needs] as const)),
  ).filter(([, place, name]) => place !== "staged" || name === "activate" || name === "retire");

  it.each(cases)("(%s at the %s) makes %s refuse, and no key is lost", async (got, place, name, needs) => {
    await did(needs);
    const files = filesIn(folder);
    const pair = pairIn(folder);
    const halves = privateHalves(folder);
    const path = place === "staged" ? files.staged(pair.record.keys[name === "retire" ? 0 : 1]!.kid) : files[place];
    IN_PLACE[got as keyof typeof IN_PLACE](path);
    expect(await refusal(CHANGES[name](pair))).toEqual({
      name: "KeyError",
      code: "FILE_NOT_REGULAR",
      message: `${path} must be a regular file, got: ${got}; it is unchanged; put the file itself there, or remove it`,
    });
    rmSync(path, { recursive: true });
    if (existsSync(`${path}.real.key`)) renameSync(`${path}.real.key`, path);
    expectNothingLost(halves);
    expect(recordIn(folder)).toEqual(pair.record);
    await did([name]);
    expectSettled(folder);
  });
});

describe("a folder that this user may not write", () => {
  it.each(NEEDS)("makes %s refuse, and every file is unchanged", async (name, needs) => {
    await did(needs);
    const pair = pairIn(folder);
    const halves = privateHalves(folder);
    const names = readdirSync(folder);
    if (IS_ROOT) for (const file of names) chownSync(join(folder, file), NOBODY, NOBODY); // its keys are this user's
    chmodSync(folder, 0o555);
    if (IS_ROOT) process.seteuid?.(NOBODY);
    const refused = await refusal(CHANGES[name](pair)).finally(() => IS_ROOT && process.seteuid?.(0));
    chmodSync(folder, 0o755);
    expect(refused).toMatchObject({ name: "KeyError", code: "FILE_NOT_WRITTEN" });
    expect(refused.message).toMatch(
      /cannot be (written|removed), got: EACCES; .*make the folder writable for this user/,
    );
    expect(readdirSync(folder)).toEqual(names);
    expectNothingLost(halves);
    await did([name]);
    expectSettled(folder);
  });
});

it("reports a folder that this user may not even look into", async () => {
  chmodSync(folder, 0o600);
  if (IS_ROOT) process.seteuid?.(NOBODY);
  const prepare = async () => await CHANGES.prepare(pairIn(folder));
  const refused = await refusal(prepare()).finally(() => IS_ROOT && process.seteuid?.(0));
  chmodSync(folder, 0o700);
  const { record } = filesIn(folder);
  expect(refused).toEqual({
    name: "KeyError",
    code: "KEY_UNREADABLE",
    message: `${record} cannot be accessed, got: EACCES; let this user look into its folder`,
  });
});

describe.runIf(canMount())("a file system", () => {
  let mounted: string;
  beforeEach(() => {
    mounted = mkdtempSync(join(tmpdir(), "m2m-mount-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k,mode=755", "tmpfs", mounted]);
  });
  afterEach(() => {
    execFileSync("umount", [mounted]);
    rmSync(mounted, { recursive: true });
  });

  it.each(NEEDS)("that is read-only makes %s refuse, and every file is unchanged", async (name, needs) => {
    await did(needs);
    cpSync(folder, mounted, { recursive: true });
    const pair = pairIn(mounted);
    const names = readdirSync(mounted);
    execFileSync("mount", ["-o", "remount,ro", mounted]);
    const refused = await refusal(CHANGES[name](pair));
    expect(refused).toMatchObject({ name: "KeyError", code: "FILE_NOT_WRITTEN" });
    expect(refused.message).toMatch(/cannot be (written|removed), got: EROFS; /);
    execFileSync("mount", ["-o", "remount,rw", mounted]);
    expect(readdirSync(mounted)).toEqual(names);
    await did([name], mounted);
    expectSettled(mounted);
  });

  it.each(NEEDS)("that is full, or fills up, does not let %s lose a key", async (name, needs) => {
    await did(needs);
    const codes = new Set<string>();
    for (let free = 0; free <= 6; free++) {
      for (const file of readdirSync(mounted)) rmSync(join(mounted, file));
      cpSync(folder, mounted, { recursive: true });
      const halves = privateHalves(mounted);
      const filler = join(mounted, "filler.crt");
      fill(filler, free);
      const refused = await CHANGES[name](pairIn(mounted)).catch((error) => error);
      if (refused instanceof Error) {
        codes.add((refused as { code?: string }).code ?? refused.message);
        expect(refused.message).toMatch(/cannot be written, got: ENOSPC; .* or free space on its file system/);
        rmSync(filler);
        if (name !== "retire") expectNothingLost(halves, mounted);
        expectSound(mounted);
        // What was left half done is ended, and refused only where nothing is left to do.
        await did([name], mounted).catch(({ code }) =>
          expect(["KEY_NOT_FOUND", "KEY_PREPARED_ALREADY"]).toContain(code),
        );
      }
      rmSync(filler, { force: true });
      expectSettled(mounted);
    }
    expect([...codes]).toEqual(name === "retire" ? [] : ["FILE_NOT_WRITTEN"]); // which makes its own room
  });
});

/** Takes all room of a file system but for some pages of 4 KiB. */
function fill(path: string, free: number): void {
  for (let pages = 16; pages > 0; pages--) {
    try {
      writeFileSync(path, Buffer.alloc(pages * 4096, "x"));
      const room = Math.max(1, (pages - free) * 4096);
      writeFileSync(path, `${"x".repeat(room - 1)}\n`, { mode: 0o644 });
      return;
    } catch {
      // one page less
    }
  }
}

function canMount(): boolean {
  const probe = mkdtempSync(join(tmpdir(), "m2m-mount-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", probe], { stdio: "ignore" });
    execFileSync("umount", [probe]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(probe, { recursive: true });
  }
}
