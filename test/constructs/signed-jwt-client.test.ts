// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Terraform's references look like that
import { TerraformVariable } from "cdktf";
import { describe, expect, it } from "vitest";
import { type ISigningKey, KeycloakServer, Realm, SignedJwtClient, type SignedJwtClientProps } from "../../constructs";
import { quoted } from "../../constructs/keys/shown";
import {
  FIXED,
  fixedKey,
  inTemporaryProject,
  messageOf,
  newRealm,
  newStack,
  only,
  SIGNING_CLIENT,
  synth,
} from "./project";

inTemporaryProject();

const USUAL_SCOPES = ["service_account", "profile", "basic", "email"];

function clientJson(props: Partial<SignedJwtClientProps> = {}) {
  const stack = newStack();
  const realm = newRealm(stack);
  const signingKey = fixedKey(stack, "machine-a");
  const client = new SignedJwtClient(stack, "Machine", { realm, clientId: "machine-a", signingKey, ...props });
  return { client, json: synth(stack) };
}

/** Machines of one realm, `machine-a` and so on, on the same two keys. */
function machines<Name extends string>(...names: Name[]) {
  const stack = newStack();
  const realm = newRealm(stack);
  const signingKey = fixedKey(stack, "machine-a");
  const clients = names.map((name) => [
    name,
    new SignedJwtClient(stack, name.replaceAll(/\W/g, ""), { realm, clientId: name, signingKey }),
  ]);
  return { stack, realm, signingKey, ...(Object.fromEntries(clients) as Record<Name, SignedJwtClient>) };
}

describe("defaults", () => {
  it("declares a confidential client that signs in with a JWT, and every other flow off", () => {
    expect(only(clientJson().json, "keycloak_openid_client")).toMatchObject({
      ...SIGNING_CLIENT,
      realm_id: "r",
      client_id: "machine-a",
      name: "machine-a",
      full_scope_allowed: false,
      depends_on: ["keycloak_realm.Realm_5F128390"],
    });
  });

  it("registers the certificate, pins the algorithm, and overrules keys given in any other form", () => {
    const { client, json } = clientJson();
    expect(only(json, "keycloak_openid_client").extra_config).toEqual({
      "token.endpoint.auth.signing.alg": "RS256",
      "jwt.credential.certificate": (client.signingKey as ISigningKey).certificateBase64,
      "use.jwks.url": "false",
      "tls.client.certificate.bound.access.tokens": "false",
      "use.jwks.string": "false",
    });
  });

  it("describes its key in words: algorithm, kid and end date", () => {
    const { kid, end } = FIXED["machine-a"];
    expect(only(clientJson().json, "keycloak_openid_client").description).toBe(
      `signs with RS256, key ${kid}, certificate until ${end}`,
    );
  });

  it("gives the article's default scopes, and its optional one", () => {
    const { json } = clientJson();
    expect(only(json, "keycloak_openid_client_default_scopes")).toMatchObject({
      realm_id: "r",
      client_id: expect.stringMatching(/^\$\{keycloak_openid_client\.Machine_\w+\.id\}$/),
      default_scopes: USUAL_SCOPES,
    });
    expect(only(json, "keycloak_openid_client_optional_scopes")).toMatchObject({ optional_scopes: ["address"] });
  });

  it("takes any client id that Keycloak takes, an address for example, and nothing in it is read by Terraform", () => {
    const { stack, realm, a } = machines("a", "https://api.example/%{if}${b}$${c}");
    SignedJwtClient.fromClientId(stack, "Elsewhere", { realm, clientId: "d${e}" }).grantCall(a);
    const json = synth(stack);
    const ids = Object.values(json.resource.keycloak_openid_client ?? {}).map((client) => [
      client.client_id,
      client.name,
    ]);
    const escaped = "https://api.example/%%{if}$${b}$$${c}";
    expect(ids).toContainEqual([escaped, escaped]);
    const [scopes] = Object.values(json.resource.keycloak_openid_client_default_scopes ?? {});
    expect(scopes.default_scopes.at(-1)).toBe("audience-d$${e}");
  });

  it("emits three resources", () => {
    const count = (json: ReturnType<typeof synth>) =>
      Object.entries(json.resource)
        .filter(([type]) => type !== "keycloak_realm")
        .flatMap(([, named]) => Object.keys(named)).length;
    expect(count(clientJson().json)).toBe(3);
  });
});

