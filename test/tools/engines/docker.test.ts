import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import {
  checkPorts,
  containerStatus,
  declaredThings,
  existing,
  isRunning,
  lastLogLines,
  lastMessages,
  refuseForeign,
  remove,
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

  it("takes nothing for gone because the engine does not answer", async () => {
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

  it("reads both streams of a log, and nothing where there is no container", async () => {
    const docker = fakeProgram(folder.path, "docker", 'case "$*" in *none) exit 1;; esac; echo out; echo err >&2');
    expect((await lastLogLines("keycloak", 20, pathWith(folder.path))).split("\n").sort()).toEqual(["err", "out"]);
    expect(docker.calls()).toEqual(["logs --tail 20 keycloak"]);
    expect(await lastLogLines("none", 20, pathWith(folder.path))).toBe("");
  });

  it("reads the last messages of a log without the frames of stack traces, which would crowd them out", async () => {
    const frames = "\tat org.h2.mvstore.Store.open(Store.java:133)\n\t... 15 more\n\t... 3 common frames omitted";
    const log = `early\nERROR: Failed to start server\n${frames}\nCaused by: java.io.EOFException\n${frames}\nat last`;
    fakeProgram(folder.path, "docker", `printf '%b\\n' '${log}'`);
    expect((await lastMessages("keycloak", 3, pathWith(folder.path))).split("\n")).toEqual([
      "ERROR: Failed to start server",
      "Caused by: java.io.EOFException",
      "at last",
    ]);
  });
});

it("without a Docker client nothing can be said", async () => {
  await expect(existing(declaredThings(STACK), NO_DOCKER)).rejects.toMatchObject({ code: "docker-unreachable" });
  await expect(isRunning("keycloak", NO_DOCKER)).rejects.toMatchObject({ code: "docker-unreachable" });
  expect(await lastLogLines("keycloak", 20, NO_DOCKER)).toBe("");
});

describe("refuseForeign", () => {
  const state = stateOf(inState("docker_container", "C", { name: "keycloak", id: "a1" }));

  it("takes what the state knows", () => {
    refuseForeign([{ kind: "container", name: "keycloak", id: "a1" }], state);
    refuseForeign([], state);
  });

  it("refuses another checkout's container and volume under the same names", () => {
    const there = [
      { kind: "container", name: "keycloak", id: "other" },
      { kind: "volume", name: "keycloak-data", id: "keycloak-data" },
    ] as const;
    expect(() => refuseForeign(there, state)).toThrow(
      expect.objectContaining({
        code: "name-in-use",
        message:
          "container keycloak, volume keycloak-data: made by another checkout, or by one whose state is lost; take it down there, choose other names, or remove it with `docker container rm --force keycloak && docker volume rm keycloak-data`",
      }),
    );
  });
});

describe("checkPorts", () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  function noContainer() {
    fakeProgram(folder.path, "docker", "echo 'Error: No such container: x' >&2; exit 1");
    return pathWith(folder.path);
  }

  async function takePort(): Promise<number> {
    server = createServer();
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  }

  function publishing(external: number, ip = "127.0.0.1") {
    return stackOf({
      docker_container: {
        C: {
          name: "keycloak",
          ports: [{ internal: 8080, external, ip }],
          "//": { metadata: { path: "m2m/Keycloak/Container" } },
        },
      },
    });
  }

  it("refuses a port that another program holds, and says where it is declared", async () => {
    const port = await takePort();
    await expect(checkPorts(publishing(port), noContainer())).rejects.toMatchObject({
      code: "port-in-use",
      message: `[m2m/Keycloak/Container] port ${port} of 127.0.0.1 is in use by another program; end it (\`ss -ltnp 'sport = :${port}'\` names it), or choose another port`,
    });
  });

  it("lets a free port pass, and leaves it free", async () => {
    const port = await takePort();
    await new Promise((resolve) => server?.close(resolve));
    await checkPorts(publishing(port), noContainer());
    await checkPorts(publishing(port), noContainer());
  });

  it("lets the port of this very container pass while it runs", async () => {
    const port = await takePort();
    fakeProgram(folder.path, "docker", "echo true");
    await checkPorts(publishing(port), pathWith(folder.path));
  });

  it("does not call an address in use that this machine does not have", async () => {
    await checkPorts(publishing(8080, "192.0.2.1"), noContainer());
  });

  it("passes over containers that publish nothing", async () => {
    await checkPorts(
      stackOf({ docker_container: { C: { name: "c" }, D: { name: "d", ports: [{ internal: 1 }] } } }),
      noContainer(),
    );
    await checkPorts(stackOf(undefined), noContainer());
  });
});
