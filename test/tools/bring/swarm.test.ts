import { describe, expect, it } from "vitest";
import { bringSwarm } from "../../../tools/bring/swarm";
import { fakeProgram, pathWith, recordOutput, temporaryFolder } from "../parts";

const folder = temporaryFolder();

/** Asks an engine whose swarm is in this state. */
async function ask(state: string, initialise: boolean) {
  const docker = fakeProgram(folder.path, "docker", `case $1 in info) echo ${state};; esac`);
  const out = recordOutput();
  const failure = await bringSwarm(initialise, pathWith(folder.path), out).then(
    () => undefined,
    (error: Error) => error,
  );
  return { calls: docker.calls().slice(1), failure, warned: out.warned };
}

describe("bringSwarm", () => {
  it("leaves a manager alone", async () => {
    expect(await ask("active true", true)).toEqual({ calls: [], failure: undefined, warned: [] });
  });

  it("changes no engine unasked, and says how", async () => {
    const { calls, failure } = await ask("inactive false", false);
    expect(calls).toEqual([]);
    expect(failure).toMatchObject({
      code: "no-swarm",
      message: expect.stringContaining(
        "this engine is in none (inactive); run `docker swarm init --advertise-addr 127.0.0.1` first, or `m2m up --init-swarm`",
      ),
    });
  });

  it("makes a swarm on 127.0.0.1 where it is asked for, and says so", async () => {
    const { calls, failure, warned } = await ask("inactive false", true);
    expect(failure).toBeUndefined();
    expect(calls).toEqual(["swarm init --advertise-addr 127.0.0.1"]);
    expect(warned).toEqual([expect.stringContaining("`docker swarm leave --force` ends it, with all services")]);
  });

  it("makes no second swarm on a worker", async () => {
    const { calls, failure } = await ask("active false", true);
    expect(calls).toEqual([]);
    expect(failure).toMatchObject({ code: "no-swarm", message: expect.stringContaining("docker node promote") });
  });
});
