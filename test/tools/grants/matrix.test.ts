import { describe, expect, it } from "vitest";
import type { Difference } from "../../../tools/grants/difference";
import type { LiveClient, LiveRealm, LiveScope } from "../../../tools/grants/live";
import { realmMatrix } from "../../../tools/grants/matrix";
import type { Way } from "../../../tools/grants/model";
import { inTemporaryProject } from "../../constructs/project";
import { declaredShop, deployed } from "./shop";

inTemporaryProject();

/** Synthesized once: nothing here changes it. */
let synthesized: ReturnType<typeof declaredShop> | undefined;
const shopOnce = () => {
  synthesized ??= declaredShop();
  return synthesized;
};

type Change = (live: LiveRealm) => LiveRealm;

const ofClient =
  (id: string, change: (client: LiveClient) => Partial<LiveClient>): Change =>
  (live) => {
    const client = live.clients.get(id)!;
    return { ...live, clients: new Map([...live.clients, [id, { ...client, ...change(client) }]]) };
  };
const ofScope =
  (name: string, change: (scope: LiveScope) => Partial<LiveScope>): Change =>
  (live) => {
    const scope = live.scopes.get(name)!;
    return { ...live, scopes: new Map([...live.scopes, [name, { ...scope, ...change(scope) }]]) };
  };
const list = (id: string, scope: string, way: Way | undefined) =>
  ofClient(id, ({ scopes }) => {
    const next = new Map(scopes);
    if (way === undefined) next.delete(scope);
    else next.set(scope, way);
    return { scopes: next };
  });
const byHand = { name: "by hand", kind: "oidc-audience-mapper", audiences: ["payroll"] };
const stranger =
  (more: Partial<LiveClient>): Change =>
  (live) => {
    const client = { ...live.clients.get("plain")!, clientId: "by-hand", scopes: new Map<string, Way>(), ...more };
    return { ...live, clients: new Map([...live.clients, ["by-hand", client]]) };
  };
const boss = { owner: "stock", name: "boss" };

