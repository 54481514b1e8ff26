// examples/layered: server and identities in two repositories, each with its own state and credentials.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { docker, dockerThings, makeProject, namesOf, takeDown } from "./environment";
import { askAsDeployer, clone, deployByThePage, programOf, run, sql } from "./layered/teams";
import { httpStates, type StateServer } from "./state-server";

const OWN = namesOf("layered");
const DATABASE = `${OWN.keycloak}-database`;

let server: string;
/** Two clones of one repository. */
let anna: string;
let ben: string;
/** Another repository of the same team, with its state elsewhere. */
let elsewhere: string;
let states: StateServer;

beforeAll(async () => {
  server = makeProject(OWN, programOf("server", OWN));
  anna = makeProject(OWN, programOf("identities", OWN));
  const said = await deployByThePage({ server, identities: anna });
  expect(said).toContain("+ client orders");
  ben = clone(anna, OWN);
});
afterAll(async () => {
  await takeDown(server, OWN);
  await states?.close();
  for (const folder of [anna, ben, elsewhere]) if (folder) rmSync(folder, { recursive: true, force: true });
});

async function succeeds(folder: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const { exitCode, stdout, stderr } = await run(folder, ...args);
  expect(exitCode, `${args.join(" ")}\n${stdout}\n${stderr}`).toBe(0);
  return { stdout, stderr };
}

/** The same in several folders at once, which do not get into each other's way. */
async function allSucceed(folders: readonly string[], ...args: string[]): Promise<void> {
  await Promise.all(folders.map((folder) => succeeds(folder, ...args)));
}

/** Adds a client to what some checkouts declare: the same commit in all of them. */
function declareClient(name: string, ...folders: string[]): void {
  const lines = `new SignedJwtClient(stack, "${name}", { realm, clientId: "${name}", signingKey: keyA });\n`;
  for (const folder of folders) {
    const main = join(folder, "main.ts");
    writeFileSync(main, readFileSync(main, "utf8").replace("new TerraformOutput(", `${lines}new TerraformOutput(`));
  }
}

/** Two engineers run `up` at the same moment; gives the errors of those that were refused. */
async function upAtOnce(...folders: string[]): Promise<{ code: string; message: string }[]> {
  const results = await Promise.all(folders.map((folder) => run(folder, "up", "--json")));
  return results.filter(({ exitCode }) => exitCode !== 0).map(({ stdout }) => JSON.parse(stdout).error);
}

/** They do that, each time with one client more, until one of them is refused. */
async function upUntilRefused(prefix: string, ...folders: string[]) {
  for (let round = 1; round <= 5; round++) {
    declareClient(`${prefix}-${round}`, ...folders);
    const refused = await upAtOnce(...folders);
    expect(refused.length).toBeLessThan(folders.length);
    if (refused.length > 0) return refused;
  }
  throw new Error("nobody was refused in five rounds");
}

/** Both have the same in the end, and it is what is declared. */
async function expectNothingLost(...folders: string[]): Promise<void> {
  for (const folder of folders) await succeeds(folder, "up"); // one after the other: they share a state
  await allSucceed(folders, "diff");
}

describe("two layers, brought up as the page says and without any password", () => {
  it("show no change, and a machine of the team gets a token", async () => {
    await allSucceed([server, anna, ben], "diff");
    expect((await succeeds(anna, "token", "orders")).stdout).toMatch(/^e/);
  });

  it("let the team manage the clients of the realm, and nothing else", async () => {
    const ask = await askAsDeployer(anna, OWN);
    expect(await ask("GET", "/realms/machines/clients")).toBe(200);
    const refused: [method: string, path: string, body?: object][] = [
      ["POST", "/realms", { realm: "another" }],
      ["PUT", "/realms/machines", { accessTokenLifespan: 86_400 }],
      ["GET", "/realms/master/clients"],
      ["GET", "/realms/master/users"],
      ["POST", "/realms/master/users", { username: "mallory" }],
      ["GET", "/realms/machines/users"],
      ["POST", "/realms/machines/users", { username: "mallory" }],
      ["GET", "/realms/machines/components"],
      ["GET", "/realms/machines/events"],
    ];
    for (const [method, path, body] of refused) expect(await ask(method, path, body), `${method} ${path}`).toBe(403);
  });

  it("let its role into its own database alone, by its certificate, from this machine", async () => {
    const isTls = "select version from pg_stat_ssl where pid = pg_backend_pid()";
    expect(await sql(anna, OWN, isTls)).toBe("TLSv1.3");
    expect(await sql(anna, OWN, "select name from terraform_remote_state.states")).toBe("default");
    expect(await sql(anna, OWN, "select 1", { database: "keycloak" })).toContain("no pg_hba.conf entry");
    expect(await sql(anna, OWN, "select 1", { database: "postgres" })).toContain("no pg_hba.conf entry");
    const asKeycloak = { user: "keycloak", database: "keycloak" };
    expect(await sql(anna, OWN, "select 1", asKeycloak)).toContain("certificate authentication failed");
    expect(await sql(anna, OWN, "select 1", { certificate: false })).toContain("valid client certificate");
    const rights = "set role states_identities; select count(*) from user_entity";
    const inside = ["exec", DATABASE, "psql", "--username=postgres", "keycloak", "-c", rights];
    await expect(docker(...inside)).rejects.toThrow("permission denied for table user_entity");
  });

  it("publish PostgreSQL at 127.0.0.1 alone, and let its container reach nothing", async () => {
    const [{ HostConfig }] = JSON.parse(await docker("inspect", DATABASE));
    expect(Object.values(HostConfig.PortBindings).flat()).toMatchObject([{ HostIp: "127.0.0.1" }]);
    const others = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    const address = others.find(({ family, internal }) => family === "IPv4" && !internal)?.address;
    if (address) expect(await sql(anna, OWN, "select 1", { host: address })).toContain("Connection refused");
    const connect = "timeout 5 bash -c 'echo > /dev/tcp/192.0.2.1/443'"; // an address of no host (RFC 5737)
    await expect(docker("exec", DATABASE, "bash", "-c", connect)).rejects.toThrow();
  });
});

