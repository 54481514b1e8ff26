import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cdktf, docker, dockerThings, filesMade, m2m, makeProject, OWN, PROGRAM, takeDown } from "./environment";

let folder: string;
let image: string;

beforeAll(async () => {
  folder = makeProject(OWN);
  const { exitCode, stderr } = await m2m(folder, ["up"]);
  expect(exitCode, stderr).toBe(0);
  image = await docker("inspect", "--format", "{{.Config.Image}}", OWN.keycloak);
});

afterAll(async () => await takeDown(folder, OWN));

/** What a person would do after an accident: one `up`, and the environment is whole again. */
async function upRepairs(): Promise<string> {
  const { exitCode, stdout, stderr } = await m2m(folder, ["up"]);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toMatch(/^HTTP 200 from/);
  expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
  return stderr;
}

describe("a lost container", () => {
  it("makes a bare deploy fail, and is brought back by one up, realm and clients as they were", async () => {
    await docker("rm", "--force", OWN.keycloak);
    const deploy = await cdktf(folder, ["deploy", "--auto-approve"]);
    expect(deploy.exitCode).not.toBe(0);
    expect(deploy.stdout + deploy.stderr).toMatch(/m2m up|connection refused/);
    expect(await upRepairs()).toContain("a container of this environment is gone");
  });

  it("is brought back without its volume too, realm and clients anew", async () => {
    await docker("rm", "--force", OWN.keycloak);
    await docker("volume", "rm", `${OWN.keycloak}-data`);
    await upRepairs();
  });

  it("that was only stopped is started", async () => {
    await docker("stop", OWN.keycloak, OWN.machine);
    await upRepairs();
  });
});

describe("an interrupted up", () => {
  it.each([
    ["SIGINT", 5_000],
    ["SIGKILL", 8_000],
  ] as const)("by %s after %i ms is finished by the next", async (signal, afterMs) => {
    expect((await m2m(folder, ["down", "--yes"])).exitCode).toBe(0);
    const run = execa("node", [PROGRAM, "up"], {
      cwd: folder,
      env: { CI: "" },
      stdin: "ignore",
      reject: false,
      detached: true,
    });
    await sleep(afterMs);
    process.kill(-run.pid!, signal); // the whole group, as Ctrl-C on a terminal does
    const { exitCode } = await run;
    expect(exitCode).not.toBe(0);
    await upRepairs();
  });
});

describe("a wrong administrator's password", () => {
  it("is said, with the variable that holds it, and not shown", async () => {
    const wrong = "Canary-wrong-password";
    const { exitCode, stderr } = await m2m(folder, ["diff"], { TF_VAR_keycloak_admin_password: wrong });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/401|invalid_grant|Invalid user credentials/);
    expect(stderr).toContain("KEYCLOAK_PASSWORD");
    expect(stderr).not.toContain(wrong);
  });
});

describe("without Docker", () => {
  it("up, diff and down name the address that nobody answers at", async () => {
    const env = { DOCKER_HOST: "unix:///nonexistent/docker.sock" };
    for (const args of [["up"], ["diff"], ["down", "--yes"]]) {
      const { exitCode, stderr } = await m2m(folder, args, env);
      expect(exitCode).toBe(1);
      expect(stderr).toContain("/nonexistent/docker.sock");
    }
  });
});

describe("down", () => {
  it("asks, and where nobody can answer it destroys nothing", async () => {
    const { exitCode, stderr } = await m2m(folder, ["down"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("pass --yes");
    expect((await m2m(folder, ["call"])).stdout).toMatch(/^HTTP 200/);
  });

  it("leaves nothing, also when Keycloak is gone, and can be repeated", async () => {
    await docker("rm", "--force", OWN.keycloak);
    const { exitCode, stderr } = await m2m(folder, ["down", "--yes"]);
    expect(exitCode, stderr).toBe(0);
    expect(await dockerThings(OWN)).toEqual([]);
    expect(filesMade(folder).sort()).toEqual([
      ".m2m",
      "certs/machine-a-signing.crt",
      "certs/machine-a-signing.key",
      "certs/machine-b-signing.crt",
      "certs/machine-b-signing.key",
    ]);
    expect((await m2m(folder, ["down", "--yes"])).exitCode).toBe(0);
  });
});

describe("a port in use", () => {
  let server: Server;
  beforeAll(async () => {
    server = createServer();
    await new Promise<void>((resolve) => server.listen(OWN.machinePort, "127.0.0.1", resolve));
  });
  afterAll(async () => await new Promise((resolve) => server.close(resolve)));

  it("is named before anything is made", async () => {
    const { exitCode, stdout } = await m2m(folder, ["up", "--json"]);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout).error).toEqual({
      code: "port-in-use",
      message: expect.stringContaining(String(OWN.machinePort)),
    });
    expect(await dockerThings(OWN)).toEqual([]);
  });
});

describe("a Keycloak that does not become healthy", () => {
  it("is reported with the last lines of its log", async () => {
    const main = readFileSync(join(folder, "main.ts"), "utf8");
    writeFileSync(join(folder, "main.ts"), main.replace('"Keycloak")', '"Keycloak", { startTimeoutSeconds: 20 })'));
    const volume = `${OWN.keycloak}-data`;
    await docker("volume", "create", volume);
    const garbage = "mkdir -p /data/h2 && echo no database > /data/h2/keycloakdb.mv.db && chown -R 1000 /data";
    await docker(
      "run",
      "--rm",
      "--user",
      "0",
      "--volume",
      `${volume}:/data`,
      "--entrypoint",
      "bash",
      image,
      "-c",
      garbage,
    );
    const { exitCode, stdout } = await m2m(folder, ["up", "--json"]);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout).error).toEqual({
      code: "not-healthy",
      message: expect.stringMatching(/Failed to start server|Error opening database|file is corrupted/),
    });
  });
});