const CASES: readonly (readonly [Change, Omit<Difference, "text">, string])[] = [
  [
    list("shop", "orders:admin", "default"),
    { kind: "grant-added", client: "shop", scope: "orders:admin" },
    "shop has the scope orders:admin (API orders), which is not declared (added by hand, or no longer declared): `m2m up` removes it",
  ],
  [
    list("shop", "offline_access", "optional"),
    { kind: "grant-added", client: "shop", scope: "offline_access" },
    "shop has the scope offline_access as an optional one, which is not declared (added by hand, or no longer declared): `m2m up` removes it",
  ],
  [
    list("plain", "orders:read", "default"),
    { kind: "grant-added", client: "plain", scope: "orders:read" },
    "`m2m up` does not see it: correct it in Keycloak",
  ],
  [
    list("shop", "orders:read", undefined),
    { kind: "grant-missing", client: "shop", scope: "orders:read" },
    "shop lacks the scope orders:read (API orders) (removed by hand, or not deployed yet): `m2m up` gives it",
  ],
  [list("shop", "roles", undefined), { kind: "grant-missing", client: "shop", scope: "roles" }, "`m2m up` gives it"],
  [
    list("shop", "orders:read", "optional"),
    { kind: "grant-made-optional", client: "shop", scope: "orders:read" },
    "only where asked for: `m2m up` sets it back",
  ],
  [
    list("shop", "orders:write", "default"),
    { kind: "grant-made-default", client: "shop", scope: "orders:write" },
    "its every token carries it: `m2m up` sets it back",
  ],
  [
    ofScope("orders:read", () => ({ audiences: [], allMappers: [] })),
    { kind: "scope-mapper-missing", scope: "orders:read" },
    "which puts orders into aud, is not there: `m2m up` gives it",
  ],
  [
    ofScope("orders:read", ({ allMappers: [own] }) => ({ allMappers: [{ ...own!, audiences: [] }], audiences: [] })),
    { kind: "scope-mapper-changed", scope: "orders:read" },
    "puts nothing into aud, not orders: `m2m up` sets it back",
  ],
  [
    ofScope("orders:read", ({ allMappers }) => ({ allMappers: [...allMappers, byHand] })),
    { kind: "scope-mapper-added", scope: "orders:read" },
    "which puts payroll into aud, is not declared: `m2m up` does not see what was added by hand",
  ],
  [
    ofScope("basic", () => ({ allMappers: [byHand], audiences: ["payroll"] })),
    { kind: "scope-mapper-added", scope: "basic" },
    "the mapper by hand of the scope basic",
  ],
  [
    ofScope("orders:read", () => ({ isNamed: false })),
    { kind: "scope-not-named", scope: "orders:read" },
    '"Include in token scope" is off',
  ],
  [
    ofScope("audience-stock", () => ({ isNamed: true })),
    { kind: "scope-named", scope: "audience-stock" },
    '"Include in token scope" is on',
  ],
  [
    ofClient("shop", () => ({ allMappers: [byHand], mappers: new Map([["by hand", ["payroll"]]]) })),
    { kind: "client-mapper-added", client: "shop" },
    "the mapper by hand of shop, which puts payroll into aud, is not declared",
  ],
  [ofClient("shop", () => ({ isEnabled: false })), { kind: "client-disabled", client: "shop" }, "gets no token"],
  [ofClient("shop", () => ({ isPublic: true })), { kind: "client-public", client: "shop" }, "proves nothing"],
  [
    ofClient("shop", () => ({ authenticator: "client-secret" })),
    { kind: "client-authenticator", client: "shop" },
    "shop signs in by client-secret, not by client-jwt: `m2m up` sets it back",
  ],
  [
    ofClient("stock", ({ scopes }) => ({
      isMachine: false,
      scopes: new Map([...scopes].filter(([name]) => name !== "service_account")), // Keycloak takes it, too
    })),
    { kind: "service-account-off", client: "stock" },
    "the service account of stock is switched off",
  ],
  [
    ofClient("shop", () => ({ isAccountEnabled: false })),
    { kind: "service-account-disabled", client: "shop" },
    "enable the user service-account-shop in Keycloak",
  ],
  [ofClient("shop", () => ({ hasFullScope: true })), { kind: "full-scope-on", client: "shop" }, "every role"],
  [
    ofClient("shop", () => ({ userFlows: ["Direct access grants"] })),
    { kind: "flow-on", client: "shop" },
    '"Direct access grants" of shop is on',
  ],
  [
    ofClient("shop", () => ({ userFlows: ["OAuth 2.0 Device Authorization Grant"] })),
    { kind: "flow-on", client: "shop" },
    '"OAuth 2.0 Device Authorization Grant" of shop is on, so that users can sign in by it: `m2m up` sets it back',
  ],
  [
    ofClient("shop", ({ attributes }) => ({ attributes: { ...attributes, "use.jwks.url": "true" } })),
    { kind: "client-attribute", client: "shop" },
    "shop signs in with other keys than declared (use.jwks.url)",
  ],
  [
    ofClient("billing", () => ({ boundTo: "nothing" })),
    { kind: "binding-changed", client: "billing" },
    "the tokens of billing are bound to nothing, not to dpop",
  ],
  [
    ofClient("shop", ({ roles }) => ({ roles: [...roles, boss] })),
    { kind: "role-added", client: "shop", role: "boss of stock" },
    "shop has the role boss of stock, which is not declared",
  ],
  [
    ofClient("shop", () => ({ roles: [] })),
    { kind: "role-missing", client: "shop", role: "reader of stock" },
    "shop lacks the role reader of stock",
  ],
  [
    ofClient("shop", () => ({ scopeRoles: [] })),
    { kind: "role-not-in-tokens", client: "shop", role: "reader of stock" },
    "is not let into the tokens of shop",
  ],
  [
    ofClient("shop", ({ scopeRoles }) => ({ scopeRoles: [...scopeRoles, boss] })),
    { kind: "role-let-in", client: "shop", role: "boss of stock" },
    "would carry the role boss of stock if it got it",
  ],
  [
    stranger({ scopes: new Map([["orders:admin", "default"]]) }),
    { kind: "client-added", client: "by-hand" },
    "the client by-hand is not declared here and may call orders: leave it if another configuration declares it, remove it in Keycloak if it was added by hand, or declare it",
  ],
  [
    stranger({ isMachine: false, mappers: new Map([["m", ["stock"]]]) }),
    { kind: "client-added", client: "by-hand" },
    "the client (of users, no machine) by-hand is not declared here and may call stock",
  ],
  [stranger({ isEnabled: false }), { kind: "client-added", client: "by-hand" }, "may call nothing, once it is enabled"],
  [
    ({ clients, ...live }) => ({ ...live, clients: new Map([...clients].filter(([id]) => id !== "stock")) }),
    { kind: "client-missing", client: "stock" },
    "the client stock is not there: `m2m up` makes it",
  ],
  [
    ({ scopes, ...live }) => ({ ...live, scopes: new Map([...scopes].filter(([name]) => name !== "orders:admin")) }),
    { kind: "scope-missing", scope: "orders:admin" },
    "the scope orders:admin is not there: `m2m up` makes it",
  ],
];

