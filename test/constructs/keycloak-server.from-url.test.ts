// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Terraform's references look like that
import { Construct } from "constructs";
import { describe, expect, it } from "vitest";
import { KeycloakProvider } from "../../.gen/providers/keycloak/provider";
import { KeycloakServer, Realm, ValidationError } from "../../constructs";
import { inTemporaryProject, messageOf, newStack, only, synth } from "./project";

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
