import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { refuseForeign, refuseTakenPorts } from "../../../tools/deploy/refuse-taken";
import { fakeProgram, inState, pathWith, stackOf, stateOf, temporaryFolder } from "../parts";

const folder = temporaryFolder();

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
          "container keycloak, volume keycloak-data: made by another checkout, or the state is lost; take it down there, choose other names, or remove it with `docker container rm --force keycloak && docker volume rm keycloak-data`",
      }),
    );
  });
});

describe("refuseTakenPorts", () => {
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
    await expect(refuseTakenPorts(publishing(port), noContainer())).rejects.toMatchObject({
      code: "port-in-use",
      message: `[m2m/Keycloak/Container] port ${port} of 127.0.0.1 is in use by another program; end it (\`ss -ltnp 'sport = :${port}'\` names it), or choose another port`,
    });
  });

  it("lets a free port pass, and leaves it free", async () => {
    const port = await takePort();
    await new Promise((resolve) => server?.close(resolve));
    await refuseTakenPorts(publishing(port), noContainer());
    await refuseTakenPorts(publishing(port), noContainer());
  });

  it("lets the port of this very container pass while it runs", async () => {
    const port = await takePort();
    fakeProgram(folder.path, "docker", "echo true");
    await refuseTakenPorts(publishing(port), pathWith(folder.path));
  });

  it("does not call an address in use that this machine does not have", async () => {
    await refuseTakenPorts(publishing(8080, "192.0.2.1"), noContainer());
  });

  it("ignores containers that publish nothing", async () => {
    await refuseTakenPorts(
      stackOf({ docker_container: { C: { name: "c" }, D: { name: "d", ports: [{ internal: 1 }] } } }),
      noContainer(),
    );
    await refuseTakenPorts(stackOf(undefined), noContainer());
  });
});
