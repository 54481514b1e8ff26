// Servers in production on a database that somebody else runs: what they do, and what is said of one that cannot be used.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Server } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSources } from "../../constructs/contract/sources";
import { openIssuer } from "../../machines/calling/open-issuer";
import { requestToken } from "../../machines/calling/request-token";
import { parseToken } from "../../machines/verifying/parse-token";
import { keyOf } from "./cluster/replicas";
import { Elsewhere } from "./database/elsewhere";
import { startProxy } from "./database/proxy";
import { docker, dockerThings, m2m, makeProject, namesOf, takeDown } from "./environment";
import { removeLeftovers } from "./leftovers";
import { ROOT } from "./project";

const OWN = namesOf("database");
const DATABASE_PORT = OWN.keycloakPort + 1;
const PROXY_PORT = OWN.keycloakPort + 2;
const PROXIED_PORT = OWN.keycloakPort + 3;
const PASSWORD = "Canary-51d0-database-password";
/** How long a server may take to be back on a busy machine. */
const PATIENCE_MS = 120_000;

let folder: string;
let database: Elsewhere;
let proxy: Server;

beforeAll(async () => {
  folder = project("servers");
  database = await Elsewhere.start(
    `${OWN.keycloak}-elsewhere`,
    DATABASE_PORT,
    join(folder, "elsewhere"),
    readSources(folder),
  );
  for (const name of ["direct", "proxied"]) {
    await database.sql(`CREATE ROLE ${name} LOGIN PASSWORD '${PASSWORD}'`, `CREATE DATABASE ${name} OWNER ${name}`);
  }
  tell(folder, { at: database.at, proxiedPort: PROXIED_PORT });
  const { exitCode, stderr } = await m2m(folder, ["up"]);
  expect(exitCode, stderr).toBe(0);
  proxy = await startProxy(join(folder, "certs"), { port: PROXIED_PORT, listen: PROXY_PORT });
});
afterAll(async () => {
  proxy?.close();
  await takeDown(folder, OWN);
  await removeLeftovers(["database"]);
});

describe("a server on a database that exists", () => {
  it("grants under its public address, and shows no change", async () => {
    expect(await issuerOf("direct")).toBe("https://direct.example.test/realms/direct");
    expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
  });

  it("keeps the database's password out of what is synthesized, of the state, and of Docker's view", async () => {
    const files = ["cdktf.out/stacks/elsewhere/cdk.tf.json", "terraform.elsewhere.tfstate"];
    const seen = [
      ...files.map((file) => readFileSync(join(folder, file), "utf8")),
      await docker("inspect", OWN.keycloak),
    ];
    expect(seen.join().includes(PASSWORD)).toBe(false);
  });
});

describe("a server behind a proxy that speaks https", () => {
  it("grants under the proxy's address, and knows the caller's", async () => {
    const { accessToken } = await tokenByProxy();
    expect(parseToken(accessToken).payload.iss).toBe("https://proxied.example.test/realms/proxied");
    const { stdout } = await m2m(folder, ["events", "--client", "proxied", "--json"]);
    expect(stdout).toContain("203.0.113.9");
  });
});

describe("an older Keycloak", () => {
  it("is refused, and nothing is changed", async () => {
    const older = "m2m-database/keycloak:26.3.0";
    await makeOlder(await docker("inspect", "--format", "{{.Image}}", OWN.keycloak), older);
    const main = readFileSync(join(folder, "main.ts"), "utf8");
    writeFileSync(join(folder, "main.ts"), main.replace('mode: "production"', `image: "${older}", $&`));
    const { exitCode, stderr } = await m2m(folder, ["up"]);
    writeFileSync(join(folder, "main.ts"), main);
    await docker("rmi", older);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`m2m: ${OWN.keycloak} is declared with ${older}, but Keycloak 26.4.7 is there`);
    expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
  });
});

