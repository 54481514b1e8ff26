import { existsSync } from "node:fs";
import { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import { TerraformStack, TerraformVariable } from "cdktf";
import { describe, expect, it } from "vitest";
import { KeycloakServer, MachineContainer, Realm, SignedJwtClient } from "../../constructs";
import { fixedKey, inTemporaryProject, messageOf, newApp, newStack } from "./project";

inTemporaryProject();

describe("a server fails", () => {
  it.each(["", "k", "my keycloak", ".kc", "kc!", "käse", "a\nb"])("on the container name %j", (containerName) => {
    expect(messageOf(() => new KeycloakServer(newStack(), "Keycloak", { containerName }))).toBe(
      `[test/Keycloak] \`containerName\` must be 2 or more letters, digits, dots, dashes or underscores, the first a letter or digit (Docker's rule), got: ${JSON.stringify(containerName)}`,
    );
  });

  it("on another mode", () => {
    expect(messageOf(() => new KeycloakServer(newStack(), "Keycloak", { mode: "prod" as "dev" }))).toBe(
      '[test/Keycloak] `mode` must be "optimized" or "dev", got: "prod"',
    );
  });

  it.each(["", "two words", "x\nRUN true", "$BASE", "kc:1 AS y"])("on the image or version %j", (text) => {
    const problem = `must name an image, without white space, got: ${JSON.stringify(text)}; for example quay.io/`;
    expect(() => new KeycloakServer(newStack(), "Keycloak", { image: text })).toThrow(
      `[test/Keycloak] \`image\` ${problem}`,
    );
    const version = { version: text };
    if (text !== "") expect(() => new KeycloakServer(newStack(), "Keycloak", version)).toThrow("`version` must name");
    expect(existsSync("cdktf.out/stacks/test/keycloak-image")).toBe(false);
  });

  it.each(["registry.example:5000/own/keycloak:26.4-1_x", "[::1]:5000/kc@sha256:0123abcd", "localhost/KC"])(
    "not on the image %j",
    (image) => {
      expect(() => new KeycloakServer(newStack(), "Keycloak", { image })).not.toThrow();
    },
  );

  it("on what only Terraform knows, in words", () => {
    const stack = newStack();
    const name = new TerraformVariable(stack, "name", { type: "string" }).stringValue;
    const port = new TerraformVariable(stack, "port", { type: "number" }).numberValue;
    const later = "must be known at synthesis, got: a value that only Terraform will know (a token of cdktf); pass";
    const message = messageOf(
      () => new KeycloakServer(stack, "Keycloak", { containerName: `kc-${name}`, port, image: name }),
    );
    expect(message.split("\n")).toEqual([
      "[test/Keycloak] ",
      expect.stringContaining(`\`containerName\` ${later}`),
      expect.stringContaining(`\`port\` ${later}`),
      expect.stringContaining(`\`image\` ${later}`),
    ]);
    expect(() => KeycloakServer.fromUrl(stack, "Other", { url: name })).toThrow(`\`url\` ${later}`);
    expect(message).not.toMatch(/TfToken|\de\+/);
  });
});

describe("a server that exists fails", () => {
  it.each(["https://root:hunter2@sso.example/auth", "http://hunter2@", "root:hunter2@sso.example"])(
    "on the URL %j without repeating its password",
    (url) => {
      const message = messageOf(() => KeycloakServer.fromUrl(newStack(), "Keycloak", { url, issuerBase: "https://x" }));
      expect(message).toMatch(
        /^\[test\/Keycloak\] `url` must hold no user and no password, as it is part of the JSON, got: some before "@.*"; give them in KEYCLOAK_USER and KEYCLOAK_PASSWORD, or by a `provider` of your own$/,
      );
      expect(message).not.toContain("hunter2");
    },
  );

  it("not on an @ that names no user", () => {
    expect(KeycloakServer.fromUrl(newStack(), "Keycloak", { url: "https://sso.example/@team" }).url).toBe(
      "https://sso.example/@team",
    );
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
