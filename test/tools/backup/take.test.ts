import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openBackup } from "../../../tools/backup/backup-file";
import { type TakeOptions, takeBackup } from "../../../tools/backup/take";
import { pathWith, recordOutput, temporaryFolder } from "../parts";
import { fakeDocker, PASSPHRASE } from "./parts";

const folder = temporaryFolder();

async function take(name = "b.dump", options: Partial<TakeOptions> = {}, states?: readonly string[]) {
  const out = recordOutput();
  const results: unknown[] = [];
  const place = { container: "db", database: "keycloak", states, env: pathWith(folder.path) };
  const file = join(folder.path, name);
  const output = { ...out, result: (...all: unknown[]) => void results.push(...all) };
  await takeBackup(place, output, { file, yes: false, ...options });
  return { file, results, warned: out.warned };
}

const left = () => readdirSync(folder.path).filter((name) => !name.startsWith("docker"));

describe("backup", () => {
  it("writes what pg_dump says, for its owner alone, and reads it again", async () => {
    const docker = fakeDocker(folder.path);
    const { file, results } = await take();
    expect(readFileSync(file, "utf8")).toBe("PGDMP of everything");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(results[0]).toContain("b.dump: 0.0 KiB, not encrypted; realm prod of Keycloak 26.4.7 in db");
    expect(results[1]).toEqual({
      file,
      bytes: 19,
      encrypted: false,
      database: "db",
      realms: ["prod"],
      keycloak: "26.4.7",
    });
    expect(docker.calls().filter((call) => /pg_/.test(call))).toEqual([
      "exec db pg_dump --username=postgres --format=custom keycloak",
      "exec --interactive db pg_restore --file=/dev/null",
    ]);
  });

  it("says that states of others are not in it", async () => {
    fakeDocker(folder.path);
    expect((await take("b.dump")).warned).toEqual([]);
    const { warned } = await take("c.dump", {}, ["states_a", "states_b"]);
    expect(warned).toEqual([
      expect.stringMatching(
        /^note: the Terraform states beside it \(states_a, states_b\) are not in the backup; `m2m up`/,
      ),
    ]);
  });

  it("encrypts it, and reads it again by the passphrase", async () => {
    fakeDocker(folder.path);
    const { file } = await take("b.age", { passphrase: PASSPHRASE });
    expect(readFileSync(file, "latin1")).not.toContain("everything");
    expect((await openBackup(file, PASSPHRASE)).isEncrypted).toBe(true);
  });

  it("replaces a file only with --yes, and nothing but a file", async () => {
    const docker = fakeDocker(folder.path);
    writeFileSync(join(folder.path, "b.dump"), "old");
    await expect(take()).rejects.toMatchObject({
      code: "backup-exists",
      message: expect.stringContaining("is there already; name another file, or pass --yes to replace it"),
    });
    expect(docker.calls()).toEqual([]);
    const { file } = await take("b.dump", { yes: true });
    expect(readFileSync(file, "utf8")).toBe("PGDMP of everything");
    mkdirSync(join(folder.path, "folder"));
    await expect(take("folder", { yes: true })).rejects.toMatchObject({ code: "file-unreadable" });
  });

  it.each([
    ["pg_dump that fails", "*pg_dump*) printf PGDMP; echo 'pg_dump: error: no space' >&2; exit 1;;", "database-failed"],
    ["a file that cannot be read again", "*pg_restore*) echo 'end of file' >&2; exit 1;;", "not-a-backup"],
    ["a container that does not run", "*exec*) echo 'container x is not running' >&2; exit 1;;", "not-deployed"],
    ["a database that no Keycloak has used", "*to_regclass*) printf '\\t\\n';;", "no-database"],
  ])("leaves nothing after %s", async (_, special, code) => {
    fakeDocker(folder.path, special);
    await expect(take()).rejects.toMatchObject({ code });
    expect(left()).toEqual([]);
  });

  it("says that nothing was written after Ctrl-C, not that PostgreSQL failed", async () => {
    fakeDocker(folder.path, "*pg_dump*) printf PGDMP; exit 130;;");
    await expect(take("b.dump", { interruption: AbortSignal.abort() })).rejects.toMatchObject({
      code: "interrupted",
      message: "no backup was written",
    });
    expect(left()).toEqual([]);
  });

  it("keeps the former file where the new one fails", async () => {
    fakeDocker(folder.path, "*pg_dump*) printf PGDMP; exit 1;;");
    writeFileSync(join(folder.path, "b.dump"), "old");
    await expect(take("b.dump", { yes: true })).rejects.toMatchObject({ code: "database-failed" });
    expect(readFileSync(join(folder.path, "b.dump"), "utf8")).toBe("old");
  });

  it("says where it cannot write", async () => {
    fakeDocker(folder.path);
    await expect(take("docker/b.dump")).rejects.toMatchObject({
      code: "file-unwritable",
      message: expect.stringMatching(/b\.dump could not be written \(E\w+\); name another file, or make room$/),
    });
  });

  it("removes what a killed backup of the same file left, and says so", async () => {
    fakeDocker(folder.path);
    const half = (name: string, pid: number) => join(folder.path, `.${name}.${pid}.0123abcd.half`);
    const all = [half("b.dump", 999_999_999), half("b.dump", process.pid), half("other.dump", 999_999_999)];
    for (const file of all) writeFileSync(file, "");
    const { warned } = await take();
    expect(all.map((file) => existsSync(file))).toEqual([false, true, true]);
    expect(warned).toEqual([expect.stringContaining("removed what a killed backup left: ")]);
  });
});
