import { TerraformVariable } from "cdktf";
import { describe, expect, it } from "vitest";
import { KeycloakServer, Realm, type RealmProps, SignedJwtClient } from "../../constructs";
import { quoted } from "../../constructs/keys/shown";
import { fixedKey, inTemporaryProject, messageOf, newRealm, newStack, only, synth } from "./project";

inTemporaryProject();

function realmJson(props: Partial<RealmProps> = {}) {
  const stack = newStack();
  const server = new KeycloakServer(stack, "Keycloak");
  const realm = new Realm(stack, "Realm", { server, realmName: "sjwt-example", ...props });
  const json = synth(stack);
  return { realm, json, resource: only(json, "keycloak_realm") };
}

describe("defaults", () => {
  it("declares an enabled realm with tokens of five minutes, after the server", () => {
    expect(realmJson().resource).toMatchObject({
      realm: "sjwt-example",
      enabled: true,
      access_token_lifespan: "5m0s",
      provider: "keycloak.Keycloak",
      depends_on: ["docker_container.Keycloak_Container_B24A478B"],
    });
  });

  it("says its addresses, all below the issuer", () => {
    const { realm, resource } = realmJson();
    expect(realm).toMatchObject({
      realmName: "sjwt-example",
      issuer: "http://keycloak:8080/realms/sjwt-example",
      tokenEndpoint: "http://keycloak:8080/realms/sjwt-example/protocol/openid-connect/token",
      jwksUri: "http://keycloak:8080/realms/sjwt-example/protocol/openid-connect/certs",
    });
    expect(resource.attributes).toEqual({ frontendUrl: "http://keycloak:8080" });
  });
});

describe("accessTokenLifespanSeconds", () => {
  it.each([
    [1, "1s"],
    [59, "59s"],
    [60, "1m0s"],
    [90, "1m30s"],
    [3600, "1h0m0s"],
    [3661, "1h1m1s"],
    [86_400, "24h0m0s"],
  ])("writes %d as the provider reads it back, %s", (seconds, text) => {
    expect(realmJson({ accessTokenLifespanSeconds: seconds }).resource.access_token_lifespan).toBe(text);
  });

  it.each([0, -5, 1.5, 86_401, Number.NaN])("fails on %d", (accessTokenLifespanSeconds) => {
    expect(messageOf(() => realmJson({ accessTokenLifespanSeconds }))).toBe(
      `[test/Realm] \`accessTokenLifespanSeconds\` must be a whole number between 1 and 86400, got: ${accessTokenLifespanSeconds}; use 300, or leave it out`,
    );
  });
});

describe("signatureAlgorithm", () => {
  it("is Keycloak's own where it is left out: nothing is declared", () => {
    const { realm, resource } = realmJson();
    expect(realm.signatureAlgorithm).toBeUndefined();
    expect(Object.keys(resource)).not.toContain("default_signature_algorithm");
  });

  it.each(["RS256", "PS256", "ES256"] as const)("is what the realm signs tokens with: %s", (signatureAlgorithm) => {
    const { realm, resource } = realmJson({ signatureAlgorithm });
    expect(realm.signatureAlgorithm).toBe(signatureAlgorithm);
    expect(resource.default_signature_algorithm).toBe(signatureAlgorithm);
  });

  it.each(["HS256", "EdDSA", ""])("fails on %j", (other) => {
    expect(messageOf(() => realmJson({ signatureAlgorithm: other as "RS256" }))).toBe(
      `[test/Realm] \`signatureAlgorithm\` must be one of RS256, PS256, ES256, got: ${JSON.stringify(other)}`,
    );
  });
});

describe("loginEventsSeconds", () => {
  it("declares nothing of events where it is left out", () => {
    expect(realmJson().json.resource.keycloak_realm_events).toBeUndefined();
  });

  it("keeps sign-ins of machines for that long and no other events, in the log as before", () => {
    const { json } = realmJson({ loginEventsSeconds: 86_400 });
    const { "//": comment, ...events } = only(json, "keycloak_realm_events");
    expect(comment.metadata.path).toBe("test/Realm/LoginEvents");
    expect(events).toEqual({
      provider: "keycloak.Keycloak",
      realm_id: "sjwt-example",
      events_enabled: true,
      events_expiration: 86_400,
      enabled_event_types: ["CLIENT_LOGIN", "CLIENT_LOGIN_ERROR"],
      events_listeners: ["jboss-logging"],
      admin_events_enabled: false,
      depends_on: ["keycloak_realm.Realm_5F128390"],
    });
  });

  it("changes nothing else of the JSON", () => {
    const { json: without } = realmJson();
    const { json: beside } = realmJson({ loginEventsSeconds: 60 });
    const { keycloak_realm_events: _events, ...others } = beside.resource;
    expect({ ...beside, resource: others }).toEqual(without);
  });

  it.each([0, -1, 0.5, 31_536_001])("fails on %d", (loginEventsSeconds) => {
    expect(messageOf(() => realmJson({ loginEventsSeconds }))).toBe(
      `[test/Realm] \`loginEventsSeconds\` must be a whole number between 1 and 31536000, got: ${loginEventsSeconds}; use 86400, or leave it out`,
    );
  });
});

