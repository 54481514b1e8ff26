import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { realmsToWatch, watchedRealms } from "../../../tools/events/realms";
import { inState, keycloakProvider, projectIn, stackOf, stateOf, temporaryFolder, writeManifest } from "../parts";

const folder = temporaryFolder();

it("a project without a realm has none to watch: what needs one says so, and drift goes on", () => {
  const project = projectIn(folder.path);
  writeManifest(project, [stackOf({ docker_container: {} }, folder.path)]);
  expect(watchedRealms(project)).toEqual([]);
  expect(() => realmsToWatch(project)).toThrow("no realm was synthesized here; run `m2m up` first");
});

it("a cluster's log is its service's, not its balancer's", () => {
  const project = projectIn(folder.path);
  const path = join(folder.path, "state");
  const url = "https://localhost:8443";
  const ports = [{ internal: 8443, external: 8443 }];
  const stack = stackOf({ docker_container: { B: { name: "sso", ports } } }, folder.path, "m2m", path, [
    keycloakProvider("Keycloak", url),
  ]);
  const marks = {
    realms: { R: { url, realmName: "r", issuer: `${url}/realms/r` } },
    servers: { S: { container: "sso", image: "k", port: 8443, service: { name: "sso-servers", replicas: 2 } } },
  };
  writeManifest(project, [{ ...stack, json: { ...stack.json, "//": marks } }]);
  const state = stateOf(
    inState("docker_container", "B", { name: "sso", id: "a1", ports }),
    inState("docker_service", "S", { name: "sso-servers", id: "s1" }),
    inState("keycloak_realm", "R", { realm: "r" }),
  );
  writeFileSync(path, JSON.stringify({ version: 4, ...state }));
  expect(realmsToWatch(project)).toMatchObject([
    { realm: "r", logs: [{ kind: "service", name: "sso-servers", id: "s1" }] },
  ]);
});
