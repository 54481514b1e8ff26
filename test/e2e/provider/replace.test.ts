import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Json, type Server, sharedServer } from "./server";
import { Workspace } from "./workspace";

const REALM = "replace";
const ref = (attribute: string) => `\${${attribute}}`;

let server: Server;
let workspace: Workspace;
beforeAll(async () => {
  server = await sharedServer();
  workspace = new Workspace(server);
});
afterAll(async () => {
  await workspace.destroy();
  workspace.remove();
});

const configuration: Json = {
  locals: { realm: ref("keycloak_realm.r.id") },
  resource: {
    keycloak_realm: { r: { realm: REALM } },
    keycloak_openid_client: {
      c: { realm_id: ref("local.realm"), client_id: "c", access_type: "CONFIDENTIAL", service_accounts_enabled: true },
    },
    keycloak_openid_client_default_scopes: {
      c: { realm_id: ref("local.realm"), client_id: ref("keycloak_openid_client.c.id"), default_scopes: ["basic"] },
    },
    keycloak_role: { r: { realm_id: ref("local.realm"), name: "r", attributes: { k: null } } },
  },
  data: { keycloak_openid_client_scope: { s: { realm_id: ref("local.realm"), name: "profile" } } },
};

describe("a new realm", () => {
  it("is made with its content and is read by data sources", async () => {
    await workspace.write(configuration);
    const { exitCode, output } = await workspace.apply();
    expect(exitCode, output).toBe(0);
    expect(await workspace.plan()).toEqual([]);
  });

  it("that replaces an old one is filled again in the same apply", async () => {
    const { exitCode, output } = await workspace.apply("-replace=keycloak_realm.r");
    expect(exitCode, output).toBe(0);
    expect(output).toContain("4 added, 0 changed, 4 destroyed");
    expect(await workspace.plan()).toEqual([]);
  });
});

describe("a client that is taken over by `import = true`", () => {
  it("keeps what is not declared, shows no change, and stays when it is let go", async () => {
    const [before] = (await server.admin("GET", `/${REALM}/clients?clientId=account-console`)) as Json[];
    const taken = { realm_id: REALM, client_id: "account-console", access_type: "PUBLIC", import: true };
    const flows = { standard_flow_enabled: true, valid_redirect_uris: before!.redirectUris, description: "taken over" };
    const resource = {
      ...configuration.resource,
      keycloak_openid_client: {
        ...configuration.resource.keycloak_openid_client,
        account: { ...taken, ...flows, pkce_code_challenge_method: "S256" },
      },
    };
    await workspace.write({ ...configuration, resource });
    const { exitCode, output } = await workspace.apply();
    expect(exitCode, output).toBe(0);
    expect(await workspace.plan()).toEqual([]);
    const [after] = (await server.admin("GET", `/${REALM}/clients?clientId=account-console`)) as Json[];
    // What has a default of its own is declared by it, here as in the official provider.
    expect(after).toEqual({
      ...before,
      description: "taken over",
      fullScopeAllowed: true,
      attributes: expect.anything(),
    });
    expect(after!.attributes).toMatchObject(before!.attributes);
    await workspace.write(configuration);
    expect((await workspace.apply()).exitCode).toBe(0);
    expect(await server.admin("GET", `/${REALM}/clients?clientId=account-console`)).toHaveLength(1);
  });

  it("keeps even more where less is declared", async () => {
    const [before] = (await server.admin("GET", `/${REALM}/clients?clientId=admin-cli`)) as Json[];
    const account = { realm_id: REALM, client_id: "admin-cli", access_type: "PUBLIC", import: true };
    const resource = {
      ...configuration.resource,
      keycloak_openid_client: { ...configuration.resource.keycloak_openid_client, cli: account },
    };
    await workspace.write({ ...configuration, resource });
    const { exitCode, output } = await workspace.apply();
    expect(exitCode, output).toBe(0);
    const [after] = (await server.admin("GET", `/${REALM}/clients?clientId=admin-cli`)) as Json[];
    expect(after).toMatchObject({
      name: before!.name,
      directAccessGrantsEnabled: true,
      attributes: before!.attributes,
    });
    expect(await workspace.plan()).toEqual([]);
  });
});
