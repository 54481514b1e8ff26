import { describe, expect, it } from "vitest";
import { openBackup } from "../../../tools/backup/backup-file";
import { fill } from "../../../tools/backup/fill";
import { recordOutput, sessionIn, temporaryFolder } from "../parts";
import { ARCHIVE, encryptedFile, fakeDocker, fileOf, PASSPHRASE } from "./parts";

const folder = temporaryFolder();
const DECLARED = {
  container: "db",
  database: "keycloak",
  servers: [{ container: "kc", image: "keycloak:26.4.7", port: 1 }],
  realms: ["prod"],
};

interface Options {
  databases?: string;
  realms?: string;
  file?: string;
  version?: string;
  interruption?: AbortSignal;
  yes?: boolean;
}

async function run(special = "", options: Options = {}) {
  const docker = fakeDocker(folder.path, special, options);
  const out = recordOutput();
  const session = sessionIn(folder.path, out, options.interruption);
  const backup = await openBackup(options.file ?? fileOf(folder.path, "b.dump", ARCHIVE), PASSPHRASE);
  const filled = fill(
    session,
    { ...DECLARED, env: session.env },
    DECLARED,
    backup,
    options.version ?? "26.4.7",
    options.yes ?? true,
  );
  const result = await filled.catch((error: unknown) => ({ error }));
  const steps = docker
    .calls()
    .map((call) => call.replace(/.*--command=/, ""))
    .filter((call) => /^(CREATE|DROP)|into|--dbname=keycloak_restored --single/.test(call));
  return { result, steps, warned: out.warned };
}

const CREATED = "CREATE DATABASE keycloak_restored OWNER keycloak TEMPLATE template0";
const RESTORED =
  "exec --interactive db pg_restore --username=postgres --dbname=keycloak_restored --single-transaction --exit-on-error --no-owner --no-privileges --role=keycloak";
const DROPPED = "DROP DATABASE IF EXISTS keycloak_restored WITH (FORCE)";

describe("filling a database beside the present one", () => {
  it("restores in one transaction, and tells what is in it", async () => {
    const { result, steps, warned } = await run();
    expect(result).toEqual({
      facts: { realms: ["prod"], keycloak: "26.4.7" },
      madeAt: "2026-11-30 10:53:40 UTC",
      before: [],
    });
    expect(steps).toEqual([CREATED, RESTORED]);
    expect(warned).toEqual([]);
  });

  it.each([
    ["*single-transaction*) cat >/dev/null; echo 'unexpected end of file' >&2; exit 1;;", {}, "not-a-backup"],
    ["*single-transaction*) echo 'unsupported version (1.16)' >&2; exit 1;;", {}, "not-a-backup"],
    ["", { realms: "other" }, "backup-of-other-realm"],
    ["", { version: "26.4.6" }, "backup-newer"],
    ["", { yes: false }, "not-confirmed"],
  ])("leaves nothing of what is refused: %s %j", async (special, options, code) => {
    const { result, steps } = await run(special, options);
    expect(result).toMatchObject({ error: { code } });
    expect(steps).toEqual([CREATED, RESTORED, DROPPED]);
  });

  it("leaves nothing after Ctrl-C, which is no fault of the file", async () => {
    const special = "*single-transaction*) cat >/dev/null; exit 130;;";
    const { result, steps } = await run(special, { interruption: AbortSignal.abort() });
    expect(result).toMatchObject({ error: { code: "interrupted", message: "nothing was replaced" } });
    expect(steps).toEqual([CREATED, RESTORED, DROPPED]);
  });

  it("names the file that is damaged, not what PostgreSQL was given", async () => {
    const whole = await encryptedFile(folder.path, `${ARCHIVE}${"x".repeat(100_000)}`);
    const { truncateSync } = await import("node:fs");
    truncateSync(whole, 80_000);
    const { result } = await run("", { file: whole });
    expect(result).toMatchObject({
      error: { code: "not-a-backup", message: expect.stringContaining("backup.age is damaged or cut off") },
    });
  });

  it("removes what an interrupted restore was filling, and keeps what was there before it until the end", async () => {
    const databases = "keycloak_restored\\nkeycloak_before_20261130t110659z\\nother\\n";
    const { result, steps, warned } = await run("", { databases });
    expect(steps).toEqual([DROPPED, CREATED, RESTORED]);
    expect(result).toMatchObject({ before: ["keycloak_before_20261130t110659z"] });
    expect(warned).toEqual([
      "an interrupted restore left the database keycloak_restored, which nobody used; it is removed",
      expect.stringContaining("what was there before in the database keycloak_before_20261130t110659z; it is removed"),
    ]);
  });
});