describe("when what keeps the states is away", () => {
  it.each([
    ["is stopped", "stop", "start", [["diff"], ["up"], ["down", "--yes"]]],
    ["does not answer", "pause", "unpause", [["diff"]]], // after half a minute
  ])("each command says so and ends, where it %s", async (_, take, give, commands) => {
    await docker(take, DATABASE);
    try {
      for (const command of commands) {
        const { exitCode, stderr } = await run(anna, ...command);
        expect(exitCode).toBe(1);
        expect(stderr).toContain("That is what keeps the state of this stack");
      }
    } finally {
      await docker(give, DATABASE);
    }
    await expect.poll(async () => (await run(anna, "diff")).exitCode, { timeout: 120_000, interval: 1_000 }).toBe(0);
  });
});

describe("two engineers at once", () => {
  it("one is refused by the lock of pg, which says whose it is, and nothing is lost", async () => {
    const [{ code, message } = { code: "", message: "" }] = await upUntilRefused("at-once", anna, ben);
    expect(["busy", "state-changed"]).toContain(code);
    expect(message).toMatch(/^another run (holds the lock of|has changed) the state of stack identities/);
    expect(message).toContain("bring your checkout up to date");
    await expectNothingLost(anna, ben);
  });

  it("the same holds for a state by http", async () => {
    states = await httpStates();
    const main = programOf("identities", OWN)
      .replace(/new PgBackend\([\s\S]*?\}\);/, `${states.backend};`)
      .replace("PgBackend", "HttpBackend")
      .replace(/const access = [\s\S]*?\}\);\n/, "")
      .replaceAll(/"(orders|billing)"/g, '"http-$1"');
    elsewhere = makeProject(OWN, main);
    await execa("cp", ["-r", join(anna, "access"), elsewhere]);
    await succeeds(elsewhere, "up");
    const other = clone(elsewhere, OWN);
    try {
      const [{ message } = { message: "" }] = await upUntilRefused("http-at-once", elsewhere, other);
      expect(message).toMatch(/^another run (holds the lock of|has changed) the state of stack identities/);
      await expectNothingLost(elsewhere, other);
    } finally {
      rmSync(other, { recursive: true, force: true });
    }
  });
});

describe("when the server is lost", () => {
  const identities = () => [anna, elsewhere];

  it("a lost container of Keycloak is a matter of the server's repository alone", async () => {
    await docker("rm", "--force", OWN.keycloak);
    await succeeds(server, "up");
    await allSucceed(identities(), "diff");
  });

  it("after a lost volume and a restore, up is enough, with the state in that very volume and elsewhere", async () => {
    await succeeds(server, "backup", "keycloak.dump");
    declareClient("since", anna);
    declareClient("http-since", elsewhere);
    await allSucceed(identities(), "up");
    await loseTheVolume();
    expect((await run(server, "up")).stderr).toContain("bring a backup back by `m2m restore FILE`");
    await succeeds(server, "restore", "keycloak.dump", "--yes");
    await succeeds(server, "up");
    const [{ stderr }] = await Promise.all([succeeds(anna, "up"), succeeds(elsewhere, "up")]);
    expect(stderr).toContain("the state does not know, and Keycloak has, client orders of realm machines");
    await allSucceed([server, ...identities()], "diff");
    expect((await succeeds(anna, "token", "orders")).stdout).toMatch(/^e/);
  });

  it("after a lost volume without a backup, both are made again by up", async () => {
    await loseTheVolume();
    await succeeds(server, "down", "--yes", "--destroy-data");
    await succeeds(server, "up");
    await allSucceed(identities(), "up");
    await allSucceed([server, ...identities()], "diff");
    expect((await succeeds(anna, "token", "orders")).stdout).toMatch(/^e/);
  });
});

describe("down", () => {
  it("takes the identities down by the team's credentials, and the server with all that it made", async () => {
    await allSucceed([anna, elsewhere], "down", "--yes");
    await succeeds(server, "down", "--yes", "--destroy-data");
    expect(await dockerThings(OWN)).toEqual([]);
  });
});

async function loseTheVolume(): Promise<void> {
  await docker("rm", "--force", DATABASE);
  await docker("volume", "rm", `${DATABASE}-data`);
}
