import { TerraformStack } from "cdktf";
import { describe, expect, it } from "vitest";
import { type Realm, SignedJwtClient, type SignedJwtClientProps, SigningKeyPair } from "../../constructs";
import { literal } from "../../constructs/contract/terraform-text";
import { inTemporaryProject, messageOf, newApp, newRealm, newStack, only, synth } from "./project";

inTemporaryProject();

function clientIn(stack: TerraformStack, realm: Realm, clientId: string, more: Partial<SignedJwtClientProps> = {}) {
  const signingKey = new SigningKeyPair(stack, `${clientId}Key`, { name: clientId, algorithm: "EdDSA" });
  return new SignedJwtClient(stack, clientId, { realm, clientId, signingKey, ...more });
}

describe("roles of a grant", () => {
  it("are declared once, given to the caller's account, and let into its tokens", () => {
    const stack = newStack();
    const realm = newRealm(stack);
    const [api, one, two] = ["api", "one", "two"].map((id) => clientIn(stack, realm, id)) as [
      SignedJwtClient,
      SignedJwtClient,
      SignedJwtClient,
    ];
    api.grantCall(one, { roles: ["reader", "writer"] });
    api.grantCall(one, { roles: ["reader"] });
    api.grantCall(two, { roles: ["reader"] });
    const { resource, data } = synth(stack);
    const roles = Object.values(resource.keycloak_role!);
    expect(roles.map(({ name }) => name)).toEqual(["reader", "writer"]);
    expect(Object.keys(resource.keycloak_openid_client_service_account_role!)).toHaveLength(3);
    expect(Object.keys(resource.keycloak_generic_role_mapper!)).toHaveLength(3);
    const scopes = Object.values(resource.keycloak_openid_client_default_scopes!);
    expect(scopes.filter(({ default_scopes }) => default_scopes.includes("roles"))).toHaveLength(2);
    expect(data).toBeUndefined();
    const [given] = Object.values(resource.keycloak_openid_client_service_account_role!);
    expect(given).toMatchObject({
      role: "reader",
      service_account_user_id: expect.stringMatching(
        /^\$\{keycloak_openid_client\.one_\w+\.service_account_user_id\}$/,
      ),
      client_id: expect.stringMatching(/^\$\{keycloak_openid_client\.api_\w+\.id\}$/),
    });
  });

  it("have addresses of their own, whatever their names and the client's are", () => {
    const roles = ["Client", "Role-Client", "a/b", "a--b", "a%2Fb", "Known-Client", `${"$"}{x}`, "ä"];
    const stack = newStack();
    const realm = newRealm(stack);
    const caller = clientIn(stack, realm, "caller");
    const apis = [
      SignedJwtClient.fromClientId(stack, "Known", { realm, clientId: "known/client" }),
      SignedJwtClient.fromClientId(stack, "Twin", { realm, clientId: "known--client" }),
      clientIn(stack, realm, "api"),
    ];
    for (const api of apis) for (const role of roles) api.grantCall(caller, { roles: [role] });
    const { resource } = synth(stack);
    const given = Object.values(resource.keycloak_openid_client_service_account_role!).map(({ role }) => role);
    const wanted = roles.map(literal);
    expect(given.sort()).toEqual([...wanted, ...wanted, ...wanted].sort());
    expect(
      Object.values(resource.keycloak_role!)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(wanted.sort());
  });

  it("are looked up for a client that is declared elsewhere, or in another stack", () => {
    const app = newApp();
    const [home, away] = [new TerraformStack(app, "home"), new TerraformStack(app, "away")];
    const realm = newRealm(home);
    const caller = clientIn(away, realm, "caller");
    clientIn(home, realm, "api").grantCall(caller, { roles: ["reader"] });
    SignedJwtClient.fromClientId(away, "Known", { realm, clientId: "known" }).grantCall(caller, { roles: ["reader"] });
    const { resource, data } = synth(away);
    expect(resource.keycloak_role).toBeUndefined();
    expect(Object.values(data!.keycloak_openid_client!).map((client) => client.client_id)).toEqual(["api", "known"]);
    expect(Object.values(data!.keycloak_role!).map(({ name }) => name)).toEqual(["reader", "reader"]);
    expect(Object.keys(synth(home).resource.keycloak_role!)).toHaveLength(1);
    expect(away.dependencies).toContain(home);
  });

  it.each([[[""]], [["a", "a"]], [[" a"]], [["x".repeat(256)]]])("refuses %j", (roles) => {
    const stack = newStack();
    const realm = newRealm(stack);
    const message = messageOf(() => clientIn(stack, realm, "api").grantCall(clientIn(stack, realm, "one"), { roles }));
    expect(message).toContain("`roles` must hold names of up to 255 characters, each once, got: ");
  });
});

describe("a client's own tokens", () => {
  const declared = (more: Partial<SignedJwtClientProps>) => {
    const stack = newStack();
    const client = clientIn(stack, newRealm(stack), "one", more);
    return { client, json: () => synth(stack) };
  };

  it("have a lifespan of their own", () => {
    const { json } = declared({ accessTokenLifespanSeconds: 60 });
    expect(only(json(), "keycloak_openid_client").access_token_lifespan).toBe("60");
    expect(only(declared({}).json(), "keycloak_openid_client")).not.toHaveProperty("access_token_lifespan");
  });

  it("are bound to a key of the machine if it is declared so", () => {
    const { json } = declared({ boundTo: "dpop" });
    expect(only(json(), "keycloak_openid_client").require_dpop_bound_tokens).toBe(true);
    expect(only(declared({}).json(), "keycloak_openid_client").require_dpop_bound_tokens).toBe(false);
  });

  it("carry fixed claims of each type", () => {
    const { json } = declared({ claims: { level: 3, isTrusted: true, team: `${"$"}{blue}` } });
    const mappers = Object.values(json().resource.keycloak_openid_hardcoded_claim_protocol_mapper!);
    const written = mappers.map((mapper) => [mapper.claim_name, mapper.claim_value, mapper.claim_value_type]);
    expect(written.sort()).toEqual([
      ["isTrusted", "true", "boolean"],
      ["level", "3", "long"],
      ["team", `$${"$"}{blue}`, "String"],
    ]);
    expect(mappers[0]).toMatchObject({ add_to_id_token: false, add_to_userinfo: false });
  });

  it("are of a client whose ids other resources can use", () => {
    const { client } = declared({});
    expect([client.uuid, client.serviceAccountUserId].every((id) => id.includes("TfToken"))).toBe(true);
  });

  it.each<[Partial<SignedJwtClientProps>, string]>([
    [{ accessTokenLifespanSeconds: 0 }, "`accessTokenLifespanSeconds` must be a whole number between 1 and 86400"],
    [{ boundTo: "tls" as never }, '`boundTo` must be "dpop" or a certificate, such as a TlsCertificate, got: "tls"'],
    [{ claims: { aud: "x" } }, "`claims` must not set aud, which Keycloak writes itself"],
    [{ claims: { "a b": "x" } }, "`claims` must have names of letters"],
    [{ claims: { part: 0.5 } }, "`claims` must give part a text, a whole number or a boolean, got: 0.5"],
    [{ tokenLifespan: 5 } as object, "`tokenLifespan` is not an option; the options are realm, clientId, signingKey,"],
  ])("refuse %j", (more, message) => {
    expect(messageOf(() => declared(more))).toContain(message);
  });
});
