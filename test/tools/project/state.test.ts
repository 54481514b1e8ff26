import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ToolError } from "../../../tools/output";
import type { Stack } from "../../../tools/project/project";
import {
  EMPTY,
  keycloakEntries,
  keycloakProviderAddresses,
  localState,
  localStates,
  parseState,
} from "../../../tools/project/state";
import { inState, projectIn, signedJwtClient, stackOf, stateOf, temporaryFolder } from "../parts";

const folder = temporaryFolder();

const CLIENT_A = inState("keycloak_openid_client", "MachineA_E2C1362E", signedJwtClient("machine-a"));

describe("parseState", () => {
  it("reads outputs and resources of version 4", () => {
    const text = JSON.stringify({ version: 4, serial: 7, outputs: { issuer: { value: "i" } }, resources: [CLIENT_A] });
    expect(parseState(text, "x")).toEqual({ outputs: { issuer: { value: "i" } }, resources: [CLIENT_A] });
  });

  it.each(["", "\n"])("reads the empty file %j, which keeps a later state private, as no state", (text) => {
    expect(parseState(text, "x")).toBe(EMPTY);
  });

  it("takes a state without resources", () => {
    expect(parseState('{"version":4}', "x")).toEqual({ outputs: {}, resources: [] });
  });

  it("fails on anything else, and names the file", () => {
    expect(() => parseState('{"version":4', "terraform.m2m.tfstate")).toThrow(
      "terraform.m2m.tfstate must be a Terraform state in JSON; restore it from its backup",
    );
    expect(() => parseState("x", "x")).toThrow(expect.objectContaining({ code: "state-corrupt" }) as ToolError);
  });
});

describe("states beside cdktf.json", () => {
  it("are those of all stacks, without backups and half-written files", () => {
    const state = JSON.stringify({ version: 4, resources: [CLIENT_A] });
    writeFileSync(join(folder.path, "terraform.m2m.tfstate"), state);
    writeFileSync(join(folder.path, "terraform.other.tfstate"), "");
    for (const name of ["terraform.m2m.tfstate.backup", ".terraform.m2m.tfstate.lock.info", "notes.tfstate.txt"]) {
      writeFileSync(join(folder.path, name), "not a state");
    }
    expect(localStates(projectIn(folder.path))).toEqual([
      { stack: "m2m", outputs: {}, resources: [CLIENT_A] },
      { stack: "other", ...EMPTY },
    ]);
  });

  it("fail by their name where they are corrupt", () => {
    writeFileSync(join(folder.path, "terraform.m2m.tfstate"), "{");
    expect(() => localStates(projectIn(folder.path))).toThrow(
      "terraform.m2m.tfstate must be a Terraform state in JSON",
    );
  });
});

describe("localState", () => {
  const withBackend = (path: string): Stack => ({
    ...stackOf({}, folder.path),
    json: { terraform: { backend: { local: { path } } } },
  });

  it("is read from the backend's path, relative to the stack's folder", () => {
    writeFileSync(join(folder.path, "s.tfstate"), JSON.stringify({ version: 4, resources: [CLIENT_A] }));
    expect(localState(withBackend("s.tfstate")).resources).toEqual([CLIENT_A]);
  });

  it("is read from an absolute path as well, which cdktf's own backend writes", () => {
    writeFileSync(join(folder.path, "s.tfstate"), JSON.stringify({ version: 4, resources: [CLIENT_A] }));
    const stack = { ...withBackend(join(folder.path, "s.tfstate")), folder: join(folder.path, "stacks", "m2m") };
    expect(localState(stack).resources).toEqual([CLIENT_A]);
  });

  it("is empty before the first deploy, and for any other backend", () => {
    expect(localState(withBackend("none.tfstate"))).toBe(EMPTY);
    expect(localState(stackOf({}, folder.path))).toBe(EMPTY);
  });
});

describe("keycloakProviderAddresses", () => {
  it("are the addresses of Keycloak's entries, each once, whatever the alias", () => {
    const own = 'provider["terraform.local/cdktf-keycloak-m2m/keycloak"]';
    const docker = 'provider["registry.terraform.io/kreuzwerker/docker"]';
    const states = [
      stateOf(CLIENT_A, inState("keycloak_realm", "r", {}), inState("docker_network", "n", {}, docker)),
      stateOf(inState("keycloak_realm", "r", {}, own)),
    ];
    expect(keycloakProviderAddresses(states)).toEqual([
      "registry.terraform.io/keycloak/keycloak",
      "terraform.local/cdktf-keycloak-m2m/keycloak",
    ]);
  });

  it("are none before the first deploy", () => {
    expect(keycloakProviderAddresses([EMPTY])).toEqual([]);
  });
});

describe("keycloakEntries", () => {
  it("are what a Keycloak server holds, with the provider's alias, and nothing of Docker", () => {
    const realm = inState("keycloak_realm", "Realm", {}, 'provider["registry.terraform.io/keycloak/keycloak"]');
    const state = stateOf(realm, inState("docker_container", "C", {}), { ...CLIENT_A, mode: "data" }, CLIENT_A);
    expect(keycloakEntries(state)).toEqual([
      { address: "keycloak_realm.Realm", alias: undefined },
      { address: "keycloak_openid_client.MachineA_E2C1362E", alias: "Keycloak" },
    ]);
  });
});
