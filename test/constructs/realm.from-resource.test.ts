// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is Terraform that reads them
import { TerraformResource, TerraformStack, TerraformVariable } from "cdktf";
import type { Construct } from "constructs";
import { describe, expect, it } from "vitest";
import { Realm as RealmResource } from "../../.gen/providers/keycloak/realm";
import { DeployerClient, KeycloakServer, Realm, SignedJwtClient, SigningKeyPair } from "../../constructs";
import { captureNotices, fixedKey, inTemporaryProject, messageOf, newApp, newStack, only, synth } from "./project";

inTemporaryProject();

const URL = "https://keycloak.example";

function declared(stack: TerraformStack, scope: TerraformStack = stack) {
  const server = KeycloakServer.fromUrl(stack, "Server", { url: URL });
  const resource = new RealmResource(stack, "Own", {
    provider: server.keycloakProvider(stack),
    realm: "own",
    passwordPolicy: "length(12)",
  });
  return { server, resource, realm: Realm.fromResource(scope, "Realm", { server, resource }) };
}

describe("Realm.fromResource", () => {
  it("has the name and the issuer of the resource, and emits nothing", () => {
    const stack = newStack();
    const { realm } = declared(stack);
    expect(realm).toMatchObject({ realmName: "own", issuer: `${URL}/realms/own` });
    expect(Object.keys(synth(stack).resource)).toEqual(["keycloak_realm"]);
  });

  it("puts what is declared in it behind the resource", () => {
    const stack = newStack();
    const { realm } = declared(stack);
    const client = new SignedJwtClient(stack, "A", { realm, clientId: "a", signingKey: fixedKey(stack, "machine-a") });
    const called = new SignedJwtClient(stack, "B", { realm, clientId: "b", signingKey: fixedKey(stack, "machine-b") });
    called.grantCall(client);
    const { resource } = synth(stack);
    for (const type of ["keycloak_openid_client", "keycloak_openid_client_scope"]) {
      for (const one of Object.values(resource[type]!)) expect(one.depends_on).toEqual(["keycloak_realm.Own"]);
    }
  });

  it("is refused for a deployer of another stack than the resource's, wherever it is referred to", () => {
    const [one, two] = [newStack("one"), newStack("two")];
    const { server, resource } = declared(one);
    const realm = Realm.fromResource(two, "There", { server, resource });
    const deployer = { server, realms: [realm], signingKey: fixedKey(two, "machine-b") };
    expect(messageOf(() => new DeployerClient(two, "Deployer", deployer))).toContain(
      "must be declared in the deployer's stack",
    );
  });

  it("puts the resource behind the server", () => {
    const stack = newStack();
    const server = new KeycloakServer(stack, "Keycloak");
    const resource = new RealmResource(stack, "Own", { provider: server.keycloakProvider(stack), realm: "own" });
    Realm.fromResource(stack, "Realm", { server, resource });
    expect(only(synth(stack), "keycloak_realm").depends_on).toEqual(["docker_container.Keycloak_Container_B24A478B"]);
  });

  it("takes a resource of other bindings, and its stack before the others", () => {
    class Foreign extends TerraformResource {
      readonly realmInput = "foreign";
      constructor(scope: Construct, id: string) {
        super(scope, id, {
          terraformResourceType: "keycloak_realm",
          terraformGeneratorMetadata: { providerName: "keycloak" },
        });
      }
      protected override synthesizeAttributes() {
        return { realm: this.realmInput };
      }
    }
    const app = newApp();
    const [one, two] = [new TerraformStack(app, "one"), new TerraformStack(app, "two")];
    const server = KeycloakServer.fromUrl(two, "Server", { url: URL });
    const realm = Realm.fromResource(two, "Realm", { server, resource: new Foreign(one, "Own") });
    new SignedJwtClient(two, "A", { realm, clientId: "a", signingKey: fixedKey(two, "machine-a") });
    expect(two.dependsOn(one)).toBe(true);
    expect(realm.realmName).toBe("foreign");
  });

  it("may stand for one resource twice, but not for a realm that is declared otherwise", () => {
    const stack = newStack();
    const { server, resource } = declared(stack);
    Realm.fromResource(stack, "Again", { server, resource });
    expect(messageOf(() => new Realm(stack, "Other", { server, realmName: "own" }))).toContain(
      "`realmName` must be unique on its server, got: own, which test/Own declares already",
    );
  });

  it("fails on a name that only Terraform will know, and on another resource", () => {
    const stack = newStack();
    const server = KeycloakServer.fromUrl(stack, "Server", { url: URL });
    const provider = server.keycloakProvider(stack);
    const name = new TerraformVariable(stack, "name", { type: "string" });
    const resource = new RealmResource(stack, "Own", { provider, realm: name.stringValue });
    expect(messageOf(() => Realm.fromResource(stack, "Realm", { server, resource }))).toContain(
      "`realmName` must be known at synthesis",
    );
    const other = { ...resource, terraformResourceType: "keycloak_group", realmInput: "x" } as unknown as RealmResource;
    expect(messageOf(() => Realm.fromResource(stack, "Group", { server, resource: other }))).toContain(
      '`resource` must be a keycloak_realm, got: "keycloak_group"',
    );
  });

  it("gives a deployer its rights in the realm once the realm is there", () => {
    captureNotices();
    const stack = newStack();
    const { server, realm } = declared(stack);
    const signingKey = new SigningKeyPair(stack, "Key", { name: "terraform", algorithm: "ES256" });
    new DeployerClient(stack, "Deployer", { server, realms: [realm], signingKey });
    const json = synth(stack);
    expect(JSON.stringify(json)).toContain("${keycloak_realm.Own.id}-realm");
    const rights = only(json, "keycloak_realm").depends_on as string[];
    expect(rights.some((one) => one.includes("MayMakeRealms"))).toBe(true);
    expect(rights.some((one) => one.includes("Rights-own"))).toBe(false);
  });

  it("is named to a deployer, as each realm that is declared", () => {
    captureNotices();
    const stack = newStack();
    const { server } = declared(stack);
    const other = new Realm(stack, "Other", { server, realmName: "other" });
    const signingKey = new SigningKeyPair(stack, "Key", { name: "terraform", algorithm: "ES256" });
    new DeployerClient(stack, "Deployer", { server, realms: [other], signingKey });
    expect(messageOf(() => synth(stack))).toContain("missing: test/Realm (own)");
  });
});