describe("a database whose disk is full", () => {
  it("is named by up, and loses nothing: the next up goes on when there is room", async () => {
    const content = () => database.sql("\\connect direct", "SELECT client_id, secret FROM client ORDER BY id");
    const before = (await content()).split("\n");
    const main = readFileSync(join(folder, "main.ts"), "utf8");
    const more = 'new Realm(stack, "Realm-more", { server: direct, realmName: "more" });';
    writeFileSync(join(folder, "main.ts"), main.replace("app.synth();", `${more}\n$&`));
    await database.fill();
    try {
      const { exitCode, stderr } = await m2m(folder, ["up"]);
      expect(exitCode, stderr).toBe(1);
      expect(stderr).toContain(`${OWN.keycloak} cannot use its database: the d`);
      expect(stderr).toContain(database.at);
      expect(stderr).toContain("Nothing that was answered is lost");
    } finally {
      await database.makeRoom();
    }
    await waitFor(async () => (await m2m(folder, ["token", "direct"])).exitCode === 0);
    const { exitCode, stderr } = await m2m(folder, ["up"]);
    expect(exitCode, stderr).toBe(0);
    expect((await content()).split("\n")).toEqual(expect.arrayContaining(before));
    expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
  });
});

describe("a database that cannot be used", () => {
  it("is named by up for each server: what is wrong, where, and what to do", async () => {
    const wrong = project("wrong");
    await database.sql(`CREATE ROLE reader LOGIN PASSWORD '${PASSWORD}'`, "CREATE DATABASE readable");
    mkdirSync(join(wrong, "elsewhere"));
    for (const ca of ["db-ca.crt", "other-ca.crt"]) {
      writeFileSync(join(wrong, "elsewhere", ca), readFileSync(join(folder, "elsewhere", ca)));
    }
    writeFileSync(join(wrong, "other.password"), "Canary-another-password");
    const name = `${OWN.keycloak}-wrong`;
    tell(wrong, { name, at: database.at, firstPort: PROXIED_PORT + 1 });
    const { exitCode, stderr } = await m2m(wrong, ["up"]);
    expect(exitCode).toBe(1);
    const host = database.at.split(":")[0];
    for (const [what, words] of Object.entries({
      password: `the database at ${database.at} refuses the password of user direct`,
      host: "the database at db.example.invalid:5432 is not reached",
      port: `nothing listens at ${host}:1`,
      database: `the server at ${database.at} has no database missing`,
      authority: `the certificate of the database at ${database.at} is of a CA that is not in`,
      rights: `user reader may not make or change tables in database readable at ${database.at}`,
    })) {
      expect(stderr).toContain(`${name}-${what} cannot use its database: ${words}`);
    }
    expect(stderr).not.toContain("Canary");
    await takeDown(wrong, OWN);
    expect((await dockerThings(OWN)).filter((one) => one.includes("wrong"))).toEqual([]);
  });
});

/** Makes an image that says of itself that it is of Keycloak 26.3.0. */
async function makeOlder(image: string, older: string): Promise<void> {
  const container = await docker("create", image);
  writeFileSync(join(folder, "version.txt"), "Keycloak - Version 26.3.0\n");
  await docker("cp", join(folder, "version.txt"), `${container}:/opt/keycloak/version.txt`);
  await docker("commit", container, older);
  await docker("rm", container);
}

/** A project folder with one of the apps beside, and the right password. */
function project(app: string): string {
  const main = readFileSync(join(ROOT, "test", "e2e", "database", `${app}.app.ts`), "utf8");
  const made = makeProject(OWN, main.replace('"../../../constructs"', '"./constructs"'));
  writeFileSync(join(made, "database.password"), `${PASSWORD}\n`);
  if (app === "servers") mkdirSync(join(made, "elsewhere"));
  return made;
}

/** Tells the app what is known only now. */
function tell(made: string, test: Record<string, unknown>): void {
  const file = join(made, "cdktf.json");
  const { context, ...rest } = JSON.parse(readFileSync(file, "utf8"));
  writeFileSync(file, JSON.stringify({ ...rest, context: { ...context, test } }));
}

async function issuerOf(clientId: string): Promise<unknown> {
  const { stdout, stderr } = await m2m(folder, ["token", clientId]);
  expect(stdout, stderr).toMatch(/^ey/);
  return parseToken(stdout).payload.iss;
}

/** What a machine gets that reaches its issuer by the proxy. */
async function tokenByProxy() {
  const tls = { caFile: join(folder, "certs", "sso-ca.crt") };
  const connectTo = `proxied.example.test:443=127.0.0.1:${PROXY_PORT}`;
  const issuer = openIssuer({ issuer: "https://proxied.example.test/realms/proxied", connectTo, tls });
  try {
    return await requestToken(issuer, { clientId: "proxied", signingKey: keyOf(folder, "proxied") });
  } finally {
    await issuer.close();
  }
}

async function waitFor(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !(await isSo()); await sleep(1000)) {
    if (Date.now() > end) throw new Error(`not so after ${PATIENCE_MS / 1000} s`);
  }
}
