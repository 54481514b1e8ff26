import { App, TerraformStack } from "cdktf";
import { describe, expect, it } from "vitest";
import { KeycloakProvider } from "../../.gen/providers/keycloak/provider";
import { KeycloakServer, MachineContainer, PrivateLocalBackend, Realm, SignedJwtClient } from "../../constructs";
import { EMBEDDED_KEYCLOAK, OFFICIAL_KEYCLOAK } from "../../constructs/contract/sources";
import { fixedKey, inTemporaryProject, manifestOf, newApp, newStack, only, synth, writeProjectFile } from "./project";

inTemporaryProject();

/** A server in one stack, its realm with a client in another, as large installations part them. */
function twoStacks() {
  const app = newApp();
  const platform = new TerraformStack(app, "platform");
  new PrivateLocalBackend(platform);
  const server = new KeycloakServer(platform, "Keycloak");

  const identities = new TerraformStack(app, "identities");
  new PrivateLocalBackend(identities);
  const realm = new Realm(identities, "Realm", { server, realmName: "r" });
  const signingKey = fixedKey(identities, "machine-a");
  const client = new SignedJwtClient(identities, "Machine", { realm, clientId: "orders", signingKey });
  return { app, platform, server, identities, realm, signingKey, client };
}

describe("a server in one stack and its realm in another", () => {
  it("deploys the server's stack first, though the realm's stack has a backend that came before the realm", () => {
    const { identities, platform } = twoStacks();
    synth(identities);
    expect(manifestOf(identities).dependencies).toEqual(["platform"]);
    expect(manifestOf(platform).dependencies).toEqual([]);
  });

  it("gives the realm's stack a Keycloak provider of its own and nothing of Docker", () => {
    const { identities } = twoStacks();
    const json = synth(identities);
    expect(Object.keys(json.provider)).toEqual(["keycloak"]);
    expect(json.provider.keycloak).toMatchObject([{ alias: "Keycloak", url: "http://localhost:8080" }]);
    expect(Object.keys(json.variable).sort()).toEqual(["keycloak_admin_password", "keycloak_admin_username"]);
    expect(json.terraform.required_providers).toEqual({
      keycloak: { source: "registry.terraform.io/keycloak/keycloak", version: "~> 5.9" },
    });
    expect(only(json, "keycloak_realm")).toMatchObject({ provider: "keycloak.Keycloak", depends_on: [] });
  });

  it("asks for the same administrator in the server's stack, which makes it, though nothing signs in from there", () => {
    const { platform } = twoStacks();
    const json = synth(platform);
    expect(Object.keys(json.variable).sort()).toEqual(["keycloak_admin_password", "keycloak_admin_username"]);
    expect(only(json, "docker_container").lifecycle.precondition).toHaveLength(2);
    expect(Object.keys(json.provider)).toEqual(["docker"]);
    expect(json.resource.keycloak_realm).toBeUndefined();
  });

  it("asks for it too where the server's own stack has a provider of its own", () => {
    const app = newApp();
    const platform = new TerraformStack(app, "platform");
    const provider = new KeycloakProvider(platform, "own", { url: "http://localhost:8080", clientId: "terraform" });
    const server = new KeycloakServer(platform, "Keycloak", { provider });
    expect(synth(platform).variable).toBeUndefined();
    new Realm(new TerraformStack(app, "identities"), "Realm", { server, realmName: "r" });
    expect(only(synth(platform), "docker_container").lifecycle.precondition).toHaveLength(2);
  });

  it("starts a machine beside its realm by the network's name, after the server's stack, without a remote state", () => {
    const { identities, platform, server, client } = twoStacks();
    const machines = new TerraformStack(App.of(identities), "machines");
    const api = new MachineContainer(machines, "Api", { server, client });
    const json = synth(machines);
    expect(only(json, "docker_container").networks_advanced).toEqual([
      { name: "keycloak-network", aliases: ["orders"] },
    ]);
    expect(JSON.stringify(json)).not.toContain("terraform_remote_state");
    expect(manifestOf(machines).dependencies).toEqual(["platform"]);
    expect(api.url).toBe("http://orders:3000");
    expect(synth(platform)).not.toHaveProperty("output");
  });

  it("declares two servers' realms in one further stack", () => {
    const { app, platform, server, identities } = twoStacks();
    const other = new KeycloakServer(platform, "Staging", { containerName: "staging", port: 18080 });
    new Realm(identities, "StagingRealm", { server: other, realmName: "r" });
    new Realm(identities, "Second", { server, realmName: "second" });
    app.synth();
    const json = synth(identities);
    expect(json.provider.keycloak?.map(({ alias, url }) => [alias, url])).toEqual([
      ["Keycloak", "http://localhost:8080"],
      ["Staging", "http://localhost:18080"],
    ]);
  });
});

describe("a client in a third stack", () => {
  it("is deployed after its realm", () => {
    const { app, realm, signingKey } = twoStacks();
    const team = new TerraformStack(app, "team");
    new PrivateLocalBackend(team);
    new SignedJwtClient(team, "Machine", { realm, clientId: "t", signingKey });
    const json = synth(team);
    expect(manifestOf(team).dependencies).toEqual(["identities"]);
    expect(only(json, "keycloak_openid_client").depends_on).toEqual([]);
  });

  it("is granted a call by the scope's name, and deployed after the machine it calls", () => {
    const { app, realm, signingKey, client } = twoStacks();
    const team = new TerraformStack(app, "team");
    const imported = Realm.fromRealmName(team, "Realm", { server: realm.server, realmName: "r" });
    const caller = new SignedJwtClient(team, "Caller", { realm: imported, clientId: "caller", signingKey });
    client.grantCall(caller);
    const json = synth(team);
    expect(only(json, "keycloak_openid_client_default_scopes").default_scopes).toEqual([
      "service_account",
      "profile",
      "basic",
      "email",
      "audience-orders",
    ]);
    expect(manifestOf(team).dependencies).toContain("identities");
    expect(JSON.stringify(json)).not.toContain("terraform_remote_state");
  });
});

describe("a stack with a Keycloak provider of its own", () => {
  it("passes it to a server that exists, and all resources use it", () => {
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

  it("gets its address in full, and the embedded provider's where that is recorded", () => {
    expect(required()).toEqual({ keycloak: OFFICIAL_KEYCLOAK });
    writeProjectFile(".m2m/sources.json", JSON.stringify({ keycloakProvider: EMBEDDED_KEYCLOAK.source }));
    expect(required()).toEqual({ keycloak: EMBEDDED_KEYCLOAK });
  });

  it("gets it under the name that its bindings were generated with, and keeps a fork's", () => {
    expect(required({ terraformResourceType: "sso" })).toEqual({ sso: OFFICIAL_KEYCLOAK });
    expect(required({ terraformProviderSource: "example/keycloak" }).keycloak?.source).toBe("example/keycloak");
  });
});
