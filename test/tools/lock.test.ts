import { existsSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { withLock } from "../../tools/lock";
import { temporaryFolder } from "./parts";

const folder = temporaryFolder();
const lockFile = () => join(folder.path, "locks", "thing.lock");
const locked = <T>(work: () => Promise<T>, waitMs = 5_000) =>
  withLock(folder.path, "thing", { say: () => undefined, waitMs }, work);

describe("a lock", () => {
  it("lets one work at a time", async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await sleep(50);
      inside--;
    };
    await Promise.all([locked(work), locked(work), locked(work)]);
    expect(most).toBe(1);
    expect(existsSync(lockFile())).toBe(false);
  });

  it.each([
    ["ten seconds ago", -10],
    ["in an hour, by a clock that was set back", 3600],
  ])("of a process that has gone, held %s, is taken over", async (_, seconds) => {
    mkdirSync(join(folder.path, "locks"));
    writeFileSync(lockFile(), "999999999\n");
    const held = Date.now() / 1000 + seconds;
    utimesSync(lockFile(), held, held);
    expect(await locked(async () => "done")).toBe("done");
  });

  it("that another process holds is waited for, but not for ever", async () => {
    mkdirSync(join(folder.path, "locks"));
    writeFileSync(lockFile(), `${process.pid}\n`);
    await expect(locked(async () => "done", 100)).rejects.toMatchObject({
      code: "lock-timeout",
      message: expect.stringContaining(lockFile()),
    });
    expect(existsSync(lockFile())).toBe(true);
  });
});
