// Changes that somebody may make by hand in Keycloak, and what `m2m who-can --live` has to say of each.
import type { Difference } from "../../tools/grants/difference";

/** Keycloak's admin API below one realm. */
// biome-ignore lint/suspicious/noExplicitAny: Keycloak's representations have no types here
export type Call = (method: "GET" | "PUT" | "POST" | "DELETE", path: string, body?: unknown) => Promise<any>;

export interface HandMade {
  readonly title: string;
  /** Makes the change. Gives how it is taken back. */
  make(call: Call): Promise<() => Promise<unknown>>;
  readonly found: Omit<Difference, "text">;
}

/** The realm that the changes are made in: machines shop, billing, stock and plain; APIs orders, billing and stock. */
export const MAIN = (url: string) => `
import { App, TerraformStack } from "cdktf";
import { KeycloakServer, PrivateLocalBackend, ProtectedApi, Realm, SignedJwtClient, SigningKeyPair } from "./constructs";

const app = new App();
const stack = new TerraformStack(app, "who-can");
new PrivateLocalBackend(stack);
const server = KeycloakServer.fromUrl(stack, "Keycloak", { url: "${url}", issuerBase: "http://keycloak:8080" });
const realm = new Realm(stack, "Realm", {
  server,
  realmName: "who-can",
  defaultClientScopes: ["profile", "basic", "email", "roles"],
  optionalClientScopes: ["address"],
});
const signingKey = new SigningKeyPair(stack, "Key", { name: "all", algorithm: "ES256" });
const client = (clientId, more) => new SignedJwtClient(stack, clientId, { realm, clientId, signingKey, ...more });
const shop = client("shop");
const billing = client("billing", { boundTo: "dpop" });
const stock = client("stock");
client("plain", { scopesOfRealm: true });
const scopes = { "orders:read": "read orders", "orders:write": "change orders", "orders:admin": "anything" };
const orders = new ProtectedApi(stack, "Orders", { realm, audience: "orders", scopes });
const invoices = new ProtectedApi(stack, "Invoices", { realm, client: billing, scopes: { "invoices:send": "send them" } });
orders.grant(shop, "orders:read");
orders.grant(shop, "orders:write", { optional: true });
orders.grant(billing, "orders:read");
invoices.grant(shop, "invoices:send");
stock.grantCall(shop, { roles: ["reader", "counter"] });
app.synth();
`;

const idOfClient = async (call: Call, clientId: string): Promise<string> =>
  (await call("GET", `/clients?clientId=${clientId}`))[0].id;

async function scopeOf(call: Call, name: string) {
  const scopes = (await call("GET", "/client-scopes")) as { id: string; name: string }[];
  return scopes.find((scope) => scope.name === name)! as { id: string } & Record<string, unknown>;
}

/** Changes fields of a client. */
function edited(title: string, clientId: string, fields: object, kind: Difference["kind"]): HandMade {
  return {
    title,
    found: { kind, client: clientId },
    async make(call) {
      const [before] = await call("GET", `/clients?clientId=${clientId}`);
      const { attributes, ...rest } = fields as { attributes?: object };
      const after = { ...before, ...rest, attributes: { ...before.attributes, ...attributes } };
      await call("PUT", `/clients/${before.id}`, after);
      return () => call("PUT", `/clients/${before.id}`, before);
    },
  };
}

type List = "default" | "optional";

/** Takes a scope of a client out of one list, and into another. */
function moved(title: string, clientId: string, scope: string, from: List | undefined, to: List | undefined) {
  const kinds = { default: "grant-made-default", optional: "grant-made-optional" } as const;
  const kind = from === undefined ? "grant-added" : to === undefined ? "grant-missing" : kinds[to];
  return {
    title,
    found: { kind, client: clientId, scope },
    async make(call: Call) {
      const [client, { id }] = [await idOfClient(call, clientId), await scopeOf(call, scope)];
      const path = (list: List) => `/clients/${client}/${list}-client-scopes/${id}`;
      const move = async (out?: List, into?: List) => {
        if (out) await call("DELETE", path(out));
        if (into) await call("PUT", path(into));
      };
      await move(from, to);
      return () => move(to, from);
    },
  } satisfies HandMade;
}

const audienceMapper = (name: string, audience: string) => ({
  name,
  protocol: "openid-connect",
  protocolMapper: "oidc-audience-mapper",
  config: { "included.custom.audience": audience, "access.token.claim": "true", "id.token.claim": "false" },
});

/** Adds a mapper that puts an API into `aud`, to a scope or a client. */
function mapperAdded(title: string, on: { scope: string } | { client: string }, kind: Difference["kind"]): HandMade {
  return {
    title,
    found: { kind, ...on },
    async make(call) {
      const parent =
        "scope" in on
          ? `/client-scopes/${(await scopeOf(call, on.scope)).id}`
          : `/clients/${await idOfClient(call, on.client)}`;
      const models = `${parent}/protocol-mappers/models`;
      await call("POST", models, audienceMapper("by hand", "payroll"));
      return async () => {
        const all = (await call("GET", models)) as { id: string; name: string }[];
        await call("DELETE", `${models}/${all.find(({ name }) => name === "by hand")!.id}`);
      };
    },
  };
}

/** Changes or removes the mapper of a scope. */
function mapperChanged(title: string, scope: string, config: object | undefined, kind: Difference["kind"]): HandMade {
  return {
    title,
    found: { kind, scope },
    async make(call) {
      const models = `/client-scopes/${(await scopeOf(call, scope)).id}/protocol-mappers/models`;
      const [before] = await call("GET", models);
      if (config === undefined) {
        await call("DELETE", `${models}/${before.id}`);
        return () => call("POST", models, before);
      }
      await call("PUT", `${models}/${before.id}`, { ...before, config: { ...before.config, ...config } });
      return () => call("PUT", `${models}/${before.id}`, before);
    },
  };
}

