// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Terraform's references look like that
import { Construct } from "constructs";
import { describe, expect, it, vi } from "vitest";
import { KeycloakProvider } from "../../.gen/providers/keycloak/provider";
import { DeployerClient, KeycloakServer, Realm, ValidationError } from "../../constructs";
import { fixedKey, inTemporaryProject, messageOf, newStack, only, synth } from "./project";

inTemporaryProject();

describe("fromUrl", () => {
  function imported(attributes: Parameters<typeof KeycloakServer.fromUrl>[2], id = "Keycloak") {
    const stack = newStack();
    const server = KeycloakServer.fromUrl(stack, id, attributes);
    new Realm(stack, "Realm", { server, realmName: "r" });
    return { server, json: synth(stack) };
  }

  it("declares nothing in Docker, and signs in by variables that its id names", () => {
    const { server, json } = imported({ url: "https://sso.example" }, "Company-SSO");
    expect(server).toMatchObject({ url: "https://sso.example", issuerBase: "https://sso.example" });
    expect(Object.keys(json.resource)).toEqual(["keycloak_realm"]);
    expect(json.provider).toEqual({
      keycloak: [
        expect.objectContaining({
          alias: "Company-SSO",
          url: "https://sso.example",
          username: "${var.company_sso_admin_username}",
          password: "${var.company_sso_admin_password}",
        }),
      ],
    });
    expect(Object.keys(json.variable).sort()).toEqual(["company_sso_admin_password", "company_sso_admin_username"]);
    expect(Object.values(json.variable).map((variable) => variable.default)).toEqual([null, null]);
    expect(only(json, "keycloak_realm").depends_on).toEqual([]);
  });

  it("takes an issuer other than the address", () => {
    const { server, json } = imported({ url: "http://localhost:8080", issuerBase: "https://sso.example/auth" });
    expect(server.issuerBase).toBe("https://sso.example/auth");
    expect(json.provider.keycloak?.[0]?.url).toBe("http://localhost:8080");
  });

  describe("with a deployer that another app declares", () => {
    const AT = { url: "https://sso.example" };
    const deployer = { clientId: "team", privateKeyFile: "access/team-signing.key" };

    it.each([undefined, "of-another-server"])("signs in as it, with a password in the environment: %s", (password) => {
      if (password) vi.stubEnv("KEYCLOAK_PASSWORD", password);
      const { json } = imported({ ...AT, deployer: { ...deployer, algorithm: "ES256" } });
      expect(json.provider.keycloak).toMatchObject([
        {
          client_id: "team",
          username: "",
          password: "",
          jwt_signing_alg: "ES256",
          jwt_signing_key: '${file("../../../access/team-signing.key")}',
        },
      ]);
      expect(json.variable).toBeUndefined();
    });

    it("takes no DeployerClient beside it", () => {
      const stack = newStack();
      const server = KeycloakServer.fromUrl(stack, "Keycloak", { ...AT, deployer });
      const realm = Realm.fromRealmName(stack, "Realm", { server, realmName: "r" });
      const props = { server, realms: [realm], signingKey: fixedKey(stack, "machine-a") };
      expect(() => new DeployerClient(stack, "D", props)).toThrow("`server` must have one deployer");
    });

    it.each<[object, string]>([
      [{ clientId: "" }, "`clientId` must be"],
      [{ privateKeyFile: "" }, "`privateKeyFile` must be the path of a private key"],
      [{ algorithm: "HS256" }, "`algorithm` must be"],
      [{ key: "x" }, "`key` is not an option"],
    ])("refuses %j", (wrong, message) => {
      const attributes = { ...AT, deployer: { ...deployer, ...wrong } };
      expect(messageOf(() => KeycloakServer.fromUrl(newStack(), "Keycloak", attributes))).toContain(message);
    });

    it("refuses a provider beside it", () => {
      const stack = newStack();
      const provider = new KeycloakProvider(stack, "own", { url: AT.url, clientId: "x" });
      const attributes = { ...AT, deployer, provider };
      expect(messageOf(() => KeycloakServer.fromUrl(stack, "Keycloak", attributes))).toContain(
        "`deployer` and `provider` both say how Terraform signs in",
      );
    });
  });

  it("takes a provider of the user's", () => {
    const stack = newStack();
    const provider = new KeycloakProvider(stack, "own", {
      alias: "sso",
      url: "https://sso.example",
      clientId: "terraform",
    });
    const server = KeycloakServer.fromUrl(stack, "Keycloak", { url: "https://sso.example", provider });
    new Realm(stack, "Realm", { server, realmName: "r" });
    const json = synth(stack);
    expect(json.provider.keycloak).toEqual([{ alias: "sso", url: "https://sso.example", client_id: "terraform" }]);
    expect(only(json, "keycloak_realm").provider).toBe("keycloak.sso");
    expect(json.variable).toBeUndefined();
  });

  it.each([
    "",
    "sso.example",
    "ftp://sso.example",
    "https://sso.example/",
    "https://",
    "https://sso.example?x",
    "https://a b",
    "https://${x}",
  ])("fails on the URL %j", (url) => {
    expect(() => KeycloakServer.fromUrl(newStack(), "Keycloak", { url, issuerBase: "https://sso.example" })).toThrow(
      new ValidationError(
        new Construct(newStack(), "Keycloak"),
        `\`url\` must be an http or https URL without query, fragment and trailing slash, got: ${JSON.stringify(url)}`,
      ),
    );
  });

  it("names all bad URLs at once", () => {
    const message = messageOf(() => KeycloakServer.fromUrl(newStack(), "Keycloak", { url: "x", issuerBase: "y/" }));
    expect(message).toBe(
      [
        "[test/Keycloak] ",
        '  - `url` must be an http or https URL without query, fragment and trailing slash, got: "x"',
        '  - `issuerBase` must be an http or https URL without query, fragment and trailing slash, got: "y/"',
      ].join("\n"),
    );
  });
});
