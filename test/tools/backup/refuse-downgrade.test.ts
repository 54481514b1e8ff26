import { describe, expect, it } from "vitest";
import type { ServerDescription } from "../../../constructs/contract/markers";
import { refuseDowngrades } from "../../../tools/backup/refuse-downgrade";
import type { Stack } from "../../../tools/project/project";
import { pathWith, stackOf, temporaryFolder } from "../parts";
import { fakeDocker } from "./parts";

const folder = temporaryFolder();

/** A server of this image; 26.4.7 is what is there. @param dataVolume `null`: its database is elsewhere */
function stackWith(
  image: string,
  dataVolume: string | null = "db-data",
  service?: ServerDescription["service"],
): Stack {
  const stack = stackOf({});
  const where = { ...(dataVolume && { dataVolume }), ...(service && { service }) };
  const server = { container: "keycloak", image, port: 8443, ...where };
  const marks = { servers: { S: server }, databases: { D: { container: "db", database: "keycloak" } } };
  return { ...stack, json: { ...stack.json, "//": marks } };
}

const OLD = "quay.io/keycloak/keycloak:25";
const RUNS = '*"container inspect"*) echo true;;';

describe("an older Keycloak on the database of a newer one", () => {
  it.each([
    "quay.io/keycloak/keycloak:26.3",
    "mirror.test/keycloak/keycloak:25",
    "keycloak/keycloak:26.4.6@sha256:abc",
    "cdktf-keycloak-m2m/keycloak:26.4.6",
  ])("is refused: %s", async (image) => {
    fakeDocker(folder.path, `${RUNS}\n"create "*) exit 1;;`); // the image is not here
    await expect(refuseDowngrades([stackWith(image)], pathWith(folder.path))).rejects.toMatchObject({
      code: "downgrade",
      message: expect.stringContaining(`keycloak is declared with ${image}, but Keycloak 26.4.7 has used`),
    });
  });

  it.each([
    "quay.io/keycloak/keycloak:26.4",
    "keycloak:26.4.7",
    "keycloak:27",
    "kc@sha256:abc",
    "kc:nightly",
    "kc:10.1/kc",
  ])("is not what this is: %s", async (image) => {
    fakeDocker(folder.path, RUNS);
    await refuseDowngrades([stackWith(image)], pathWith(folder.path));
  });

  it("is not known while the database is starting, which is no failure", async () => {
    const starting = '*psql*) echo "the database system is starting up" >&2; exit 2;;';
    fakeDocker(folder.path, `${RUNS}\n${starting}\n"cp "*) exit 1;;`);
    await refuseDowngrades([stackWith(OLD)], pathWith(folder.path));
  });

  it.each([
    ["a server", undefined, "docker rm --force keycloak"],
    [
      "a cluster",
      { name: "keycloak-servers", replicas: 3 },
      "docker rm --force keycloak && docker service rm keycloak-servers",
    ],
  ])("is refused by what is there, where the database is elsewhere: %s", async (_, service, remove) => {
    const made = '"create --pull never kc:built") echo a1b2;;';
    const docker = fakeDocker(folder.path, `*"service inspect"*) echo kc:built;;\n${made}\n"create "*) exit 1;;`);
    await expect(refuseDowngrades([stackWith(OLD, null, service)], pathWith(folder.path))).rejects.toThrow(
      `but Keycloak 26.4.7 is there and may have used its data, which an older one must not; declare 26.4.7 or newer; the way back is a backup of the older one: \`${remove}\`, then bring the data back where it is, then \`m2m up\``,
    );
    expect(docker.calls().filter((call) => call.includes("psql"))).toEqual([]);
  });

  it("is refused by what is there, where the data is in a file, and the ways back are told", async () => {
    fakeDocker(folder.path, '"create "*) exit 1;;');
    await expect(refuseDowngrades([stackWith(OLD, "keycloak-data")], pathWith(folder.path))).rejects.toThrow(
      "the way back without its data is `m2m down`, then `m2m up`; with it `docker rm --force keycloak`, then an earlier copy of the volume keycloak-data in its place, then `m2m up`",
    );
  });

  it("is refused by what runs, where the database does not", async () => {
    fakeDocker(folder.path, '*"container inspect"*) echo false;;');
    await expect(refuseDowngrades([stackWith(OLD)], pathWith(folder.path))).rejects.toThrow(
      "has used its database (db)",
    );
  });

  it("is told by the image where that is here, since its tag may count something else", async () => {
    const inside = (version: string) => `"create "*) echo a1b2;;\n"cp a1b2"*) echo "Keycloak - Version ${version}";;`;
    fakeDocker(folder.path, `${RUNS}\n${inside("26.4.7")}`);
    await refuseDowngrades([stackWith("kc:1.2")], pathWith(folder.path));
    fakeDocker(folder.path, `${RUNS}\n${inside("26.3.0")}`);
    await expect(refuseDowngrades([stackWith("kc:1.2")], pathWith(folder.path))).rejects.toThrow(
      "declared with kc:1.2",
    );
    fakeDocker(folder.path, `${RUNS}\n"create "*) exit 1;;`);
    await refuseDowngrades([stackWith("kc:1.2")], pathWith(folder.path));
  });

  it("is not known where no server is there", async () => {
    fakeDocker(folder.path, '"cp "*) exit 1;;\n*"container inspect"*) echo false;;\n*"service inspect"*) exit 1;;');
    await refuseDowngrades([stackWith(OLD)], pathWith(folder.path));
    await refuseDowngrades([stackWith(OLD, "data")], pathWith(folder.path));
    await refuseDowngrades([stackWith(OLD, "data", { name: "s", replicas: 2 })], pathWith(folder.path));
  });
});