describe("adminEventsSeconds", () => {
  it("keeps the events of administrators for that long, without what they said, and no sign-ins", () => {
    const { json } = realmJson({ adminEventsSeconds: 3600 });
    expect(only(json, "keycloak_realm").attributes).toMatchObject({ adminEventsExpiration: "3600" });
    const { "//": comment, ...events } = only(json, "keycloak_realm_events");
    expect(comment.metadata.path).toBe("test/Realm/LoginEvents");
    expect(events).toEqual({
      provider: "keycloak.Keycloak",
      realm_id: "sjwt-example",
      events_enabled: false,
      events_listeners: ["jboss-logging"],
      admin_events_enabled: true,
      depends_on: ["keycloak_realm.Realm_5F128390"],
    });
  });

  it("shares one resource with loginEventsSeconds", () => {
    const { json } = realmJson({ adminEventsSeconds: 3600, loginEventsSeconds: 60 });
    expect(only(json, "keycloak_realm_events")).toMatchObject({
      events_enabled: true,
      events_expiration: 60,
      enabled_event_types: ["CLIENT_LOGIN", "CLIENT_LOGIN_ERROR"],
      admin_events_enabled: true,
    });
  });

  it.each([0, 31_536_001])("fails on %d", (adminEventsSeconds) => {
    expect(messageOf(() => realmJson({ adminEventsSeconds }))).toBe(
      `[test/Realm] \`adminEventsSeconds\` must be a whole number between 1 and 31536000, got: ${adminEventsSeconds}; use 86400, or leave it out`,
    );
  });
});

describe("defaultClientScopes and optionalClientScopes", () => {
  function scoped(props: { defaultClientScopes?: string[]; optionalClientScopes?: string[] }) {
    const stack = newStack();
    const server = KeycloakServer.fromUrl(stack, "Server", { url: "https://sso.example" });
    const realm = new Realm(stack, "Realm", { server, realmName: "r", ...props });
    new SignedJwtClient(stack, "Machine", { realm, clientId: "m", signingKey: fixedKey(stack, "machine-a") });
    return synth(stack);
  }

  it("emit nothing where they are left out", () => {
    const { resource } = scoped({});
    expect(resource.keycloak_realm_default_client_scopes).toBeUndefined();
    expect(resource.keycloak_realm_optional_client_scopes).toBeUndefined();
  });

  it("are what the realm gives to clients made later, before the first of them", () => {
    const json = scoped({ defaultClientScopes: ["basic", "profile"], optionalClientScopes: ["address"] });
    const defaults = "keycloak_realm_default_client_scopes.Realm_DefaultClientScopes_6E20084F";
    const optional = "keycloak_realm_optional_client_scopes.Realm_OptionalClientScopes_556E6B90";
    expect(only(json, "keycloak_realm_default_client_scopes")).toMatchObject({
      realm_id: "r",
      default_scopes: ["basic", "profile"],
      depends_on: ["keycloak_realm.Realm_5F128390"],
    });
    expect(only(json, "keycloak_realm_optional_client_scopes")).toMatchObject({
      realm_id: "r",
      optional_scopes: ["address"],
      depends_on: [defaults],
    });
    expect(only(json, "keycloak_openid_client").depends_on).toEqual([
      "keycloak_realm.Realm_5F128390",
      defaults,
      optional,
    ]);
  });

  it("may each be given alone, and be empty", () => {
    const json = scoped({ optionalClientScopes: [] });
    expect(only(json, "keycloak_realm_optional_client_scopes")).toMatchObject({
      optional_scopes: [],
      depends_on: ["keycloak_realm.Realm_5F128390"],
    });
    expect(json.resource.keycloak_realm_default_client_scopes).toBeUndefined();
  });

  it.each([
    ["an empty name", { defaultClientScopes: ["basic", ""] }, 'got: ["basic",""]'],
    ["a blank name", { defaultClientScopes: [" "] }, 'got: [" "]'],
    ["a name given twice", { defaultClientScopes: ["basic", "basic"] }, 'got: ["basic","basic"]'],
  ])("fail on %s", (_what, props, got) => {
    const rule = "must hold names of client scopes, each once";
    expect(messageOf(() => scoped(props))).toBe(`[test/Realm] \`defaultClientScopes\` ${rule}, ${got}`);
    const { defaultClientScopes: optionalClientScopes } = props;
    expect(messageOf(() => scoped({ optionalClientScopes }))).toBe(
      `[test/Realm] \`optionalClientScopes\` ${rule}, ${got}`,
    );
  });

  it("fail on a name in both", () => {
    const both = { defaultClientScopes: ["basic"], optionalClientScopes: ["basic", "address"] };
    expect(messageOf(() => scoped(both))).toBe(
      "[test/Realm] `optionalClientScopes` must not repeat default ones, got: basic in both; leave them in one",
    );
  });
});

