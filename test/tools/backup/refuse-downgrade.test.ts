import { describe, expect, it } from "vitest";
import { refuseDowngrades } from "../../../tools/backup/refuse-downgrade";
import type { Stack } from "../../../tools/project/project";
import { pathWith, stackOf, temporaryFolder } from "../parts";
import { fakeDocker } from "./parts";

const folder = temporaryFolder();

/** A server of this image on a database; the data has been used by Keycloak 26.4.7. */
function stackWith(image: string, dataVolume = "db-data"): Stack {
  const stack = stackOf({});
  const server = { container: "keycloak", image, port: 8443, dataVolume };
  const marks = { servers: { S: server }, databases: { D: { container: "db", database: "keycloak" } } };
  return { ...stack, json: { ...stack.json, "//": marks } };
}

const RUNS = '*"container inspect"*) echo true;;';

describe("an older Keycloak on the database of a newer one", () => {
  it.each(["quay.io/keycloak/keycloak:26.3", "keycloak:26.4.6", "keycloak:25", "kc:26.4.6@sha256:abc", "kc:26.4.6-1"])(
    "is refused: %s",
    async (image) => {
      fakeDocker(folder.path, RUNS);
      await expect(refuseDowngrades([stackWith(image)], pathWith(folder.path))).rejects.toMatchObject({
        code: "downgrade",
        message: expect.stringContaining(`keycloak is declared with ${image}, but Keycloak 26.4.7 has used`),
      });
    },
  );

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
    fakeDocker(folder.path, `${RUNS}\n*psql*) echo "the database system is starting up" >&2; exit 2;;`);
    await refuseDowngrades([stackWith("keycloak:25")], pathWith(folder.path));
  });

  it("is not known where the database is another one, or does not run", async () => {
    const docker = fakeDocker(folder.path, '*"container inspect"*) echo false;;');
    await refuseDowngrades([stackWith("keycloak:25")], pathWith(folder.path));
    await refuseDowngrades([stackWith("keycloak:25", "other-data")], pathWith(folder.path));
    expect(docker.calls().filter((call) => call.includes("psql"))).toEqual([]);
  });
});
