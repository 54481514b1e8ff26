// A realm with machines and APIs of every kind, as its stack is synthesized, and as Keycloak would have it.
import { type App, TerraformStack } from "cdktf";
import { KeycloakServer, ProtectedApi, Realm, SignedJwtClient, type SignedJwtClientProps } from "../../../constructs";
import { type DeclaredRealm, declaredRealms } from "../../../tools/grants/declared";
import type { LiveClient, LiveRealm, LiveScope } from "../../../tools/grants/live";
import { readStacks, type Stack } from "../../../tools/project/project";
import { fixedKey, newApp } from "../../constructs/project";

export const URL_OF_SHOP = "https://keycloak.example";
const SCOPES = { "orders:read": "read orders", "orders:write": "change orders", "orders:admin": "anything" };

/** The stacks of an app, synthesized. */
export function synthesized(declare: (app: App) => void): Stack[] {
  const app = newApp();
  declare(app);
  app.synth();
  return readStacks({ folder: process.cwd(), app: "", outdir: "cdktf.out", context: {} });
}

export function newServer(stack: TerraformStack) {
  return KeycloakServer.fromUrl(stack, "Server", { url: URL_OF_SHOP });
}

/** Machines of a stack, all with one key. */
export function machinesIn(stack: TerraformStack, realm: Realm) {
  const signingKey = fixedKey(stack, "machine-a");
  return (clientId: string, more: Partial<SignedJwtClientProps> = {}) =>
    new SignedJwtClient(stack, clientId, { realm, clientId, signingKey, ...more });
}

export function shop(): Stack[] {
  return synthesized((app) => {
    const stack = new TerraformStack(app, "shop");
    const lists = { defaultClientScopes: ["basic", "roles"], optionalClientScopes: ["address"] };
    const realm = new Realm(stack, "Realm", { server: newServer(stack), realmName: "machines", ...lists });
    const machine = machinesIn(stack, realm);
    const [caller, billing, stock] = [machine("shop"), machine("billing", { boundTo: "dpop" }), machine("stock")];
    machine("plain", { scopesOfRealm: true });
    const orders = new ProtectedApi(stack, "Orders", { realm, audience: "orders", scopes: SCOPES });
    orders.grant(caller, "orders:read");
    orders.grant(caller, "orders:write", { optional: true });
    new ProtectedApi(stack, "Invoices", { realm, client: billing, scopes: { "invoices:send": "send" } }).grant(caller, [
      "invoices:send",
    ]);
    stock.grantCall(caller, { roles: ["reader"] });
  });
}

export function declaredShop(): DeclaredRealm {
  return declaredRealms(shop())[0]!;
}

/** What Keycloak has after a deploy. */
export function deployed(realm: DeclaredRealm): LiveRealm {
  const scopes = [...realm.scopes.values()].map(({ name, audiences, isNamed, mappers }): LiveScope => {
    const kind = "oidc-audience-mapper";
    const allMappers = [...mappers].map(([mapper, given]) => ({ name: mapper, kind, audiences: given }));
    return { name, audiences, isNamed, allMappers };
  });
  const own = ["basic", "roles", "profile", "email", "address", "service_account", "offline_access"];
  const ofKeycloak = own.map((name): LiveScope => ({ name, audiences: [], isNamed: false, allMappers: [] }));
  const clients = [...realm.machines.values()].map((machine): LiveClient => {
    const { extra_config } = machine.settings as { extra_config: Record<string, string> };
    return {
      ...machine,
      isEnabled: true,
      isMachine: true,
      authenticator: "client-jwt",
      isPublic: false,
      userFlows: [],
      attributes: { ...extra_config, realm_client: "false" },
      allMappers: [],
      isAccountEnabled: true,
    };
  });
  return {
    scopes: new Map([...scopes, ...ofKeycloak].map((scope) => [scope.name, scope])),
    clients: new Map(clients.map((client) => [client.clientId, client])),
    knowsRoles: true,
  };
}
