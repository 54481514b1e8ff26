import { TerraformStack } from "cdktf";
import { describe, expect, it } from "vitest";
import {
  KeycloakServer,
  ProtectedApi,
  type ProtectedApiProps,
  Realm,
  SignedJwtClient,
  type SignedJwtClientProps,
} from "../../constructs";
import {
  fixedKey,
  inTemporaryProject,
  manifestOf,
  messageOf,
  newApp,
  newRealm,
  newStack,
  only,
  synth,
} from "./project";

inTemporaryProject();

const SCOPES = { "orders:read": "read orders", "orders:write": "change orders" };

function declared(stack = newStack()) {
  const realm = newRealm(stack);
  const client = (clientId: string, props: Partial<SignedJwtClientProps> = {}) =>
    new SignedJwtClient(stack, clientId, {
      realm,
      clientId,
      signingKey: fixedKey(stack, "machine-a", `${clientId}-key`),
      ...props,
    });
  const api = (props: Partial<ProtectedApiProps> = { audience: "orders", scopes: SCOPES }) =>
    new ProtectedApi(stack, "Orders", { realm, ...props });
  return { stack, realm, client, api };
}

const scopesIn = (json: ReturnType<typeof synth>) => Object.values(json.resource.keycloak_openid_client_scope ?? {});
const mappersIn = (json: ReturnType<typeof synth>) =>
  Object.values(json.resource.keycloak_openid_audience_protocol_mapper ?? {});
const named = (json: ReturnType<typeof synth>, list: unknown) =>
  (list as string[]).map((entry) => {
    const [, address] = /^\$\{keycloak_openid_client_scope\.([\w-]+)\.name\}$/.exec(entry) ?? [];
    return address === undefined ? entry : json.resource.keycloak_openid_client_scope![address].name;
  });
/** The lists of the one client. */
const listsIn = (json: ReturnType<typeof synth>) => ({
  default: named(json, only(json, "keycloak_openid_client_default_scopes").default_scopes),
  optional: named(json, only(json, "keycloak_openid_client_optional_scopes").optional_scopes),
});
const USUAL = ["service_account", "profile", "basic", "email"];

