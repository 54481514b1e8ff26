import { App, TerraformStack } from "cdktf";
import { describe, expect, it } from "vitest";
import { KeycloakProvider } from "../../.gen/providers/keycloak/provider";
import { KeycloakServer, MachineContainer, Realm } from "../../constructs";
import { inTemporaryProject, manifestOf, newApp, only, synth } from "./project";
import { twoStacks } from "./servers";

inTemporaryProject();

describe("a server in one stack and its realm in another", () => {
  it("deploys the server's stack first, even if the realm's stack had its backend before its realm", () => {
    const { identities, platform } = twoStacks();
    synth(identities);
    expect(manifestOf(identities).dependencies).toEqual(["platform"]);
    expect(manifestOf(platform).dependencies).toEqual([]);
  });

  it("gives the realm's stack a Keycloak provider, and nothing of Docker", () => {
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

  it("asks for the same administrator in the server's stack, even if nothing signs in from there", () => {
    const { platform } = twoStacks();
    const json = synth(platform);
    expect(Object.keys(json.variable).sort()).toEqual(["keycloak_admin_password", "keycloak_admin_username"]);
    expect(only(json, "docker_container").lifecycle.precondition).toHaveLength(2);
    expect(Object.keys(json.provider)).toEqual(["docker"]);
    expect(json.resource.keycloak_realm).toBeUndefined();
  });

  it("asks for the administrator there too if the server's stack has a provider of the user's", () => {
    const app = newApp();
    const platform = new TerraformStack(app, "platform");
    const provider = new KeycloakProvider(platform, "own", { url: "http://localhost:8080", clientId: "terraform" });
    const server = new KeycloakServer(platform, "Keycloak", { provider });
    expect(synth(platform).variable).toBeUndefined();
    new Realm(new TerraformStack(app, "identities"), "Realm", { server, realmName: "r" });
    expect(only(synth(platform), "docker_container").lifecycle.precondition).toHaveLength(2);
  });

  it("starts a machine in a third stack, after the server's stack and without a remote state", () => {
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

  it("declares the realms of two servers in one other stack", () => {
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
