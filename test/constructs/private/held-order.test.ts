import { DataResource, TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { describe, expect, it } from "vitest";
import { DataKeycloakRealm } from "../../../.gen/providers/keycloak/data-keycloak-realm";
import { KeycloakServer, ProtectedApi, Realm, SignedJwtClient } from "../../../constructs";
import { fixedKey, inTemporaryProject, messageOf, newApp, newRealm, newStack, only, synth } from "../project";

inTemporaryProject();

function newClient(stack: TerraformStack, realm = newRealm(stack) as ReturnType<typeof Realm.fromRealmName>) {
  return new SignedJwtClient(stack, "Client", {
    realm,
    clientId: "machine-a",
    signingKey: fixedKey(stack, "machine-a"),
  });
}

const FIRST = "terraform_data.First";
const first = (stack: TerraformStack) => new DataResource(stack, "First", {});

/** What each resource of a type waits for. */
function waits(json: ReturnType<typeof synth>, type: string): string[][] {
  return Object.values(json.resource[type] ?? {}).map(({ depends_on = [] }) => depends_on);
}

describe("node.addDependency", () => {
  it("of a client orders each resource in it, whenever it is said", () => {
    const stack = newStack();
    const client = newClient(stack);
    client.node.addDependency(first(stack));
    const json = synth(stack);
    expect(only(json, "keycloak_openid_client").depends_on).toEqual(["keycloak_realm.Realm_5F128390", FIRST]);
    expect(waits(json, "keycloak_openid_client_default_scopes")).toEqual([[FIRST]]);
    expect(waits(json, "keycloak_openid_client_optional_scopes")[0]).toContain(FIRST);
    expect(waits(json, "keycloak_realm")).toEqual([[]]);
  });

  it("of a realm or server that is referred to orders what is declared in it, data sources too", () => {
    const stack = newStack();
    const server = KeycloakServer.fromUrl(stack, "Server", { url: "https://keycloak.example" });
    const realm = Realm.fromRealmName(stack, "Realm", { server, realmName: "r" });
    const other = SignedJwtClient.fromClientId(stack, "Other", { realm, clientId: "other" });
    other.grantCall(newClient(stack, realm), { roles: ["reader"] });
    new ProtectedApi(stack, "Api", { realm, audience: "api", scopes: { read: "reads" } });
    realm.node.addDependency(first(stack));
    server.node.addDependency(new DataResource(stack, "Second", {}));
    const json = synth(stack);
    const both = [FIRST, "terraform_data.Second"].sort();
    const all = [...Object.values(json.resource), ...Object.values(json.data!)].flatMap((type) => Object.values(type));
    const ours = all.filter(({ provider }) => provider !== undefined);
    expect(ours.length).toBeGreaterThan(6);
    expect(ours.filter(({ depends_on = [] }) => both.some((one) => !depends_on.includes(one)))).toEqual([]);
  });

  it("lets what is declared below a realm or server that is referred to wait for nothing there", () => {
    const stack = newStack();
    const server = KeycloakServer.fromUrl(stack, "Server", { url: "https://keycloak.example" });
    const realm = Realm.fromRealmName(stack, "Realm", { server, realmName: "r" });
    for (const id of ["machine-a", "machine-b"] as const) {
      new SignedJwtClient(realm as unknown as Construct, id, { realm, clientId: id, signingKey: fixedKey(stack, id) });
      new Realm(server as unknown as Construct, id, { server, realmName: id });
    }
    const json = synth(stack);
    expect(waits(json, "keycloak_openid_client")).toEqual([[], []]);
    expect(waits(json, "keycloak_realm")).toEqual([[], []]);
  });

  it("of a realm that is referred to is left to the order of the stacks in another one", () => {
    const [one, other] = [newStack("one"), newStack("other")];
    const server = KeycloakServer.fromUrl(one, "Server", { url: "https://keycloak.example" });
    const realm = Realm.fromRealmName(one, "Realm", { server, realmName: "r" });
    realm.node.addDependency(first(one));
    other.addDependency(one);
    newClient(other, realm);
    expect(waits(synth(other), "keycloak_openid_client")).toEqual([[]]);
  });

  it("takes data sources, and all that a construct holds", () => {
    const stack = newStack();
    const realm = newRealm(stack);
    const group = new Construct(stack, "Group");
    new DataResource(group, "A", {});
    new DataKeycloakRealm(group, "B", { provider: realm.keycloakProvider(stack), realm: "x" });
    newClient(stack, realm).node.addDependency(group);
    expect(only(synth(stack), "keycloak_openid_client").depends_on).toEqual([
      "keycloak_realm.Realm_5F128390",
      expect.stringMatching(/^terraform_data\.Group_A_/),
      expect.stringMatching(/^data\.keycloak_realm\.Group_B_/),
    ]);
  });

  it("of a construct around ours holds for what is inside, and leaves itself out", () => {
    const stack = newStack();
    const service = new Construct(stack, "Service");
    const realm = newRealm(stack);
    new SignedJwtClient(service, "Client", { realm, clientId: "a", signingKey: fixedKey(stack, "machine-a") });
    service.node.addDependency(realm, service);
    const json = synth(stack);
    expect(waits(json, "keycloak_openid_client")).toEqual([["keycloak_realm.Realm_5F128390"]]);
    expect(waits(json, "keycloak_openid_client_default_scopes")).toEqual([["keycloak_realm.Realm_5F128390"]]);
  });

  it("fails on a construct of another stack", () => {
    const app = newApp();
    const [one, two] = [new TerraformStack(app, "one"), new TerraformStack(app, "two")];
    newClient(one).node.addDependency(first(two));
    expect(messageOf(() => app.synth())).toBe(
      "[one/Client] `node.addDependency` must name a construct of the same stack, got: two/First of stack two; put that stack before this one by `addDependency` of the stack",
    );
  });
});
