import { writeFileSync } from "node:fs";
import { TerraformStack } from "cdktf";
import { describe, expect, it, vi } from "vitest";
import { DeployerClient, KeycloakServer, PrivateLocalBackend, Realm, SignedJwtClient } from "../../constructs";
import { fixedKey, inTemporaryProject, manifestOf, newApp, only, synth } from "./project";

inTemporaryProject();

describe("a server, its deployer and clients in three stacks", () => {
  function threeStacks(order: "first" | "last") {
    const app = newApp();
    const [host, access, clients] = ["host", "access", "clients"].map((id) => new TerraformStack(app, id)) as [
      TerraformStack,
      TerraformStack,
      TerraformStack,
    ];
    for (const stack of [host, access, clients]) new PrivateLocalBackend(stack);
    const server = new KeycloakServer(host, "Keycloak");
    const existing = Realm.fromRealmName(access, "Existing", { server, realmName: "old" });
    const deployer = () =>
      new DeployerClient(access, "D", { server, realms: [existing], signingKey: fixedKey(access, "machine-b") });
    if (order === "first") deployer();
    const realm = Realm.fromRealmName(clients, "Existing", { server, realmName: "old" });
    new SignedJwtClient(clients, "A", { realm, clientId: "a", signingKey: fixedKey(clients, "machine-a") });
    if (order === "last") deployer();
    return { host, access, clients, container: () => only(synth(host), "docker_container") };
  }

  it.each(["first", "last"] as const)(
    "are deployed in this order and destroyed in reverse, with the deployer declared %s",
    (order) => {
      const { host, access, clients } = threeStacks(order);
      synth(clients);
      expect(manifestOf(clients).dependencies.sort()).toEqual(["access", "host"]);
      expect(manifestOf(access).dependencies).toEqual(["host"]);
      expect(manifestOf(host).dependencies).toEqual([]);
    },
  );

  it("fail at the server's plan if the first deploy has no password", () => {
    const { lifecycle } = threeStacks("last").container();
    expect(lifecycle.precondition).toEqual([
      { condition: `\${terraform.workspace == ""}`, error_message: expect.stringContaining("Set KEYCLOAK_PASSWORD") },
    ]);
  });

  it.each([
    ["host", "docker_container"],
    ["access", "keycloak_openid_client"],
  ] as const)("do not fail once %s is deployed", (stack, type) => {
    const [name] = Object.keys(synth(threeStacks("last")[stack]).resource[type]!);
    writeFileSync(`terraform.${stack}.tfstate`, JSON.stringify({ resources: [{ type, name, instances: [{}] }] }));
    expect(threeStacks("last").container()).not.toHaveProperty("lifecycle");
  });

  it("do not fail with a password", () => {
    vi.stubEnv("KEYCLOAK_PASSWORD", "given");
    expect(JSON.stringify(threeStacks("last").container())).not.toContain("terraform.workspace");
  });

  it("are ordered for an imported server too, which may be in any of them", () => {
    const app = newApp();
    const [clients, access] = [new TerraformStack(app, "clients"), new TerraformStack(app, "access")];
    const server = KeycloakServer.fromUrl(clients, "Keycloak", { url: "https://sso.example" });
    const declareIn = (stack: TerraformStack) => Realm.fromRealmName(stack, "R", { server, realmName: "r" });
    const signingKey = fixedKey(clients, "machine-a");
    new SignedJwtClient(clients, "A", { realm: declareIn(clients), clientId: "a", signingKey });
    new DeployerClient(access, "D", { server, realms: [declareIn(access)], signingKey: fixedKey(access, "machine-b") });
    synth(clients);
    expect(manifestOf(clients).dependencies).toEqual(["access"]);
  });

  it("refuse a client in the server's own stack, which is destroyed last", () => {
    const { host, access } = threeStacks("last");
    const server = host.node.findChild("Keycloak") as KeycloakServer;
    const realm = Realm.fromRealmName(host, "Existing", { server, realmName: "old" });
    new SignedJwtClient(host, "B", { realm, clientId: "b", signingKey: fixedKey(host, "machine-a") });
    expect(access.node.findAll().flatMap(({ node }) => node.validate())).toEqual([
      expect.stringContaining("`server` must have nothing declared on it in its own stack"),
    ]);
  });

  it("refuse a dependency that puts the deployer's stack behind another", () => {
    const app = newApp();
    const [clients, access] = [new TerraformStack(app, "clients"), new TerraformStack(app, "access")];
    access.addDependency(clients);
    const server = KeycloakServer.fromUrl(access, "Keycloak", { url: "https://sso.example" });
    const realm = Realm.fromRealmName(access, "R", { server, realmName: "r" });
    new DeployerClient(access, "D", { server, realms: [realm], signingKey: fixedKey(access, "machine-b") });
    expect(() => server.keycloakProvider(clients)).toThrow("got: access depends on clients; remove that dependency");
  });
});