describe("an API", () => {
  it("is a client scope for each of its scopes, with its audience", () => {
    const { stack, api } = declared();
    api();
    const json = synth(stack);
    expect(scopesIn(json)).toMatchObject([
      { name: "orders:read", description: "read orders", include_in_token_scope: true, realm_id: "r" },
      { name: "orders:write", description: "change orders", include_in_token_scope: true, realm_id: "r" },
    ]);
    expect(mappersIn(json)).toMatchObject([
      { name: "orders:read", included_custom_audience: "orders", add_to_id_token: false },
      { name: "orders:write", included_custom_audience: "orders", add_to_id_token: false },
    ]);
    // Public contract: with other ids Terraform would make the scopes anew.
    expect(Object.keys(json.resource.keycloak_openid_client_scope!)).toEqual([
      expect.stringMatching(/^Orders_Scope-ordersread_[0-9A-F]{8}$/),
      expect.stringMatching(/^Orders_Scope-orderswrite_[0-9A-F]{8}$/),
    ]);
  });

  it("has its client's id as audience, where it has a client", () => {
    const { stack, api, client } = declared();
    const orders = api({ client: client("orders"), scopes: SCOPES });
    expect(orders.audience).toBe("orders");
    const [mapper] = mappersIn(synth(stack));
    expect(mapper.included_client_audience).toMatch(/^\$\{keycloak_openid_client\./);
    expect(mapper).not.toHaveProperty("included_custom_audience");
  });
});

describe("a grant", () => {
  it("puts a scope into every token of the caller, or where it is asked for", () => {
    const { stack, api, client } = declared();
    const orders = api();
    const caller = client("shop");
    orders.grant(caller, "orders:read");
    orders.grant(caller, ["orders:write"], { optional: true });
    expect(listsIn(synth(stack))).toEqual({
      default: [...USUAL, "orders:read"],
      optional: ["address", "orders:write"],
    });
  });

  it("without scopes is the audience alone, and the same as grantCall", () => {
    const both = [
      (orders: SignedJwtClient, shop: SignedJwtClient) => orders.grantCall(shop),
      (_orders: SignedJwtClient, shop: SignedJwtClient, api: ProtectedApi) => api.grant(shop),
    ].map((grant) => {
      const { stack, api, client } = declared();
      const orders = client("orders");
      grant(orders, client("shop"), api({ client: orders }));
      return JSON.stringify(synth(stack).resource);
    });
    expect(both[0]).toBe(both[1]);
    expect(both[0]).toContain('"name":"audience-orders"');
  });

  it("may be made twice, and default wins over optional in either order", () => {
    const { stack, api, client } = declared();
    const orders = api();
    const caller = client("shop");
    for (const optional of [true, false, true]) orders.grant(caller, ["orders:read"], { optional });
    orders.grant(caller);
    orders.grant(caller);
    expect(listsIn(synth(stack))).toEqual({
      default: [...USUAL, "orders:read", "audience-orders"],
      optional: ["address"],
    });
  });

  it("beside the scopes of the realm keeps those", () => {
    const stack = newStack();
    const server = KeycloakServer.fromUrl(stack, "Server", { url: "https://keycloak.example" });
    const lists = { defaultClientScopes: ["basic"], optionalClientScopes: ["phone"] };
    const realm = new Realm(stack, "Realm", { server, realmName: "r", ...lists });
    const signingKey = fixedKey(stack, "machine-a");
    const caller = new SignedJwtClient(stack, "C", { realm, clientId: "c", signingKey, scopesOfRealm: true });
    const orders = new ProtectedApi(stack, "Orders", { realm, audience: "orders", scopes: SCOPES });
    orders.grant(caller, "orders:write", { optional: true });
    expect(listsIn(synth(stack))).toEqual({
      default: ["service_account", "basic"],
      optional: ["phone", "orders:write"],
    });
  });

  it("reaches into another stack, which is deployed first", () => {
    const app = newApp();
    const first = new TerraformStack(app, "first");
    const { api, realm } = declared(first);
    const second = new TerraformStack(app, "second");
    const signingKey = fixedKey(second, "machine-a");
    const caller = new SignedJwtClient(second, "C", { realm, clientId: "c", signingKey });
    api().grant(caller, "orders:read");
    expect(listsIn(synth(second)).default).toContain("orders:read");
    expect(manifestOf(second).dependencies).toEqual(["first"]);
  });

  it("of an API that is declared elsewhere emits nothing but the caller's lists", () => {
    const { stack, realm, client } = declared();
    const attributes = { realm, audience: "orders", scopes: ["orders:read"] };
    const orders = ProtectedApi.fromAudience(stack, "Orders", attributes);
    const caller = client("shop");
    orders.grant(caller, "orders:read", { optional: true });
    orders.grant(caller);
    const json = synth(stack);
    expect(listsIn(json)).toEqual({ default: [...USUAL, "audience-orders"], optional: ["address", "orders:read"] });
    expect(json.resource).not.toHaveProperty("keycloak_openid_client_scope");
  });
});

describe("bad declarations", () => {
  it.each<[string, Partial<ProtectedApiProps>, string]>([
    ["no audience", {}, "`audience` must name the API in tokens, got: none"],
    ["an audience with a space", { audience: "my orders" }, "`audience` must be 1 to 240 visible ASCII characters"],
    ["a scope with a space", { audience: "o", scopes: { "read orders": "" } }, "(RFC 6749 section 3.3)"],
    ["a scope with a quote", { audience: "o", scopes: { 'o"': "" } }, "(RFC 6749 section 3.3)"],
    [
      "a scope of Keycloak's",
      { audience: "o", scopes: { profile: "" } },
      "`scopes` must not have names of other scopes",
    ],
    ["an option that there is not", { audience: "o", scope: {} } as never, "`scope` is not an option"],
  ])("%s", (_, props, message) => {
    expect(messageOf(() => declared().api(props))).toContain(message);
  });

  it("an audience beside a client, and a scope twice among APIs", () => {
    const { stack, realm, client, api } = declared();
    expect(messageOf(() => api({ client: client("b"), audience: "c" }))).toContain("must be left out beside `client`");
    const one = (id: string) => new ProtectedApi(stack, id, { realm, audience: id, scopes: { read: "r" } });
    one("A");
    expect(messageOf(() => one("B"))).toContain(
      "the client scope read must be declared once in realm r, got: another one by test/A/",
    );
  });

  it("grants of what there is not, to oneself, and into another realm", () => {
    const { stack, api, client } = declared();
    const orders = api();
    const caller = client("shop");
    expect(messageOf(() => orders.grant(caller, "orders:delete"))).toContain(
      '`scopes` must be of the API orders, which has orders:read, orders:write, got: "orders:delete"',
    );
    expect(messageOf(() => orders.grant(client("orders"), "orders:read"))).toContain("must be another client");
    const realm = newRealm(stack, "Other", "other");
    expect(messageOf(() => orders.grant(client("c", { realm })))).toContain("must be in the same realm");
    expect(messageOf(() => orders.grant(caller, [], { default: true } as never))).toContain(
      "`default` is not an option",
    );
  });
});
