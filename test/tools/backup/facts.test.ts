import { describe, expect, it } from "vitest";
import { factsOf, imageVersion, isNewer, keycloakVersion } from "../../../tools/backup/facts";
import { fakeProgram, pathWith, temporaryFolder } from "../parts";
import { fakeDocker } from "./parts";

const folder = temporaryFolder();
const place = () => ({ container: "db", database: "keycloak", env: pathWith(folder.path) });

describe("what a database says", () => {
  it("is its realms and the Keycloak that used it last", async () => {
    fakeDocker(folder.path, "", { realms: "'prod\ntest'" });
    expect(await factsOf(place(), "keycloak")).toEqual({ realms: ["prod", "test"], keycloak: "26.4.7" });
  });

  it("is nothing without Keycloak's tables", async () => {
    for (const answer of ["\\t", "realm\\t"]) {
      fakeDocker(folder.path, `*to_regclass*) printf '${answer}\\n';;`);
      expect(await factsOf(place(), "keycloak")).toBeUndefined();
    }
  });
});

it("that of an image is in a container that is made for the question, and never starts", async () => {
  const docker = fakeDocker(folder.path, '"create --pull never image") echo c1;;');
  expect(await imageVersion("image", pathWith(folder.path))).toBe("26.4.7");
  expect(docker.calls()).toEqual(["create --pull never image", "cp c1:/opt/keycloak/version.txt -", "rm c1"]);
});

it("the version of a Keycloak is in its container, whether or not that runs", async () => {
  fakeDocker(folder.path);
  expect(await keycloakVersion("keycloak", pathWith(folder.path))).toBe("26.4.7");
  fakeProgram(folder.path, "docker", "exit 1");
  expect(await keycloakVersion("keycloak", pathWith(folder.path))).toBeUndefined();
  expect(await imageVersion("image", pathWith(folder.path))).toBeUndefined();
});

it.each([
  ["27.0.0", "26.4.7", true],
  ["26.10.0", "26.9.9", true],
  ["26.4.8", "26.4.7", true],
  ["26.4.7", "26.4.7", false],
  ["26.4.7", "26.4", true],
  ["26.4", "26.4.0", false],
  ["26.4.7-build2", "26.4.7", false],
  ["26.4.6", "26.4.7", false],
])("%s is newer than %s: %s", (one, other, newer) => expect(isNewer(one, other)).toBe(newer));
