import { TerraformStack } from "cdktf";
import { describe, expect, it } from "vitest";
import { PrivateLocalBackend, Realm, SignedJwtClient } from "../../constructs";
import { inTemporaryProject, manifestOf, only, synth } from "./project";
import { twoStacks } from "./servers";

inTemporaryProject();

describe("a client in a third stack", () => {
  it("is deployed after its realm", () => {
    const { app, realm, signingKey } = twoStacks();
    const team = new TerraformStack(app, "team");
    new PrivateLocalBackend(team);
    new SignedJwtClient(team, "Machine", { realm, clientId: "t", signingKey });
    const json = synth(team);
    expect(manifestOf(team).dependencies).toEqual(["identities"]);
    expect(only(json, "keycloak_openid_client").depends_on).toEqual([]);
  });

  it("gets a call by the name of the scope, and is deployed after the machine that it calls", () => {
    const { app, realm, signingKey, client } = twoStacks();
    const team = new TerraformStack(app, "team");
    const imported = Realm.fromRealmName(team, "Realm", { server: realm.server, realmName: "r" });
    const caller = new SignedJwtClient(team, "Caller", { realm: imported, clientId: "caller", signingKey });
    client.grantCall(caller);
    const json = synth(team);
    expect(only(json, "keycloak_openid_client_default_scopes").default_scopes).toEqual([
      "service_account",
      "profile",
      "basic",
      "email",
      "audience-orders",
    ]);
    expect(manifestOf(team).dependencies).toContain("identities");
    expect(JSON.stringify(json)).not.toContain("terraform_remote_state");
  });
});