describe("fromRealmName", () => {
  it("declares nothing, and is where clients are declared", () => {
    const stack = newStack();
    const server = KeycloakServer.fromUrl(stack, "Server", { url: "https://sso.example" });
    const realm = Realm.fromRealmName(stack, "Realm", { server, realmName: "machines" });
    new SignedJwtClient(stack, "Machine", { realm, clientId: "m", signingKey: fixedKey(stack, "machine-a") });
    const json = synth(stack);
    expect(realm.issuer).toBe("https://sso.example/realms/machines");
    expect(json.resource.keycloak_realm).toBeUndefined();
    expect(only(json, "keycloak_openid_client")).toMatchObject({ realm_id: "machines", provider: "keycloak.Server" });
  });

  it("makes clients wait for the server itself", () => {
    const stack = newStack();
    const server = new KeycloakServer(stack, "Keycloak");
    const realm = Realm.fromRealmName(stack, "Realm", { server, realmName: "machines" });
    new SignedJwtClient(stack, "Machine", { realm, clientId: "m", signingKey: fixedKey(stack, "machine-a") });
    expect(only(synth(stack), "keycloak_openid_client").depends_on).toEqual([
      "docker_container.Keycloak_Container_B24A478B",
    ]);
  });

  it("fails on a bad name", () => {
    const stack = newStack();
    const server = KeycloakServer.fromUrl(stack, "Server", { url: "https://sso.example" });
    expect(() => Realm.fromRealmName(stack, "Realm", { server, realmName: "a/b" })).toThrow(
      "[test/Realm] `realmName` must be 1 to 255 letters",
    );
  });
});

describe("fails", () => {
  it.each(["", "two words", "a/b", "a?b", "käse", "a\n", "x".repeat(256)])("on the name %j", (realmName) => {
    expect(messageOf(() => newRealm(newStack(), "Realm", realmName))).toBe(
      `[test/Realm] \`realmName\` must be 1 to 255 letters, digits, dots, dashes, underscores or tildes, as it is part of the issuer, got: ${quoted(realmName)}`,
    );
  });

  it("on all problems at once, and on a name that only Terraform knows in words", () => {
    const stack = newStack();
    const server = KeycloakServer.fromUrl(stack, "Server", { url: "https://sso.example" });
    const realmName = new TerraformVariable(stack, "name", { type: "string" }).stringValue;
    expect(messageOf(() => new Realm(stack, "Realm", { server, realmName, accessTokenLifespanSeconds: 0 }))).toMatch(
      /^\[test\/Realm\] \n {2}- `realmName` must be known at synthesis, got: a value that only Terraform.*\n {2}- `access.*$/,
    );
  });

  it("not on the longest name, nor on the characters that may stand in it", () => {
    expect(() => newRealm(newStack(), "Realm", "x".repeat(255))).not.toThrow();
    expect(() => newRealm(newStack(), "Realm", "A-z_0.9~")).not.toThrow();
  });
});

describe("a realm declared twice on one server", () => {
  it("fails, and names the first", () => {
    const stack = newStack();
    const server = new KeycloakServer(stack, "Keycloak");
    new Realm(stack, "One", { server, realmName: "r" });
    expect(messageOf(() => new Realm(stack, "Two", { server, realmName: "r" }))).toBe(
      "[test/Two] `realmName` must be unique on its server, got: r, which test/One declares already; hand that realm on, or use Realm.fromRealmName",
    );
  });

  it("may be imported beside, and its client ids stay unique", () => {
    const stack = newStack();
    const server = new KeycloakServer(stack, "Keycloak");
    const realm = new Realm(stack, "One", { server, realmName: "r" });
    const imported = Realm.fromRealmName(stack, "Same", { server, realmName: "r" });
    const signingKey = fixedKey(stack, "machine-a");
    new SignedJwtClient(stack, "A", { realm, clientId: "a", signingKey });
    expect(messageOf(() => new SignedJwtClient(stack, "B", { realm: imported, clientId: "a", signingKey }))).toContain(
      "`clientId` must be unique in realm r, got: a, which test/A declares already",
    );
  });
});

describe("on a server by fromUrl", () => {
  it("declares the issuer, which would otherwise follow the address of a request", () => {
    const attributesOf = (issuerBase?: string) => {
      const stack = newStack();
      const server = KeycloakServer.fromUrl(stack, "1st", {
        url: "https://sso.example",
        ...(issuerBase && { issuerBase }),
      });
      new Realm(stack, "Realm", { server, realmName: "r" });
      const json = synth(stack);
      expect(Object.keys(json.variable).sort()).toEqual(["_1st_admin_password", "_1st_admin_username"]);
      return only(json, "keycloak_realm").attributes;
    };
    expect(attributesOf()).toEqual({ frontendUrl: "https://sso.example" });
    expect(attributesOf("https://issuer.example")).toEqual({ frontendUrl: "https://issuer.example" });
  });
});
