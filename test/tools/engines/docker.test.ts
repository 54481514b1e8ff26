import { describe, expect, it } from "vitest";
import {
  containerStatus,
  declaredThings,
  existing,
  isRunning,
  needsSwarm,
  remove,
  runningThings,
  scale,
  stateThings,
} from "../../../tools/engines/docker";
import { fakeProgram, inState, pathWith, stackOf, stateOf, temporaryFolder } from "../parts";

const folder = temporaryFolder();

/** Docker is not there: nothing of this runs a container. */
const NO_DOCKER = { PATH: "/nonexistent" };

const STACK = stackOf({
  docker_volume: { V: { name: "keycloak-data" } },
  docker_image: { I: { name: "image" } },
  docker_container: { C: { name: "keycloak" }, D: { name: "machine-b" } },
  keycloak_realm: { R: { name: "r" } },
});

describe("what a stack and a state name in Docker", () => {
  it("is meant to run, but for containers that carry files", () => {
    const state = stateOf(
      inState("docker_container", "C", { name: "keycloak", id: "a1", start: true }),
      inState("docker_container", "F", { name: "keycloak-files", id: "b2", start: false }),
      inState("docker_volume", "V", { name: "data", id: "data" }),
      inState("docker_service", "S", { name: "keycloak-servers", id: "c3" }),
    );
    expect(runningThings(state)).toEqual([
      { kind: "service", name: "keycloak-servers", id: "c3" },
      { kind: "container", name: "keycloak", id: "a1" },
    ]);
  });

  it("are containers, networks and volumes, containers first", () => {
    expect(declaredThings(STACK)).toEqual([
      { kind: "container", name: "keycloak" },
      { kind: "container", name: "machine-b" },
      { kind: "volume", name: "keycloak-data" },
    ]);
    expect(declaredThings(stackOf(undefined))).toEqual([]);
  });

  it("are the managed ones of a state, with Docker's ids", () => {
    const network = inState("docker_network", "N", { name: "keycloak-network", id: "b2" });
    const state = stateOf(
      network,
      inState("docker_container", "C", { name: "keycloak", id: "a1" }),
      inState("docker_image", "I", { name: "image" }),
      { ...network, mode: "data" },
      inState("keycloak_realm", "R", { name: "r" }),
    );
    expect(stateThings(state)).toEqual([
      { kind: "container", name: "keycloak", id: "a1" },
      { kind: "network", name: "keycloak-network", id: "b2" },
    ]);
  });
});

describe("with a Docker client", () => {
  it("finds what exists by this package's label, stopped containers too", async () => {
    const docker = fakeProgram(
      folder.path,
      "docker",
      "case $1 in container) echo a1 keycloak; echo a2 other;; *) ;; esac",
    );
    const found = await existing(declaredThings(STACK), pathWith(folder.path));
    expect(found).toEqual([{ kind: "container", name: "keycloak", id: "a1" }]);
    expect(docker.calls().sort()).toEqual([
      "container ls --all --no-trunc --filter label=cdktf-keycloak-m2m --format {{.ID}} {{.Names}}",
      "volume ls --filter label=cdktf-keycloak-m2m --format {{.Name}} {{.Name}}",
    ]);
  });

  it("does not take a volume for a container of the same name", async () => {
    fakeProgram(folder.path, "docker", "case $1 in volume) echo keycloak keycloak;; esac");
    expect(await existing(declaredThings(STACK), pathWith(folder.path))).toEqual([]);
  });

  it("finds services by their whole ids, and none where there is no swarm", async () => {
    const stack = stackOf({
      docker_service: { S: { name: "keycloak-servers" } },
      docker_config: { C: { name: "keycloak-servers-tls.crt-1a2b" } },
    });
    const inSwarm = [
      'case "$1 $2" in "service ls") echo s1 keycloak-servers;; "service inspect") echo s1234;;',
      '"config ls") echo c1234 keycloak-servers-tls.crt-1a2b;; esac',
    ].join(" ");
    fakeProgram(folder.path, "docker", inSwarm);
    expect(needsSwarm(stack)).toBe(true);
    expect(needsSwarm(STACK)).toBe(false);
    expect(await existing(declaredThings(stack), pathWith(folder.path))).toEqual([
      { kind: "service", name: "keycloak-servers", id: "s1234" },
      { kind: "config", name: "keycloak-servers-tls.crt-1a2b", id: "c1234" },
    ]);
    fakeProgram(
      folder.path,
      "docker",
      "echo 'Error response from daemon: This node is not a swarm manager.' >&2; exit 1",
    );
    expect(await existing(declaredThings(stack), pathWith(folder.path))).toEqual([]);
  });

  it("waits for the last task of a service that is to end", async () => {
    const tasks = `test -e '${folder.path}/asked' || echo Running 3 minutes ago; touch '${folder.path}/asked'`;
    const docker = fakeProgram(folder.path, "docker", `case "$1 $2" in "service ps") ${tasks};; esac`);
    await scale("keycloak-servers", 0, pathWith(folder.path), 10_000);
    const ask = "service ps --format {{.CurrentState}} keycloak-servers";
    expect(docker.calls()).toEqual(["service scale keycloak-servers=0", ask, ask]);
  });

  it("removes containers before networks and volumes, by their ids", async () => {
    const docker = fakeProgram(folder.path, "docker", "");
    await remove(
      [
        { kind: "volume", name: "v", id: "v" },
        { kind: "network", name: "n", id: "b2" },
        { kind: "container", name: "c", id: "a1" },
      ],
      pathWith(folder.path),
    );
    expect(docker.calls()).toEqual(["container rm --force a1", "network rm b2", "volume rm v"]);
  });

  it("tells a running container from one that is not", async () => {
    fakeProgram(
      folder.path,
      "docker",
      'case "$*" in *" up") echo true;; *" down") echo false;; *) echo "Error: No such container: x" >&2; exit 1;; esac',
    );
    const env = pathWith(folder.path);
    const names = ["up", "down", "none"];
    expect(await Promise.all(names.map((name) => containerStatus(name, env)))).toEqual(["running", "stopped", "gone"]);
    expect(await Promise.all(names.map((name) => isRunning(name, env)))).toEqual([true, false, false]);
  });

  it("fails if the engine does not answer: nothing counts as gone then", async () => {
    fakeProgram(folder.path, "docker", "echo 'dial unix /none: connect: no such file or directory' >&2; exit 1");
    for (const question of [
      existing(declaredThings(STACK), pathWith(folder.path)),
      isRunning("c", pathWith(folder.path)),
    ])
      await expect(question).rejects.toMatchObject({
        code: "docker-unreachable",
        message: expect.stringContaining("dial unix /none"),
      });
  });
});

it("without a Docker client nothing can be said", async () => {
  await expect(existing(declaredThings(STACK), NO_DOCKER)).rejects.toMatchObject({ code: "docker-unreachable" });
  await expect(isRunning("keycloak", NO_DOCKER)).rejects.toMatchObject({ code: "docker-unreachable" });
});
