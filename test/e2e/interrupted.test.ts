import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADMINISTRATOR, docker, m2m, makeProject, namesOf, SHARED, takeDown, upRepairs } from "./environment";
import { PROGRAM } from "./project";

const OWN = namesOf("interrupted");

let folder: string;
beforeAll(() => {
  folder = makeProject(OWN);
});
afterAll(async () => await takeDown(folder, OWN));

describe("an interrupted up", () => {
  it.each([
    ["SIGINT", 5_000],
    ["SIGKILL", 8_000],
  ] as const)("by %s after %i ms is completed by the next up", async (signal, afterMs) => {
    expect((await m2m(folder, ["down", "--yes"])).exitCode).toBe(0);
    const run = execa("node", [PROGRAM, "up"], {
      cwd: folder,
      env: ADMINISTRATOR, // Keycloak may have taken it already when it is interrupted
      stdin: "ignore",
      reject: false,
      detached: true,
    });
    await sleep(afterMs);
    process.kill(-run.pid!, signal); // the whole group, as Ctrl-C on a terminal does
    const { exitCode } = await run;
    expect(exitCode).not.toBe(0);
    await upRepairs(folder);
  });
});

describe("a Keycloak that does not become healthy", () => {
  it("is reported together with the last lines of its log", async () => {
    expect((await m2m(folder, ["down", "--yes"])).exitCode).toBe(0);
    const main = readFileSync(join(folder, "main.ts"), "utf8");
    writeFileSync(join(folder, "main.ts"), main.replace('"Keycloak")', '"Keycloak", { startTimeoutSeconds: 45 })'));
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
      await docker("inspect", "--format", "{{.Config.Image}}", SHARED.keycloak),
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
