import { TerraformStack, Testing } from "cdktf";
import { describe, expect, it, vi } from "vitest";
import { KeycloakProvider } from "../../.gen/providers/keycloak/provider";
import { DeployerClient, type IKeycloakServer, KeycloakServer, Realm, SignedJwtClient } from "../../constructs";
import { fixedKey, inTemporaryProject, newApp, newStack, SIGNING_CLIENT } from "./project";

inTemporaryProject();

/** A server, a realm and a client, with a deployer declared after them or before. */
function declared(order: "last" | "first" = "last", stack = newStack()) {
  const server = new KeycloakServer(stack, "Keycloak");
  const realm = new Realm(stack, "Realm", { server, realmName: "r", loginEventsSeconds: 60 });
  const deployer = () =>
    new DeployerClient(stack, "Deployer", { server, realms: [realm], signingKey: fixedKey(stack, "machine-b") });
  if (order === "first") deployer();
  new SignedJwtClient(stack, "A", { realm, clientId: "a", signingKey: fixedKey(stack, "machine-a") });
  if (order === "last") deployer();
  return { stack, server, realm };
}

// biome-ignore lint/suspicious/noExplicitAny: synthesized JSON has no types here
const json = (stack: TerraformStack): any => JSON.parse(Testing.synth(stack, true));
// biome-ignore lint/suspicious/noExplicitAny: likewise
const only = (resources: any): any => Object.values(resources)[0];

// biome-ignore lint/suspicious/noExplicitAny: likewise
const clientOf = (resource: any, id: string): any =>
  Object.values(resource.keycloak_openid_client).find((one) => (one as { client_id: string }).client_id === id);

