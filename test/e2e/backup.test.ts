// A backup of a server for production, what a restore refuses, and a restore after the volume was lost.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contentOf, sqlIn } from "./database/content";
import { ADMIN_PASSWORD, docker, m2m, makeProject, namesOf, takeDown } from "./environment";
import { PROGRAM, ROOT } from "./project";

const OWN = namesOf("backup");
const DATABASE = `${OWN.keycloak}-database`;
const PASSPHRASE = ["--passphrase-file", "passphrase"];

let folder: string;
let atBackup: string;
let token: string;

beforeAll(async () => {
  const main = readFileSync(join(ROOT, "examples", "production", "main.ts"), "utf8");
  folder = makeProject(OWN, main.replace('"../../constructs"', '"./constructs"'));
  writeFileSync(join(folder, "passphrase"), "correct horse battery staple\n");
  writeFileSync(join(folder, "other-passphrase"), "another horse battery staple\n");
  const { exitCode, stdout, stderr } = await m2m(folder, ["up"]);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toContain("HTTP 200");
  token = (await m2m(folder, ["token", "machine-a"])).stdout;
});
afterAll(() => takeDown(folder, OWN));

const sql = (text: string, database?: string) => sqlIn(DATABASE, text, database);
const databases = () => sql("SELECT datname FROM pg_database WHERE datname LIKE 'keycloak%' ORDER BY 1");
const content = () => contentOf(DATABASE);
const health = () => docker("inspect", "--format", "{{.State.Health.Status}}", OWN.keycloak);

/** The backup as it would be of another Keycloak: restored beside it, changed, and backed up by PostgreSQL's own means. */
async function changed(name: string, change: string): Promise<string> {
  await sql("CREATE DATABASE another");
  const restoring = ["exec", "--interactive", DATABASE, "pg_restore", "--username=postgres", "--dbname=another"];
  await execa("docker", restoring, { inputFile: join(folder, "keycloak.dump") });
  await sql(change, "another");
  const dumping = ["exec", DATABASE, "pg_dump", "--username=postgres", "--format=custom", "another"];
  const { stdout } = await execa("docker", dumping, { encoding: "buffer" });
  writeFileSync(join(folder, name), stdout);
  await sql("DROP DATABASE another");
  return name;
}

/** What a person changes in Keycloak: a client, and with its sign-in an event. */
async function changeByHand(): Promise<void> {
  const base = `https://localhost:${OWN.keycloakPort}`;
  const curl = async (...args: string[]) =>
    (await execa("curl", ["-sS", "--fail", "--cacert", "certs/production-ca.trust.crt", ...args], { cwd: folder }))
      .stdout;
  const form = `grant_type=password&client_id=admin-cli&username=admin&password=${ADMIN_PASSWORD}`;
  const { access_token } = JSON.parse(await curl("-d", form, `${base}/realms/master/protocol/openid-connect/token`));
  const headers = ["-H", `Authorization: Bearer ${access_token}`, "-H", "Content-Type: application/json"];
  await curl(...headers, "-d", '{"clientId":"by-hand"}', `${base}/admin/realms/sjwt-example/clients`);
  await m2m(folder, ["token", "machine-a"]);
}

async function errorOf(...args: string[]): Promise<string> {
  const { exitCode, stdout } = await m2m(folder, [...args, "--json"]);
  expect(exitCode).toBe(1);
  const { error } = JSON.parse(stdout);
  return `${error.code}: ${error.message}`;
}

describe("a backup", () => {
  it("is taken while Keycloak runs, for its owner alone, plain or encrypted", async () => {
    atBackup = await content();
    const plain = await m2m(folder, ["backup", "keycloak.dump"]);
    expect(plain.stdout, plain.stderr).toMatch(`not encrypted; realm sjwt-example of Keycloak 26.4.7 in ${DATABASE}`);
    const encrypted = await m2m(folder, ["backup", "keycloak.age", ...PASSPHRASE]);
    expect(encrypted.exitCode, encrypted.stderr).toBe(0);
    for (const name of ["keycloak.dump", "keycloak.age"]) {
      expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600);
    }
    expect(readFileSync(join(folder, "keycloak.age"), "latin1")).toMatch(/^age-encryption\.org\/v1\n-> scrypt /);
    expect(await health()).toBe("healthy");
  });

  it("replaces no file unasked", async () => {
    expect(await errorOf("backup", "keycloak.dump")).toMatch(/^backup-exists: keycloak\.dump is there already/);
  });
});