describe("beside Keycloak", () => {
  it("there is no difference after a deploy, and each grant is on both sides", () => {
    const declared = shopOnce();
    const { differences, machines } = realmMatrix(declared, deployed(declared));
    expect(differences).toEqual([]);
    const sides = machines.flatMap(({ calls }) => calls.flatMap(({ scopes, roles }) => [...scopes, ...roles]));
    expect(sides.length).toBe(5);
    for (const side of sides) expect(side.live).toBe(side.declared);
  });

  it.each(CASES.map(([change, facts, text]) => ({ change, facts, text, about: Object.values(facts).join(" ") })))(
    "finds $about, and says it in one sentence",
    ({ change, facts, text }) => {
      const declared = shopOnce();
      const { differences } = realmMatrix(declared, change(deployed(declared)));
      expect(differences).toEqual([{ ...facts, text: expect.stringContaining(text) }]);
    },
  );

  it("a renamed scope is one difference, whoever has it", () => {
    const declared = shopOnce();
    const live = deployed(declared);
    const renamed = <T>(map: ReadonlyMap<string, T>) =>
      new Map([...map].map(([name, value]) => [name === "orders:read" ? "orders:see" : name, value]));
    const clients = new Map([...live.clients].map(([id, one]) => [id, { ...one, scopes: renamed(one.scopes) }]));
    const scopes = new Map([...renamed(live.scopes)].map(([name, scope]) => [name, { ...scope, name }]));
    const { differences } = realmMatrix(declared, { ...live, clients, scopes });
    expect(differences).toEqual([
      {
        kind: "scope-renamed",
        scope: "orders:read",
        text: "the scope orders:read is called orders:see in Keycloak, so that no request for orders:read is granted: `m2m up` sets it back",
      },
    ]);
  });

  it("a realm that is not there is one difference, and nobody may call", () => {
    const { differences, machines } = realmMatrix(shopOnce(), "missing");
    expect(differences.map(({ kind }) => kind)).toEqual(["realm-missing"]);
    expect(new Set(machines.map(({ live }) => live))).toEqual(new Set(["missing"]));
  });

  it("in a realm of others, machines of others count only where they may call an API of this project", () => {
    const declared = { ...shopOnce(), isDeclared: false };
    expect(realmMatrix(declared, stranger({})(deployed(declared))).differences).toEqual([]);
    const calls = stranger({ scopes: new Map([["orders:read", "optional"]]) });
    expect(realmMatrix(declared, calls(deployed(declared))).machines.map(({ client }) => client)).toContain("by-hand");
  });

  it("roles that were not told are no difference", () => {
    const declared = shopOnce();
    const live = ofClient("shop", () => ({ roles: [] }))(deployed(declared));
    const matrix = realmMatrix(declared, { ...live, knowsRoles: false });
    expect([matrix.differences, matrix.rolesKnown]).toEqual([[], false]);
  });

  it("a client of users that is declared here counts only for an API that it is not declared to call", () => {
    const scopes = new Map<string, Way>([["orders:read", "default"]]);
    const web = { ...shopOnce().machines.get("plain")!, clientId: "by-hand", scopes };
    const declared = { ...shopOnce(), others: new Map([[web.clientId, web]]) };
    const user = (more: readonly [string, Way][]) =>
      stranger({ isMachine: false, scopes: new Map([...scopes, ...more]) })(deployed(declared));
    expect(realmMatrix(declared, user([])).differences).toEqual([]);
    expect(realmMatrix(declared, user([["invoices:send", "default"]])).differences).toMatchObject([
      { text: expect.stringContaining("by-hand is declared otherwise and may call") },
    ]);
  });
});
