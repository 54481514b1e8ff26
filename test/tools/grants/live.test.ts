import { describe, expect, it } from "vitest";
import { liveRealm } from "../../../tools/grants/live";
import type { Ask } from "../../../tools/keycloak/admin-api";

const MACHINES = 1200;
const ids = Array.from({ length: MACHINES }, (_, index) => `m${index}`);

const mapper = (protocolMapper: string, config: Record<string, string>) => ({
  name: protocolMapper,
  protocolMapper,
  config: { "access.token.claim": "true", ...config },
});
const CLIENT = {
  enabled: true,
  publicClient: false,
  clientAuthenticatorType: "client-jwt",
  serviceAccountsEnabled: true,
  standardFlowEnabled: false,
  implicitFlowEnabled: false,
  directAccessGrantsEnabled: false,
  fullScopeAllowed: false,
};
const SCOPE = {
  name: "orders:read",
  attributes: { "include.in.token.scope": "true" },
  protocolMappers: [mapper("oidc-audience-mapper", { "included.custom.audience": "orders" })],
};
const client = (clientId: string, more: object = {}) => ({ id: `id-${clientId}`, clientId, ...CLIENT, ...more });
const account = (clientId: string) => ({
  id: `user-${clientId}`,
  username: `service-account-${clientId}`,
  enabled: true,
});

/** What Keycloak answers, by path; lists of clients and users come in pages. */
function keycloak(answers: Record<string, unknown>) {
  const asked: string[] = [];
  let running = 0;
  let most = 0;
  const ask: Ask = async (_realm, ...path) => {
    const [query = ""] = path.filter((part) => part.startsWith("?"));
    asked.push(path.join("/"));
    running++;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    const found = answers[path.filter((part) => part !== query).join("/")] ?? { status: 200, body: {} };
    if (!Array.isArray(found)) return found as Awaited<ReturnType<Ask>>;
    const [first, max] = ["first", "max"].map((name) => Number(new URLSearchParams(query).get(name) ?? "0"));
    return { status: 200, body: query === "" ? found : found.slice(first, first! + max!) };
  };
  return { ask, asked, most: () => most };
}

describe("a realm", () => {
  it("takes pages of 500, and two requests for each machine, eight of them at a time", async () => {
    const { ask, asked, most } = keycloak({
      "client-scopes": [SCOPE],
      clients: ids.map((id) => client(id)),
      users: ids.map(account),
    });
    const realm = await liveRealm(ask, "r");
    expect(realm!.clients.size).toBe(MACHINES);
    // One for the scopes, three pages of clients, three of users and the first of them again, which is kept.
    expect(asked.length).toBe(1 + 3 + 3 + 1 + 2 * MACHINES);
    expect(most()).toBe(16); // both requests of eight machines
  });

  it("keeps what decides on access, and no secret", async () => {
    const { ask } = keycloak({
      "client-scopes": [SCOPE],
      clients: [
        client("shop", {
          secret: "canary-secret",
          defaultClientScopes: ["orders:read"],
          optionalClientScopes: ["address"],
          attributes: { "dpop.bound.access.tokens": "true", "oauth2.device.authorization.grant.enabled": "true" },
          protocolMappers: [
            mapper("oidc-hardcoded-claim-mapper", { "claim.name": "aud", "claim.value": "payroll" }),
            mapper("oidc-usermodel-attribute-mapper", { "claim.name": "x" }),
          ],
        }),
        client("saml", { protocol: "saml" }),
      ],
      users: [account("shop")],
      "users/user-shop/role-mappings": {
        status: 200,
        body: {
          realmMappings: [{ name: "default-roles-r" }, { name: "auditor" }],
          clientMappings: { stock: { mappings: [{ name: "reader" }] } },
        },
      },
      "clients/id-shop/scope-mappings": { status: 200, body: { realmMappings: [{ name: "auditor" }] } },
    });
    const { clients, scopes } = (await liveRealm(ask, "r"))!;
    expect([...clients.keys()]).toEqual(["shop"]);
    expect(clients.get("shop")).toMatchObject({
      boundTo: "dpop",
      userFlows: ["OAuth 2.0 Device Authorization Grant"],
      scopes: new Map([
        ["address", "optional"],
        ["orders:read", "default"],
      ]),
      mappers: new Map([["oidc-hardcoded-claim-mapper", ["payroll"]]]),
      roles: [
        { owner: undefined, name: "auditor" },
        { owner: "stock", name: "reader" },
      ],
      scopeRoles: [{ owner: undefined, name: "auditor" }],
    });
    expect(JSON.stringify([...clients.values()])).not.toContain("canary");
    expect(scopes.get("orders:read")).toMatchObject({ audiences: ["orders"], isNamed: true });
  });

  it("a mapper that is kept out of access tokens gives no audience", async () => {
    const kept = mapper("oidc-audience-mapper", { "included.client.audience": "stock", "access.token.claim": "false" });
    const { ask } = keycloak({ "client-scopes": [{ name: "s", protocolMappers: [kept] }], clients: [], users: [] });
    expect((await liveRealm(ask, "r"))!.scopes.get("s")).toMatchObject({ audiences: [], isNamed: true });
  });

  it("is not there with 404, and keeps roles unknown to one who may not see users", async () => {
    expect(await liveRealm(keycloak({ "client-scopes": { status: 404 } }).ask, "r")).toBeUndefined();
    const { ask } = keycloak({ "client-scopes": [], clients: [client("shop")], users: { status: 403 } });
    expect((await liveRealm(ask, "r"))!.knowsRoles).toBe(false);
  });

  it.each(["client-scopes", "clients"])("fails if %s are not told", async (what) => {
    const { ask } = keycloak({ "client-scopes": [], clients: [], users: [], [what]: { status: 403 } });
    await expect(liveRealm(ask, "r")).rejects.toMatchObject({
      code: "keycloak-unreachable",
      message: expect.stringContaining("HTTP 403; sign in as one who may view clients and users"),
    });
  });

  it("fails if the roles of one machine are not told, and begins with no other", async () => {
    const { ask, asked } = keycloak({
      "client-scopes": [],
      clients: ids.map((id) => client(id)),
      users: ids.map(account),
      "users/user-m3/role-mappings": { status: 500 },
    });
    await expect(liveRealm(ask, "r")).rejects.toThrow("the roles of realm r were answered with HTTP 500");
    expect(asked.length).toBeLessThan(100);
  });
});
