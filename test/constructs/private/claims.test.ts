import { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import { TerraformStack } from "cdktf";
import { describe, expect, it } from "vitest";
import { KeycloakServer, MachineContainer, Realm, SignedJwtClient, SigningKeyPair } from "../../../constructs";
import { captureNotices, fixedKey, inTemporaryProject, messageOf, newApp, newStack } from "../project";

inTemporaryProject();

describe("the files of pairs in one app", () => {
  const pair = (stack: TerraformStack, id: string, directory: string, privateKeyDirectory: string) =>
    new SigningKeyPair(stack, id, { name: "m", algorithm: "EdDSA", directory, privateKeyDirectory });

  it("are of one pair each: two of one name may not have one private half", () => {
    captureNotices();
    const stack = newStack();
    pair(stack, "A", "certs/a", "secrets");
    expect(messageOf(() => pair(stack, "B", "certs/b", "secrets"))).toContain(
      "`privateKeyDirectory` must not be that of another pair of this name, got: secrets/m-signing.key for certs/a/m-signing.crt and certs/b/m-signing.crt; choose another folder or `name`",
    );
    pair(stack, "C", "certs/c", "secrets/c");
  });

  it("have one place wherever the pair is declared", () => {
    captureNotices();
    const app = newApp();
    pair(new TerraformStack(app, "one"), "A", "certs", "secrets");
    const second = new TerraformStack(app, "two");
    expect(messageOf(() => pair(second, "A", "certs", "elsewhere"))).toContain(
      "`privateKeyDirectory` must be the same wherever a pair is declared, got: elsewhere/m-signing.key, and secrets/m-signing.key elsewhere, for certs/m-signing.crt; choose one of them",
    );
    expect(pair(second, "B", "certs", "secrets").privateKeyFile).toBe("secrets/m-signing.key");
  });
});

describe("in one app", () => {
  it("two containers of one name or port fail, whatever stacks and constructs they are of", () => {
    const app = newApp();
    const stack = new TerraformStack(app, "one");
    const server = new KeycloakServer(stack, "Keycloak");
    expect(messageOf(() => new KeycloakServer(new TerraformStack(app, "two"), "Other"))).toBe(
      [
        "[two/Other] ",
        "  - `containerName` must be unique in the app, got: keycloak, which one/Keycloak has already; give one of them another",
        "  - `port` must be unique in the app, got: 8080, which one/Keycloak publishes already; give one of them another",
      ].join("\n"),
    );
    const realm = new Realm(stack, "Realm", { server, realmName: "r" });
    const client = new SignedJwtClient(stack, "M", {
      realm,
      clientId: "keycloak",
      signingKey: fixedKey(stack, "machine-a"),
    });
    expect(messageOf(() => new MachineContainer(stack, "Api", { server, client, publishedPort: 8080 }))).toMatch(
      /^\[one\/Api\] \n {2}- `containerName` must be unique.*\n {2}- `publishedPort` must be unique in the app, got: 8080,.*$/,
    );
  });

  it("two containers of one name do not on two Docker engines, nor in two apps", () => {
    const app = newApp();
    for (const host of ["ssh://east", "ssh://west"]) {
      const stack = new TerraformStack(app, host.slice(6));
      new DockerProvider(stack, "engine", { host });
      new KeycloakServer(stack, "Keycloak");
    }
    new KeycloakServer(newStack(), "Keycloak");
  });

  it("a client id twice in a realm fails, also by two objects of one address and realm", () => {
    const stack = newStack();
    const signingKey = fixedKey(stack, "machine-a");
    const declare = (id: string, url: string) => {
      const server = KeycloakServer.fromUrl(stack, `${id}Server`, { url });
      const realm = Realm.fromRealmName(stack, `${id}Realm`, { server, realmName: "r" });
      return new SignedJwtClient(stack, id, { realm, clientId: "orders", signingKey });
    };
    declare("A", "https://sso.example");
    expect(messageOf(() => declare("B", "https://SSO.example:443"))).toBe(
      "[test/B] `clientId` must be unique in realm r, got: orders, which test/A declares already",
    );
    declare("C", "https://other.example");
  });
});