describe("options", () => {
  it("takes other default scopes in place of the usual ones", () => {
    const { json } = clientJson({ defaultScopes: ["basic"] });
    expect(only(json, "keycloak_openid_client_default_scopes").default_scopes).toEqual(["basic"]);
  });

  it("takes optional scopes, set after the default ones", () => {
    const { json } = clientJson({ optionalScopes: ["address", "phone"] });
    expect(only(json, "keycloak_openid_client_optional_scopes")).toMatchObject({
      optional_scopes: ["address", "phone"],
      depends_on: [expect.stringMatching(/^keycloak_openid_client_default_scopes\.Machine_DefaultScopes_/)],
    });
  });

  it("takes no optional scopes, and then declares that there are none", () => {
    const { json } = clientJson({ optionalScopes: [] });
    expect(only(json, "keycloak_openid_client_optional_scopes").optional_scopes).toEqual([]);
  });
});

describe("scopesOfRealm", () => {
  const scopes = { defaultClientScopes: ["basic"], optionalClientScopes: ["address"] };

  function inRealm(realmScopes: typeof scopes | object, props: Partial<SignedJwtClientProps> = {}) {
    const stack = newStack();
    const server = KeycloakServer.fromUrl(stack, "Server", { url: "https://sso.example" });
    const realm = new Realm(stack, "Realm", { server, realmName: "r", ...realmScopes });
    const signingKey = fixedKey(stack, "machine-a");
    const make = (clientId: string) =>
      new SignedJwtClient(stack, clientId, { realm, clientId, signingKey, scopesOfRealm: true, ...props });
    return { stack, make };
  }

  it("emits the client alone", () => {
    const { stack, make } = inRealm(scopes);
    make("a");
    const { resource } = synth(stack);
    expect(Object.keys(resource).filter((type) => type.startsWith("keycloak_openid_client"))).toEqual([
      "keycloak_openid_client",
    ]);
  });

  it("gives a caller that a call is granted to a list of its own: the realm's, and the audience", () => {
    const { stack, make } = inRealm(scopes);
    make("b").grantCall(make("a"));
    const json = synth(stack);
    const { default_scopes, client_id } = only(json, "keycloak_openid_client_default_scopes");
    expect(client_id).toMatch(/^\$\{keycloak_openid_client\.a_/);
    expect(default_scopes).toEqual(["service_account", "basic", expect.stringContaining("_AudienceScope_")]);
    expect(json.resource.keycloak_openid_client_optional_scopes).toBeUndefined();
  });

  it("is possible in a realm of another configuration", () => {
    const stack = newStack();
    const server = KeycloakServer.fromUrl(stack, "Server", { url: "https://sso.example" });
    const realm = Realm.fromRealmName(stack, "Realm", { server, realmName: "r" });
    const signingKey = fixedKey(stack, "machine-a");
    new SignedJwtClient(stack, "A", { realm, clientId: "a", signingKey, scopesOfRealm: true });
    expect(Object.keys(synth(stack).resource)).toEqual(["keycloak_openid_client"]);
  });

  it("fails where the realm declares none, and beside lists of the client", () => {
    const rule = "`scopesOfRealm` needs `defaultClientScopes` and `optionalClientScopes` of the realm";
    expect(messageOf(() => inRealm({}).make("a"))).toContain(`[test/a] ${rule}`);
    expect(messageOf(() => inRealm({ defaultClientScopes: ["basic"] }).make("a"))).toContain(rule);
    expect(messageOf(() => inRealm(scopes, { defaultScopes: ["basic"] }).make("a"))).toBe(
      "[test/a] `defaultScopes` must be left out beside `scopesOfRealm`; declare the scopes in the realm",
    );
  });
});

describe("grantCall", () => {
  const defaultScopes = (json: ReturnType<typeof synth>) =>
    Object.fromEntries(
      Object.entries(json.resource.keycloak_openid_client_default_scopes ?? {}).map(([name, { default_scopes }]) => [
        name.split("_")[0],
        default_scopes,
      ]),
    );

  it("puts the called machine into the caller's audience, and into nobody else's", () => {
    const { stack, a, b } = machines("a", "b", "c");
    b.grantCall(a);
    const json = synth(stack);
    expect(only(json, "keycloak_openid_client_scope")).toMatchObject({
      name: "audience-b",
      realm_id: "r",
      include_in_token_scope: false,
      depends_on: ["keycloak_realm.Realm_5F128390"],
    });
    expect(only(json, "keycloak_openid_audience_protocol_mapper")).toMatchObject({
      name: "audience-b",
      realm_id: "r",
      client_scope_id: expect.stringMatching(/^\$\{keycloak_openid_client_scope\.b_AudienceScope_\w+\.id\}$/),
      included_client_audience: expect.stringMatching(/^\$\{keycloak_openid_client\.b_\w+\.client_id\}$/),
      add_to_id_token: false,
    });
    expect(defaultScopes(json)).toEqual({
      a: [...USUAL_SCOPES, expect.stringMatching(/^\$\{keycloak_openid_client_scope\.b_AudienceScope_\w+\.name\}$/)],
      b: USUAL_SCOPES,
      c: USUAL_SCOPES,
    });
  });

  it("names the scope of a client id with a dollar sign and a brace as it is", () => {
    const { stack, a, "b${c}": b } = machines("a", "b${c}");
    b.grantCall(a);
    expect(only(synth(stack), "keycloak_openid_client_scope")).toMatchObject({
      name: "audience-b$${c}",
      description: "audience b$${c}",
    });
  });

  it("shares one audience scope between two callers", () => {
    const { stack, a, b, c } = machines("a", "b", "c");
    b.grantCall(a);
    b.grantCall(c);
    const json = synth(stack);
    only(json, "keycloak_openid_client_scope");
    only(json, "keycloak_openid_audience_protocol_mapper");
    const scopes = defaultScopes(json);
    expect(scopes.a).toHaveLength(5);
    expect(scopes.c).toEqual(scopes.a);
  });

  it("gives a caller of two machines both audiences", () => {
    const { stack, a, b, c } = machines("a", "b", "c");
    b.grantCall(a);
    c.grantCall(a);
    expect(defaultScopes(synth(stack)).a.slice(4)).toEqual([
      expect.stringContaining("b_AudienceScope"),
      expect.stringContaining("c_AudienceScope"),
    ]);
  });

  it("lets two machines call each other", () => {
    const { stack, a, b } = machines("a", "b");
    a.grantCall(b);
    b.grantCall(a);
    const scopes = defaultScopes(synth(stack));
    expect(scopes.a[4]).toContain("b_AudienceScope");
    expect(scopes.b[4]).toContain("a_AudienceScope");
  });

  it("granted twice is the same as once", () => {
    const grant = (times: number) => {
      const { stack, a, b } = machines("a", "b");
      for (let i = 0; i < times; i++) b.grantCall(a);
      return synth(stack);
    };
    expect(grant(2)).toEqual(grant(1));
  });

  it("fails on a grant to oneself", () => {
    const { a } = machines("a");
    expect(messageOf(() => a.grantCall(a))).toBe(
      "[test/a] `caller` must be another client, got: a itself; a machine needs no token to call itself",
    );
  });

  it("fails across realms, and leaves both clients as they were", () => {
    const { stack, a, signingKey } = machines("a");
    const realm = newRealm(stack, "Other", "other");
    const foreign = new SignedJwtClient(stack, "foreign", { realm, clientId: "foreign", signingKey });
    expect(messageOf(() => foreign.grantCall(a))).toBe(
      "[test/foreign] `caller` must be in the same realm, as a token's audience and issuer belong together, got: https://keycloak.example/realms/r calling into https://keycloak.example/realms/other",
    );
    const json = synth(stack);
    expect(json.resource.keycloak_openid_client_scope).toBeUndefined();
    expect(defaultScopes(json).a).toEqual(USUAL_SCOPES);
  });

  it("fails across servers, though the realms have one name", () => {
    const { stack, a, signingKey } = machines("a");
    const server = KeycloakServer.fromUrl(stack, "Elsewhere", { url: "https://elsewhere.example" });
    const realm = new Realm(stack, "Same", { server, realmName: "r" });
    const foreign = new SignedJwtClient(stack, "foreign", { realm, clientId: "foreign", signingKey });
    expect(() => foreign.grantCall(a)).toThrow(
      "got: https://keycloak.example/realms/r calling into https://elsewhere.example/realms/r",
    );
  });
});

describe("fromClientId", () => {
  it("grants by the scope's name and declares nothing of the called machine", () => {
    const { stack, realm, a } = machines("a");
    const called = SignedJwtClient.fromClientId(stack, "Called", { realm, clientId: "orders" });
    called.grantCall(a);
    called.grantCall(a);
    const json = synth(stack);
    expect(called.clientId).toBe("orders");
    expect(only(json, "keycloak_openid_client").client_id).toBe("a");
    expect(json.resource.keycloak_openid_client_scope).toBeUndefined();
    expect(only(json, "keycloak_openid_client_default_scopes").default_scopes).toEqual([
      ...USUAL_SCOPES,
      "audience-orders",
    ]);
  });

  it("fails on a grant to oneself and across realms", () => {
    const { stack, realm, a } = machines("a");
    const self = SignedJwtClient.fromClientId(stack, "Self", { realm, clientId: "a" });
    expect(() => self.grantCall(a)).toThrow("[test/Self] `caller` must be another client, got: a itself");
    const elsewhere = { realm: newRealm(stack, "Other", "other"), clientId: "b" };
    const foreign = SignedJwtClient.fromClientId(stack, "Foreign", elsewhere);
    expect(() => foreign.grantCall(a)).toThrow("[test/Foreign] `caller` must be in the same realm");
  });

  it("fails on an empty client id", () => {
    const { stack, realm } = machines();
    expect(() => SignedJwtClient.fromClientId(stack, "Called", { realm, clientId: "" })).toThrow(
      '[test/Called] `clientId` must be 1 to 255 visible ASCII characters (RFC 6749 appendix A.1), got: ""',
    );
  });
});

describe("fails", () => {
  it.each(["", " ", "two words", "käse", "tab\t", "x".repeat(256)])("on the client id %j", (clientId) => {
    expect(messageOf(() => clientJson({ clientId }))).toBe(
      `[test/Machine] \`clientId\` must be 1 to 255 visible ASCII characters (RFC 6749 appendix A.1), got: ${quoted(clientId)}`,
    );
  });

  it("on a client id that only Terraform knows, in words", () => {
    const { stack, realm, signingKey } = machines();
    const clientId = new TerraformVariable(stack, "id", { type: "string" }).stringValue;
    expect(messageOf(() => new SignedJwtClient(stack, "Machine", { realm, clientId, signingKey }))).toBe(
      "[test/Machine] `clientId` must be known at synthesis, got: a value that only Terraform will know (a token of cdktf); pass the text or number itself",
    );
  });

  it("on a client id that the realm has already, and says where", () => {
    const { stack, realm, signingKey } = machines("a");
    expect(messageOf(() => new SignedJwtClient(stack, "Second", { realm, clientId: "a", signingKey }))).toBe(
      "[test/Second] `clientId` must be unique in realm r, got: a, which test/a declares already",
    );
  });

  it("not on the same client id in another realm", () => {
    const { stack, signingKey } = machines("a");
    const realm = newRealm(stack, "Other", "other");
    expect(() => new SignedJwtClient(stack, "Second", { realm, clientId: "a", signingKey })).not.toThrow();
  });

  it("on scopes that are both default and optional, by name", () => {
    expect(messageOf(() => clientJson({ optionalScopes: ["address", "email", "basic"] }))).toBe(
      "[test/Machine] `optionalScopes` must not repeat default scopes, got: email, basic in both; leave them in one",
    );
  });

  it("on all problems at once", () => {
    expect(messageOf(() => clientJson({ clientId: "", optionalScopes: ["email"] }))).toMatch(
      /^\[test\/Machine\] \n {2}- `clientId` must be .*\n {2}- `optionalScopes` must not .*$/,
    );
  });
});
