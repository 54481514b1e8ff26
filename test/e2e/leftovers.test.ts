import { expect, it } from "vitest";
import { docker, dockerThings, namesOf, SHARED } from "./environment";
import { removeLeftovers } from "./leftovers";

it("what a killed run left in Docker is removed, and nothing else", async () => {
  const { keycloak } = namesOf("leftovers");
  const image = await docker("inspect", "--format", "{{.Image}}", SHARED.machine);
  await docker("network", "create", `${keycloak}-network`);
  const mount = ["--network", `${keycloak}-network`, "--volume", `${keycloak}-data:/data`];
  await docker("run", "--detach", "--name", keycloak, ...mount, "--entrypoint", "sleep", image, "600");
  expect(await dockerThings(namesOf("leftovers"))).toHaveLength(3);

  await removeLeftovers(["leftovers"]);
  expect(await dockerThings(namesOf("leftovers"))).toEqual([]);
  expect(await dockerThings(SHARED)).not.toEqual([]);
});