/** Changes a client scope itself. */
function scopeEdited(title: string, scope: string, fields: object, kind: Difference["kind"]): HandMade {
  return {
    title,
    found: { kind, scope },
    async make(call) {
      const before = await scopeOf(call, scope);
      const { attributes, ...rest } = fields as { attributes?: object };
      const after = { ...before, ...rest, attributes: { ...(before.attributes as object), ...attributes } };
      await call("PUT", `/client-scopes/${before.id}`, after);
      return () => call("PUT", `/client-scopes/${before.id}`, before);
    },
  };
}

/** Gives or takes a role of stock, at the service account of shop or in the scope of its client. */
function role(title: string, name: string, where: "account" | "scope", gives: boolean, kind: Difference["kind"]) {
  return {
    title,
    found: { kind, client: "shop", role: `${name} of stock` },
    async make(call: Call) {
      const [shop, stock] = [await idOfClient(call, "shop"), await idOfClient(call, "stock")];
      const roles = (await call("GET", `/clients/${stock}/roles`)) as { name: string }[];
      if (!roles.some((one) => one.name === name)) await call("POST", `/clients/${stock}/roles`, { name });
      const body = [await call("GET", `/clients/${stock}/roles/${name}`)];
      const account = async () => (await call("GET", `/clients/${shop}/service-account-user`)).id;
      const holder =
        where === "account" ? `/users/${await account()}/role-mappings` : `/clients/${shop}/scope-mappings`;
      const path = `${holder}/clients/${stock}`;
      await call(gives ? "POST" : "DELETE", path, body);
      return () => call(gives ? "DELETE" : "POST", path, body);
    },
  } satisfies HandMade;
}

/** Adds a client that has a scope. */
function clientAdded(title: string, fields: object): HandMade {
  return {
    title,
    found: { kind: "client-added", client: "by-hand" },
    async make(call) {
      await call("POST", "/clients", { clientId: "by-hand", protocol: "openid-connect", ...fields });
      return async () => call("DELETE", `/clients/${await idOfClient(call, "by-hand")}`);
    },
  };
}

const OTHER_KEYS = { attributes: { "jwks.string": '{"keys":[]}' } };
const HIDDEN = { attributes: { "include.in.token.scope": "false" } };

export const CHANGES: readonly HandMade[] = [
  moved("a scope added", "shop", "orders:admin", undefined, "default"),
  moved("an optional scope added", "shop", "orders:admin", undefined, "optional"),
  moved("a scope of Keycloak's own added", "stock", "offline_access", undefined, "optional"),
  moved("a scope added to a client without lists of its own", "plain", "orders:read", undefined, "default"),
  moved("a scope removed", "shop", "orders:read", "default", undefined),
  moved("an optional scope removed", "shop", "orders:write", "optional", undefined),
  moved("a scope made optional", "shop", "orders:read", "default", "optional"),
  moved("a scope made a default", "shop", "orders:write", "optional", "default"),
  mapperChanged("the audience mapper removed from a scope", "orders:read", undefined, "scope-mapper-missing"),
  mapperChanged(
    "the audience of a scope changed",
    "orders:read",
    { "included.custom.audience": "payroll" },
    "scope-mapper-changed",
  ),
  mapperChanged(
    "the audience of a scope kept out of access tokens",
    "orders:read",
    { "access.token.claim": "false" },
    "scope-mapper-changed",
  ),
  mapperAdded("an audience added to a scope", { scope: "orders:read" }, "scope-mapper-added"),
  mapperAdded("an audience added to Keycloak's own scope", { scope: "profile" }, "scope-mapper-added"),
  mapperAdded("an audience added to a client", { client: "shop" }, "client-mapper-added"),
  scopeEdited("a scope renamed", "orders:read", { name: "orders:see" }, "scope-renamed"),
  scopeEdited('"Include in token scope" switched off', "orders:read", HIDDEN, "scope-not-named"),
  edited("a client disabled", "shop", { enabled: false }, "client-disabled"),
  edited("full scope switched on", "shop", { fullScopeAllowed: true }, "full-scope-on"),
  edited("the authenticator switched", "shop", { clientAuthenticatorType: "client-secret" }, "client-authenticator"),
  edited("the service account disabled", "stock", { serviceAccountsEnabled: false }, "service-account-off"),
  edited("a password flow switched on", "shop", { directAccessGrantsEnabled: true }, "flow-on"),
  edited(
    "the device flow switched on",
    "shop",
    { attributes: { "oauth2.device.authorization.grant.enabled": "true" } },
    "flow-on",
  ),
  edited("other keys given", "shop", OTHER_KEYS, "client-attribute"),
  edited(
    "the binding of tokens switched off",
    "billing",
    { attributes: { "dpop.bound.access.tokens": "false" } },
    "binding-changed",
  ),
  role("a role added", "boss", "account", true, "role-added"),
  role("a role removed", "reader", "account", false, "role-missing"),
  role("a role taken out of the client's scope", "reader", "scope", false, "role-not-in-tokens"),
  role("a role let into the client's scope", "boss", "scope", true, "role-let-in"),
  clientAdded("a machine added with a scope", { serviceAccountsEnabled: true, defaultClientScopes: ["orders:admin"] }),
  clientAdded("a machine added with a mapper", {
    serviceAccountsEnabled: true,
    protocolMappers: [audienceMapper("by hand", "orders")],
  }),
  clientAdded("a client of users added with a scope", { publicClient: true, optionalClientScopes: ["orders:read"] }),
];
