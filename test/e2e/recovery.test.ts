import { createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cdktf, docker, dockerThings, filesMade, m2m, makeProject, namesOf, takeDown, upRepairs } from "./environment";

const OWN = namesOf("lost");

let folder: string;

beforeAll(async () => {
  folder = makeProject(OWN);
  const { exitCode, stderr } = await m2m(folder, ["up"]);
  expect(exitCode, stderr).toBe(0);
});

afterAll(async () => await takeDown(folder, OWN));

describe("a lost container", () => {
  it("makes cdktf deploy fail, and one up brings it back with realm and clients as they were", async () => {
    await docker("rm", "--force", OWN.keycloak);
    const deploy = await cdktf(folder, ["deploy", "--auto-approve"]);
    expect(deploy.exitCode).not.toBe(0);
    expect(deploy.stdout + deploy.stderr).toMatch(/m2m up|connection refused/);
    expect(await upRepairs(folder)).toContain("a container of this environment is gone");
  });

  it("is brought back if its volume is lost too, with a new realm and clients", async () => {
    await docker("rm", "--force", OWN.keycloak);
    await docker("volume", "rm", `${OWN.keycloak}-data`);
    await upRepairs(folder);
  });

  it("that was only stopped is started again", async () => {
    await docker("stop", OWN.keycloak, OWN.machine);
    await upRepairs(folder);
  });
});

describe("a wrong administrator's password", () => {
  it("is reported with the name of its variable, and not shown", async () => {
    const wrong = "Canary-wrong-password";
    const { exitCode, stderr } = await m2m(folder, ["diff"], { TF_VAR_keycloak_admin_password: wrong });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/401|invalid_grant|Invalid user credentials/);
    expect(stderr).toContain("KEYCLOAK_PASSWORD");
    expect(stderr).not.toContain(wrong);
  });
});

describe("without Docker", () => {
  it("up, diff and down name the address that does not answer", async () => {
    const env = { DOCKER_HOST: "unix:///nonexistent/docker.sock" };
    for (const args of [["up"], ["diff"], ["down", "--yes"]]) {
      const { exitCode, stderr } = await m2m(folder, args, env);
      expect(exitCode).toBe(1);
      expect(stderr).toContain("/nonexistent/docker.sock");
    }
  });
});

describe("down", () => {
  it("asks first, and destroys nothing if nobody can answer", async () => {
    const { exitCode, stderr } = await m2m(folder, ["down"]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain("pass --yes");
    expect((await m2m(folder, ["call"])).stdout).toMatch(/^HTTP 200/);
  });

  it("leaves nothing, even if Keycloak is gone, and can be repeated", async () => {
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

  it("is reported before anything is created", async () => {
    const { exitCode, stdout } = await m2m(folder, ["up", "--json"]);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout).error).toEqual({
      code: "port-in-use",
      message: expect.stringContaining(String(OWN.machinePort)),
    });
    expect(await dockerThings(OWN)).toEqual([]);
  });
});
