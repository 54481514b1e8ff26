import { Construct } from "constructs";
import { describe, expect, it } from "vitest";
import { KeycloakProvider } from "../../../.gen/providers/keycloak/provider";
import { KeycloakServer, Realm, SignedJwtClient } from "../../../constructs";
import { EMBEDDED_KEYCLOAK, OFFICIAL_KEYCLOAK } from "../../../constructs/contract/sources";
import { fixedKey, inTemporaryProject, newStack, synth, writeProjectFile } from "../project";

inTemporaryProject();

describe("several servers", () => {
  it("give each realm the provider of its own server", () => {
    const stack = newStack();
    const local = new KeycloakServer(stack, "Keycloak");
    const staging = new KeycloakServer(stack, "Staging", { containerName: "staging", port: 18080 });
    const company = KeycloakServer.fromUrl(stack, "Company", { url: "https://sso.example" });
    new Realm(stack, "A", { server: local, realmName: "a" });
    new Realm(stack, "B", { server: staging, realmName: "b" });
    new Realm(stack, "C", { server: company, realmName: "c" });
    const json = synth(stack);
    expect(json.provider.keycloak?.map(({ alias, url }) => [alias, url])).toEqual([
      ["Keycloak", "http://localhost:8080"],
      ["Staging", "http://localhost:18080"],
      ["Company", "https://sso.example"],
    ]);
    const realms = Object.values(json.resource.keycloak_realm ?? {});
    expect(realms.map(({ realm, provider }) => [realm, provider])).toEqual([
      ["a", "keycloak.Keycloak"],
      ["b", "keycloak.Staging"],
      ["c", "keycloak.Company"],
    ]);
    expect(json.provider.docker).toHaveLength(1);
  });

  it("get different aliases for the same id in different scopes", () => {
    const stack = newStack();
    for (const [at, name] of ["East", "West"].entries()) {
      const site = new Construct(stack, name);
      const server = new KeycloakServer(site, "Keycloak", { containerName: name, port: 8080 + at });
      new Realm(site, "Realm", { server, realmName: "r" });
    }
    const aliases = synth(stack).provider.keycloak?.map(({ alias }) => alias);
    expect(new Set(aliases).size).toBe(2);
  });

  it("get an alias that Terraform accepts, whatever the id", () => {
    const stack = newStack();
    const server = KeycloakServer.fromUrl(stack, "sso.example", { url: "https://sso.example" });
    new Realm(stack, "Realm", { server, realmName: "r" });
    expect(synth(stack).provider.keycloak?.[0]?.alias).toMatch(/^[A-Za-z_][\w-]*$/);
  });
});

describe("a stack with a Keycloak provider of its own", () => {
  it("passes it to an imported server, and all resources use it", () => {
    const stack = newStack();
    const provider = new KeycloakProvider(stack, "keycloak", { url: "https://sso.example", clientId: "terraform" });
    const server = KeycloakServer.fromUrl(stack, "Server", { url: "https://sso.example", provider });
    const realm = Realm.fromRealmName(stack, "Realm", { server, realmName: "r" });
    const signingKey = fixedKey(stack, "machine-a");
    new SignedJwtClient(stack, "Machine", { realm, clientId: "m", signingKey, optionalScopes: ["address"] });
    const json = synth(stack);
    expect(json.provider.keycloak).toHaveLength(1);
    const used = Object.values(json.resource).flatMap((named) => Object.values(named).map((config) => config.provider));
    expect(used).toEqual(["keycloak", "keycloak", "keycloak"]);
  });

  /** The address of a provider that the stack brings along, once a realm is declared with it. */
  function required(change: Partial<KeycloakProvider> = {}) {
    const stack = newStack();
    const provider = new KeycloakProvider(stack, "own", { url: "https://sso.example", clientId: "terraform" });
    Object.assign(provider, change);
    const server = KeycloakServer.fromUrl(stack, "Server", { url: "https://sso.example", provider });
    new Realm(stack, "Realm", { server, realmName: "r" });
    return synth(stack).terraform.required_providers;
  }

  it("gets the full address of the official provider, or of the embedded one if that is recorded", () => {
    expect(required()).toEqual({ keycloak: OFFICIAL_KEYCLOAK });
    writeProjectFile(".m2m/sources.json", JSON.stringify({ keycloakProvider: EMBEDDED_KEYCLOAK.source }));
    expect(required()).toEqual({ keycloak: EMBEDDED_KEYCLOAK });
  });

  it("gets the address under the name of its bindings, and keeps the address of a fork", () => {
    expect(required({ terraformResourceType: "sso" })).toEqual({ sso: OFFICIAL_KEYCLOAK });
    expect(required({ terraformProviderSource: "example/keycloak" }).keycloak?.source).toBe("example/keycloak");
  });
});
