import { describe, expect, it } from "vitest";
import { planChange } from "../../../provider/engine/plan";
import { readState } from "../../../provider/engine/state";
import { isUnknown, UNKNOWN, type Value } from "../../../provider/protocol/values";
import { openidClient } from "../../../provider/resources/openid-client";
import { realmEvents } from "../../../provider/resources/realm-events";
import { applied, changes, machine } from "./applied";

describe("the plan of a new client", () => {
  const { planned, requiresReplace } = planChange(openidClient, null, machine);

  it("has the defaults, and tells what a client gets that is not configured", () => {
    expect(planned).toMatchObject({
      enabled: true,
      full_scope_allowed: true,
      import: false,
      standard_flow_enabled: false,
    });
    expect(planned).toMatchObject({ description: null, valid_redirect_uris: [], access_token_lifespan: "" });
    expect(requiresReplace).toEqual([]);
  });

  it("does not know what only the server knows", () => {
    expect(isUnknown(planned!.id)).toBe(true);
    expect(isUnknown(planned!.service_account_user_id)).toBe(true);
  });

  it("expects a secret only for a client that can use one", () => {
    expect(planned!.client_secret).toBe("");
    const other = planChange(openidClient, null, { ...machine, client_authenticator_type: null }).planned!;
    expect(isUnknown(other.client_secret)).toBe(true);
  });

  it("passes on unknown values, but never a write-only one", () => {
    const config = { ...machine, client_id: UNKNOWN, client_secret_wo: "secret" };
    const { planned: open } = planChange(openidClient, null, config);
    expect(open!.client_id).toBe(UNKNOWN);
    expect(open!.client_secret_wo).toBeNull();
  });
});

describe("the plan of a client that is taken over", () => {
  it("does not know what is not declared", () => {
    const { planned } = planChange(openidClient, null, { ...machine, import: true });
    expect(isUnknown(planned!.standard_flow_enabled) && isUnknown(planned!.valid_redirect_uris)).toBe(true);
    expect(planned).toMatchObject({ service_accounts_enabled: true, enabled: true });
  });
});

describe("the plan of a change", () => {
  const { state } = applied(machine);

  it("is empty where nothing was changed", () => {
    expect(changes(state, machine)).toEqual([]);
  });

  it("shows only the changed attribute", () => {
    expect(changes(state, { ...machine, enabled: false })).toEqual(["enabled"]);
    expect(changes(state, { ...machine, extra_config: { "use.jwks.url": "false" } })).toEqual(["extra_config"]);
  });

  it("does not know the secret when the access type changes", () => {
    const config = { ...machine, client_authenticator_type: null, service_accounts_enabled: null };
    const { state: confidential } = applied(config);
    expect(
      isUnknown(planChange(openidClient, confidential, { ...config, access_type: "PUBLIC" }).planned!.client_secret),
    ).toBe(true);
  });

  it("makes a new client in another realm, but not under another client id", () => {
    expect(planChange(openidClient, state, { ...machine, realm_id: "other" }).requiresReplace).toEqual([["realm_id"]]);
    expect(planChange(openidClient, state, { ...machine, client_id: "other" }).requiresReplace).toEqual([]);
    expect(planChange(openidClient, state, { ...machine, realm_id: UNKNOWN }).requiresReplace).toEqual([["realm_id"]]);
  });

  it("follows the service account", () => {
    const off = planChange(openidClient, state, { ...machine, service_accounts_enabled: false }).planned!;
    expect(off.service_account_user_id).toBe("");
    const on = planChange(openidClient, { ...state, service_accounts_enabled: false }, machine).planned!;
    expect(isUnknown(on.service_account_user_id)).toBe(true);
  });

  it("takes an unlisted description as the server's own, an unlisted PKCE method as none", () => {
    expect(changes({ ...state, description: "by hand" }, machine)).toEqual([]);
    expect(changes({ ...state, pkce_code_challenge_method: "S256" }, machine)).toEqual(["pkce_code_challenge_method"]);
  });

  it("is empty for a state in which the official provider left the generated secret", () => {
    const foreign = { ...state, client_secret: "generated" };
    const { server } = applied(machine);
    const refreshed = readState(
      openidClient,
      { ...server, secret: "generated", serviceAccountUser: { id: "user" } },
      foreign,
    );
    expect(refreshed.client_secret).toBe("");
    expect(changes(refreshed, machine)).toEqual([]);
  });

  it("keeps a write-only secret out of the state", () => {
    const config = {
      ...machine,
      client_authenticator_type: null,
      client_secret_wo: "x",
      client_secret_wo_version: "1",
    };
    const { state: kept, server } = applied(config);
    const refreshed = readState(openidClient, { ...server, secret: "x", serviceAccountUser: { id: "user" } }, kept);
    expect(JSON.stringify(refreshed)).not.toContain('"x"');
    expect(changes(refreshed, config)).toEqual([]);
    const without = planChange(openidClient, refreshed, { ...machine, client_authenticator_type: null }).planned!;
    expect(isUnknown(without.client_secret)).toBe(true);
  });

  it("is null for what is to be destroyed", () => {
    expect(planChange(openidClient, state, null)).toEqual({ planned: null, requiresReplace: [] });
  });
});

describe("the plan of a list whose absence leaves the server's own", () => {
  const config = { realm_id: "r" };
  const { planned } = planChange(realmEvents, null, config);
  const listeners = (prior: Value, configured: Value) => {
    const before = { ...planned!, events_listeners: prior };
    return planChange(realmEvents, before, { ...config, events_listeners: configured }).planned!.events_listeners;
  };

  it("empties it where an empty one is declared, also where none was before", () => {
    expect(listeners(null, [])).toEqual([]);
    expect(listeners(["email"], [])).toEqual([]);
  });

  it("leaves it where none is declared", () => {
    expect(listeners(null, null)).toBeNull();
    expect(listeners(["email"], null)).toEqual(["email"]);
  });
});