describe("a DeployerClient", () => {
  it("makes Terraform sign in by its key, which Terraform reads, if no password is given", () => {
    const { provider, variable } = json(declared().stack);
    expect(provider.keycloak).toEqual([
      {
        alias: "Keycloak",
        client_id: "terraform",
        client_timeout: 60,
        initial_login: false,
        jwt_signing_alg: "RS256",
        jwt_signing_key: `\${file("../../../certs/machine-b-signing.key")}`,
        password: "",
        url: "http://localhost:8080",
        username: "",
      },
    ]);
    expect(variable).toBeUndefined();
  });

  it.each(["KEYCLOAK_PASSWORD", "TF_VAR_keycloak_admin_password"])(
    "makes Terraform sign in by the password in %s",
    (name) => {
      vi.stubEnv(name, "given");
      const { provider, variable } = json(declared().stack);
      expect(provider.keycloak[0]).toMatchObject({
        client_id: "admin-cli",
        username: expect.stringContaining("var.keycloak_admin_username"),
      });
      expect(provider.keycloak[0]).not.toHaveProperty("jwt_signing_key");
      expect(variable.keycloak_admin_password.default ?? null).toBeNull(); // no `change_me` beside a deployer
    },
  );

  it("is a client of master that can only sign in by its key", () => {
    const { resource } = json(declared().stack);
    expect(clientOf(resource, "terraform")).toMatchObject({
      ...SIGNING_CLIENT,
      realm_id: "master",
      full_scope_allowed: true, // of its own service account's roles, which nobody else ever has
    });
  });

  it("has the rights that the constructs need, each as a resource", () => {
    const { resource } = json(declared().stack);
    const rights = Object.entries(resource.keycloak_openid_client_service_account_role).map(
      ([name, right]) => `${name.replace(/_[0-9A-F]{8}$/, "")} ${(right as { role: string }).role}`,
    );
    expect(rights.sort()).toEqual([
      "Deployer_ManageClients manage-clients",
      "Deployer_ManageUsers manage-users",
      expect.stringMatching(/^Deployer_MayMakeRealms \$\{keycloak_role\.Deployer_MakeRealms_\w+\.name\}$/),
      "Deployer_Rights-r_ManageClients manage-clients",
      "Deployer_Rights-r_ManageEvents manage-events",
      "Deployer_Rights-r_ManageRealm manage-realm",
      "Deployer_Rights-r_ManageUsers manage-users",
      "Deployer_ViewRealm view-realm",
    ]);
    expect(resource).not.toHaveProperty("keycloak_openid_client_service_account_realm_role");
  });

  it("may make realms by a role of its own client, which it may remove again", () => {
    const role = only(json(declared().stack).resource.keycloak_role);
    expect(role).toMatchObject({ realm_id: "master", name: "make-realms" });
    expect(role.client_id).toMatch(/^\$\{keycloak_openid_client\.Deployer_\w+\.id\}$/);
    expect(role.composite_roles).toEqual([expect.stringMatching(/^\$\{data\.keycloak_role\.Deployer_CreateRealm_/)]);
  });

  it("only manages the clients of a realm that is not declared, and may make no realms", () => {
    const stack = newStack();
    const server = new KeycloakServer(stack, "Keycloak");
    const realm = Realm.fromRealmName(stack, "Realm", { server, realmName: "r" });
    new DeployerClient(stack, "Deployer", { server, realms: [realm], signingKey: fixedKey(stack, "machine-b") });
    const { resource } = json(stack);
    expect(resource).not.toHaveProperty("keycloak_role");
    const roles = Object.values(resource.keycloak_openid_client_service_account_role) as { role: string }[];
    expect(roles.map(({ role }) => role).sort()).toEqual(["manage-clients", "manage-clients", "manage-users"]);
  });

  it.each(["first", "last"] as const)("makes everything in a realm depend on its rights, declared %s", (order) => {
    const { resource } = json(declared(order).stack);
    const rights = Object.keys(resource.keycloak_openid_client_service_account_role)
      .filter((name) => name.startsWith("Deployer_Rights"))
      .map((name) => `keycloak_openid_client_service_account_role.${name}`);
    const ofRealm = [
      clientOf(resource, "a"),
      only(resource.keycloak_openid_client_default_scopes),
      only(resource.keycloak_realm_events),
    ];
    for (const one of ofRealm) expect(one.depends_on).toEqual(expect.arrayContaining(rights));
    expect(only(resource.keycloak_realm).depends_on.join()).not.toContain("Rights"); // they are rights in it
  });

  it("changes nothing in a stack without one", () => {
    const stack = newStack();
    const server = new KeycloakServer(stack, "Keycloak");
    new Realm(stack, "Realm", { server, realmName: "r" });
    const { provider, variable } = json(stack);
    expect(provider.keycloak[0]).toMatchObject({ client_id: "admin-cli" });
    expect(variable.keycloak_admin_password.default).toBe("change_me");
  });

  it.each<[string, (given: ReturnType<typeof declared>) => unknown, string]>([
    [
      "no realm",
      ({ stack, server }) =>
        new DeployerClient(stack, "D", { server, realms: [], signingKey: fixedKey(stack, "machine-b", "k") }),
      "`realms` must name at least one realm, got: none",
    ],
    [
      "a second deployer",
      ({ stack, server, realm }) =>
        new DeployerClient(stack, "D", { server, realms: [realm], signingKey: fixedKey(stack, "machine-b", "k") }),
      "`server` must have one deployer, got: a second one beside",
    ],
    [
      "master",
      ({ stack, server }) =>
        new DeployerClient(stack, "D", {
          server,
          realms: [Realm.fromRealmName(stack, "Master", { server, realmName: "master" })],
          signingKey: fixedKey(stack, "machine-b", "k"),
        }),
      "`realms` must not name master",
    ],
  ])("refuses %s", (_name, declare, message) => {
    const given = declared();
    expect(() => declare(given)).toThrow(message);
  });

  it("for another app only manages the clients of its realms, and Terraform does not sign in as it here", () => {
    const { stack, server, realm } = declared();
    const props = { server, realms: [realm], signingKey: fixedKey(stack, "machine-b", "k"), ofAnotherApp: true };
    new DeployerClient(stack, "Team", { ...props, clientId: "team" });
    new DeployerClient(stack, "Team2", { ...props, clientId: "team-2" });
    const { resource, provider } = json(stack);
    expect(provider.keycloak).toMatchObject([{ client_id: "terraform" }]);
    const rights = Object.entries(resource.keycloak_openid_client_service_account_role)
      .filter(([name]) => name.startsWith("Team_"))
      .map(([, right]) => (right as { role: string }).role);
    expect(rights).toEqual(["manage-clients"]);
    expect(clientOf(resource, "team")).toMatchObject({ ...SIGNING_CLIENT, realm_id: "master" });
    expect(clientOf(resource, "team")).not.toHaveProperty("//"); // m2m makes no password for it
    expect(clientOf(resource, "a").depends_on.join()).not.toContain("Team_");
  });

  it("refuses a server with a provider of the user's", () => {
    const stack = newStack();
    const provider = new KeycloakProvider(stack, "Own", {
      clientId: "x",
      clientSecret: "y",
      url: "http://localhost:8080",
    });
    const server = new KeycloakServer(stack, "Keycloak", { provider });
    const realm = new Realm(stack, "Realm", { server, realmName: "r" });
    const signingKey = fixedKey(stack, "machine-b");
    expect(() => new DeployerClient(stack, "D", { server, realms: [realm], signingKey })).toThrow(
      "`server` must make its Keycloak provider itself",
    );
  });

  it("refuses a server class of the user's own", () => {
    const stack = newStack();
    const inner = KeycloakServer.fromUrl(stack, "Keycloak", { url: "https://sso.example" });
    const server: IKeycloakServer = {
      url: inner.url,
      issuerBase: inner.issuerBase,
      keycloakProvider: (scope) => inner.keycloakProvider(scope),
      dependencies: (scope) => inner.dependencies(scope),
    };
    const realm = new Realm(stack, "Realm", { server, realmName: "r" });
    const signingKey = fixedKey(stack, "machine-b");
    expect(() => new DeployerClient(stack, "D", { server, realms: [realm], signingKey })).toThrow(
      "`server` must make its Keycloak provider itself",
    );
  });

  it("refuses an app that declares a realm without naming it in `realms`", () => {
    const { stack, server } = declared("last", new TerraformStack(newApp(), "other"));
    new Realm(stack, "Second", { server, realmName: "second" });
    const problems = stack.node.findAll().flatMap(({ node }) => node.validate());
    expect(problems).toEqual([expect.stringContaining("declared on the server, missing: other/Second (second)")]);
  });
});
