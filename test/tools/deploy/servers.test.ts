import { describe, expect, it } from "vitest";
import { serversOf } from "../../../tools/deploy/servers";
import { EMPTY } from "../../../tools/project/state";
import { inState, keycloakProvider, stackOf, stateOf } from "../parts";

const CONTAINER = { name: "keycloak", ports: [{ internal: 8080, external: 18080, ip: "127.0.0.1" }] };
const RUNNING = inState("docker_container", "C", { ...CONTAINER, id: "a1" });
const OWN = keycloakProvider("Keycloak", "http://localhost:18080");
const ELSEWHERE = keycloakProvider("Sso", "https://sso.example");

const entry = (name: string, alias: string) =>
  inState("keycloak_realm", name, {}, `provider["registry.terraform.io/keycloak/keycloak"].${alias}`);
const server = { stack: stackOf({ docker_container: { C: CONTAINER } }), state: stateOf(RUNNING) };

describe("the servers of a stack", () => {
  it("are told apart by the alias and url of each entry's provider", () => {
    const both = {
      stack: stackOf({ docker_container: { C: CONTAINER } }, "/", "m2m", undefined, [OWN, ELSEWHERE]),
      state: stateOf(RUNNING, entry("A", "Keycloak"), entry("B", "Sso"), entry("C", "Keycloak")),
    };
    expect(serversOf(both, [both])).toEqual([
      {
        url: "http://localhost:18080",
        addresses: ["keycloak_realm.A", "keycloak_realm.C"],
        containers: [{ kind: "container", name: "keycloak", id: "a1" }],
      },
      { url: "https://sso.example", addresses: ["keycloak_realm.B"] },
    ]);
  });

  it("may be in another stack of the app, even if that stack's state has lost the container", () => {
    const realm = { stack: stackOf({}, "/", "realm", undefined, [OWN]), state: stateOf(entry("A", "Keycloak")) };
    const lost = { ...server, state: EMPTY };
    expect(serversOf(realm, [server, realm])[0]!.containers).toHaveLength(1);
    expect(serversOf(realm, [lost, realm])[0]!.containers).toEqual([]);
  });

  it.each(["http://localhost:8080", "http://keycloak.example:18080", ""])(
    "are elsewhere where the provider's url, %j, is none that these stacks publish",
    (url) => {
      const alone = {
        stack: stackOf({}, "/", "x", undefined, [keycloakProvider("Keycloak", url)]),
        state: stateOf(entry("A", "Keycloak")),
      };
      expect(serversOf(alone, [server, alone])).toEqual([{ url, addresses: ["keycloak_realm.A"] }]);
    },
  );

  it("are none if the state has no entry of Keycloak", () => {
    expect(serversOf(server, [server])).toEqual([]);
  });
});