describe("a restore", () => {
  it("refuses what does not fit, and changes nothing", async () => {
    const other = await changed("other.dump", "UPDATE realm SET name = 'other' WHERE name = 'sjwt-example'");
    const newer = await changed("newer.dump", "INSERT INTO migration_model VALUES ('newer', '99.0.0', 4102444800)");
    for (const name of ["keycloak.dump", "keycloak.age"]) {
      writeFileSync(join(folder, `cut-${name}`), readFileSync(join(folder, name)).subarray(0, 150_000));
    }
    const refused: [args: string[], message: RegExp][] = [
      [["package.json"], /^not-a-backup: package\.json must be a backup of/],
      [["keycloak.age"], /^passphrase-wrong: keycloak\.age is encrypted; give the file/],
      [["keycloak.age", "--passphrase-file", "other-passphrase"], /^passphrase-wrong: .* another passphrase/],
      [["cut-keycloak.age", ...PASSPHRASE], /^not-a-backup: cut-keycloak\.age is damaged or cut off/],
      [["cut-keycloak.dump"], /^not-a-backup: cut-keycloak\.dump is damaged or cut off[\s\S]*end of file/],
      [[other], /^backup-of-other-realm: .* it holds realm other, and the project declares realm sjwt-example/],
      [[newer], /^backup-newer: newer\.dump is of Keycloak 99\.0\.0, and 26\.4\.7 runs here/],
      [["keycloak.dump", "--database", "none"], /^database-unknown: no database none is declared; known: /],
    ];
    for (const [args, message] of refused) expect(await errorOf("restore", "--yes", ...args)).toMatch(message);
    expect((await m2m(folder, ["restore", "keycloak.dump"])).exitCode).toBe(3); // nobody to ask
    expect(await databases()).toBe("keycloak");
    expect(await content()).toBe(atBackup);
    expect(await health()).toBe("healthy");
  });

  it("that was killed leaves a whole database, and the next one says what it removes", async () => {
    await changeByHand();
    expect(await content()).not.toBe(atBackup);
    const killed = execa("node", [PROGRAM, "restore", "keycloak.dump", "--yes"], {
      cwd: folder,
      env: { KEYCLOAK_PASSWORD: ADMIN_PASSWORD },
      reject: false,
    });
    while (!(await databases()).includes("keycloak_before")) await sleep(100);
    killed.kill("SIGKILL");
    await killed;
    expect(await content()).toBe(atBackup);
    const { exitCode, stdout, stderr } = await m2m(folder, ["restore", "keycloak.dump", "--yes"]);
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toMatch(/an interrupted restore had put its backup in place, and kept .* keycloak_before_\w+;/);
    expect(stdout).toMatch(/^restored keycloak\.dump of .*: realm sjwt-example of Keycloak 26\.4\.7/);
    expect(await databases()).toBe("keycloak");
    expect(await content()).toBe(atBackup);
  });
});

describe("after the volume was lost", () => {
  it("nothing is made in its place unasked, and a restore brings all back as it was", async () => {
    await changeByHand();
    await docker("rm", "--force", DATABASE);
    await docker("volume", "rm", `${DATABASE}-data`);
    expect(await errorOf("up")).toMatch(
      /^data-lost: the volume .*-database-data with the data of stack production is gone/,
    );
    const { exitCode, stderr } = await m2m(folder, ["restore", "keycloak.age", ...PASSPHRASE, "--yes"]);
    expect(exitCode, stderr).toBe(0);
    expect(await content()).toBe(atBackup);
  });

  it("machines go on as before, with tokens from before, and nothing differs from the code", async () => {
    const { stdout, stderr } = await m2m(folder, ["call"]);
    expect(stdout, stderr).toContain("HTTP 200\ncaller: machine-a");
    const connect = ["--connect-to", `machine-b:3000:127.0.0.1:${OWN.machinePort}`];
    const trust = ["--cacert", join(folder, "certs", "production-ca.trust.crt")];
    const header = ["-H", `Authorization: Bearer ${token}`];
    const online = "https://machine-b:3000/api/protected/online";
    const old = await execa("curl", [
      "-sS",
      "-o",
      "/dev/null",
      "-w",
      "%{http_code}",
      ...connect,
      ...trust,
      ...header,
      online,
    ]);
    expect(old.stdout).toBe("200");
    const diff = await m2m(folder, ["diff"]);
    expect(diff.exitCode, diff.stdout + diff.stderr).toBe(0);
  });
});
