import { mkdirSync, writeFileSync } from "node:fs";
import type { TerraformStack } from "cdktf";
import { describe, expect, it } from "vitest";
import { KeycloakServer, MachineContainer, Realm, SignedJwtClient } from "../../../constructs";
import { needsImage } from "../../../constructs/contract/build-context";
import { printSources } from "../../../constructs/contract/sources";
import { fixedKey, inTemporaryProject, newStack, synth } from "../project";

inTemporaryProject();

const KEYCLOAK = "cdktf-keycloak-m2m/keycloak:26.4.7";
const MACHINE = "cdktf-keycloak-m2m/node:20";
const RECORD = {
  keycloakProvider: "terraform.local/cdktf-keycloak-m2m/keycloak",
  dockerProvider: "built",
  keycloakImage: KEYCLOAK,
  machineImage: MACHINE,
  why: "no registry",
  decidedAt: "2026-11-29T00:00:00.000Z",
} as const;

/** Which of the two local images a stack needs, where `m2m up` has settled on them. */
function needed(declare: (stack: TerraformStack) => void): boolean[] {
  mkdirSync(".m2m");
  writeFileSync(".m2m/sources.json", printSources(RECORD));
  const stack = newStack();
  declare(stack);
  const json = synth(stack);
  return [KEYCLOAK, MACHINE].map((image) => needsImage(json as never, "cdktf.out/stacks/test", image));
}

describe("a stack needs", () => {
  it("the image that its server's image is built from, though the JSON does not name it", () => {
    expect(needed((stack) => void new KeycloakServer(stack, "Keycloak"))).toEqual([true, false]);
  });

  it("the image of its container too", () => {
    const isNeeded = needed((stack) => {
      const server = new KeycloakServer(stack, "Keycloak");
      const realm = new Realm(stack, "Realm", { server, realmName: "r" });
      const signingKey = fixedKey(stack, "machine-a");
      const client = new SignedJwtClient(stack, "Client", { realm, clientId: "machine-a", signingKey });
      new MachineContainer(stack, "Machine", { server, client });
    });
    expect(isNeeded).toEqual([true, true]);
  });

  it("none for a server that exists", () => {
    expect(needed((stack) => void KeycloakServer.fromUrl(stack, "S", { url: "https://a.example" }))).toEqual([
      false,
      false,
    ]);
  });

  it("no local one for a server with an image of its own", () => {
    expect(needed((stack) => void new KeycloakServer(stack, "Keycloak", { image: "own:1" }))).toEqual([false, false]);
  });
});
