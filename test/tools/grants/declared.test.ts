import { TerraformStack } from "cdktf";
import { describe, expect, it } from "vitest";
import { OpenidClient } from "../../../.gen/providers/keycloak/openid-client";
import {
  DeployerClient,
  KeycloakServer,
  ProtectedApi,
  Realm,
  SignedJwtClient,
  SigningKeyPair,
} from "../../../constructs";
import { declaredRealms } from "../../../tools/grants/declared";
import { realmMatrix } from "../../../tools/grants/matrix";
import { inTemporaryProject } from "../../constructs/project";
import { declaredShop, machinesIn, newServer, synthesized, URL_OF_SHOP } from "./shop";

inTemporaryProject();

const held = (name: string, way: "default" | "optional" = "default") => ({ name, declared: way });
const nothing = { roles: [], mappers: [] };

describe("the declarations", () => {
  it("say which scopes and roles each machine has at which API", () => {
    const { url, realm, apis, machines, differences } = realmMatrix(declaredShop());
    expect({ url, realm, differences }).toEqual({ url: URL_OF_SHOP, realm: "machines", differences: [] });
    expect(apis).toEqual([
      { audience: "billing", scopes: ["invoices:send"] },
      { audience: "orders", scopes: ["orders:admin", "orders:read", "orders:write"] },
      { audience: "stock", scopes: [] },
    ]);
    expect(machines).toEqual([
      { client: "billing", declared: true, boundTo: "dpop", calls: [] },
      { client: "plain", declared: true, boundTo: "nothing", calls: [] },
      {
        client: "shop",
        declared: true,
        boundTo: "nothing",
        calls: [
          { api: "billing", scopes: [held("invoices:send")], ...nothing },
          { api: "orders", scopes: [held("orders:read"), held("orders:write", "optional")], ...nothing },
          { api: "stock", scopes: [{ ...held("audience-stock"), named: false }], roles: [held("reader")], mappers: [] },
        ],
      },
      { client: "stock", declared: true, boundTo: "nothing", calls: [] },
    ]);
  });

  it("join stacks: an API of one, and its caller in another", () => {
    const stacks = synthesized((app) => {
      const [first, second] = [new TerraformStack(app, "first"), new TerraformStack(app, "second")];
      const realm = new Realm(first, "Realm", { server: newServer(first), realmName: "machines" });
      const api = new ProtectedApi(first, "Orders", { realm, audience: "orders", scopes: { "orders:read": "read" } });
      const caller = machinesIn(second, realm);
      api.grant(caller("shop"), "orders:read");
      machinesIn(first, realm)("stock").grantCall(caller("till"), { roles: ["reader"] });
    });
    const realms = declaredRealms(stacks);
    expect(realms.length).toBe(1);
    expect(realmMatrix(realms[0]!).machines.map(({ client, calls }) => [client, calls])).toEqual([
      ["shop", [{ api: "orders", scopes: [held("orders:read")], ...nothing }]],
      ["stock", []],
      [
        "till",
        [{ api: "stock", scopes: [{ ...held("audience-stock"), named: false }], roles: [held("reader")], mappers: [] }],
      ],
    ]);
  });

  it("know one server by every way to write its address", () => {
    const stacks = synthesized((app) => {
      for (const [name, url] of Object.entries({ first: URL_OF_SHOP, second: "https://KEYCLOAK.example:443" })) {
        const stack = new TerraformStack(app, name);
        const server = KeycloakServer.fromUrl(stack, "Server", { url });
        const realm = Realm.fromRealmName(stack, "Realm", { server, realmName: "machines" });
        const signingKey = new SigningKeyPair(stack, "Key", { name, algorithm: "EdDSA" });
        new SignedJwtClient(stack, "Machine", { realm, clientId: name, signingKey });
      }
    });
    expect(declaredRealms(stacks).map(({ machines }) => [...machines.keys()])).toEqual([["first", "second"]]);
  });

  it("know a declared client of users as one that is no machine", () => {
    const stacks = synthesized((app) => {
      const stack = new TerraformStack(app, "shop");
      const realm = new Realm(stack, "Realm", { server: newServer(stack), realmName: "machines" });
      machinesIn(stack, realm)("shop");
      const provider = realm.keycloakProvider(stack);
      const web = { provider, realmId: "machines", clientId: "web", accessType: "PUBLIC", standardFlowEnabled: true };
      new OpenidClient(stack, "Web", web);
    });
    const [realm] = declaredRealms(stacks);
    expect([[...realm!.machines.keys()], [...realm!.others.keys()]]).toEqual([["shop"], ["web"]]);
  });

  it("know APIs and clients that another configuration declares", () => {
    const stacks = synthesized((app) => {
      const stack = new TerraformStack(app, "shop");
      const realm = Realm.fromRealmName(stack, "Realm", { server: newServer(stack), realmName: "machines" });
      const caller = machinesIn(stack, realm as Realm)("shop");
      const scopes = ["orders:read", "orders:write"];
      const orders = ProtectedApi.fromAudience(stack, "Orders", { realm, audience: "orders", scopes });
      orders.grant(caller, "orders:read", { optional: true });
      orders.grant(caller);
      SignedJwtClient.fromClientId(stack, "Stock", { realm, clientId: "stock" }).grantCall(caller, {
        roles: ["reader"],
      });
    });
    const [realm] = declaredRealms(stacks);
    expect(realm!.isDeclared).toBe(false);
    const { apis, machines } = realmMatrix(realm!);
    expect(apis.map(({ audience }) => audience)).toEqual(["orders", "stock"]);
    expect(machines[0]!.calls).toEqual([
      {
        api: "orders",
        scopes: [{ ...held("audience-orders"), named: false }, held("orders:read", "optional")],
        ...nothing,
      },
      { api: "stock", scopes: [{ ...held("audience-stock"), named: false }], roles: [held("reader")], mappers: [] },
    ]);
  });

  it("keep servers and realms apart that have clients of the same id", () => {
    const stacks = synthesized((app) => {
      const stack = new TerraformStack(app, "shop");
      for (const [place, name] of ["one", "two", "two"].entries()) {
        const url = `https://${place === 2 ? "other" : "keycloak"}.example`;
        const server = KeycloakServer.fromUrl(stack, `Server${place}`, { url });
        const realm = new Realm(stack, `Realm${place}`, { server, realmName: name });
        const signingKey = new SigningKeyPair(stack, `Key${place}`, { name: `key${place}`, algorithm: "EdDSA" });
        const caller = new SignedJwtClient(stack, `Shop${place}`, { realm, clientId: "shop", signingKey });
        new ProtectedApi(stack, `Api${place}`, { realm, audience: `api-${place}` }).grant(caller);
      }
    });
    const found = declaredRealms(stacks).map((realm) => realmMatrix(realm));
    expect(
      found.map(({ url, realm, machines }) => [url, realm, machines.map(({ calls }) => calls.map(({ api }) => api))]),
    ).toEqual([
      ["https://keycloak.example", "one", [["api-0"]]],
      ["https://keycloak.example", "two", [["api-1"]]],
      ["https://other.example", "two", [["api-2"]]],
    ]);
  });

  it("leave the deployer out, who administers and calls no API", () => {
    const stacks = synthesized((app) => {
      const stack = new TerraformStack(app, "shop");
      const server = newServer(stack);
      const realm = new Realm(stack, "Realm", { server, realmName: "machines" });
      const signingKey = new SigningKeyPair(stack, "Key", { name: "deployer", algorithm: "ES256" });
      new DeployerClient(stack, "Deployer", { server, realms: [realm], signingKey });
      machinesIn(stack, realm)("shop");
    });
    expect(declaredRealms(stacks).map(({ realmName, machines }) => [realmName, [...machines.keys()]])).toEqual([
      ["machines", ["shop"]],
    ]);
  });
});
