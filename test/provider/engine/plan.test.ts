import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planChange } from "../../../provider/engine/plan";
import { readState, writeRepresentation } from "../../../provider/engine/state";
import type { Representation } from "../../../provider/engine/table";
import { validate } from "../../../provider/engine/validate";
import { isUnknown, type ObjectValue, UNKNOWN } from "../../../provider/protocol/values";
import { openidAudienceMapper } from "../../../provider/resources/openid-audience-mapper";
import { openidClient } from "../../../provider/resources/openid-client";
import { openidClientDefaultScopes } from "../../../provider/resources/openid-client-scopes";
import { realm } from "../../../provider/resources/realm";
import { role } from "../../../provider/resources/role";

const machine: ObjectValue = {
  realm_id: "r",
  client_id: "machine-a",
  access_type: "CONFIDENTIAL",
  client_authenticator_type: "client-jwt",
  service_accounts_enabled: true,
  extra_config: { "token.endpoint.auth.signing.alg": "RS256", "use.jwks.url": "false" },
};

/** The state after an apply against a server that keeps what it is sent. */
function applied(
  config: ObjectValue,
  prior: ObjectValue | null = null,
): { state: ObjectValue; server: Representation } {
  const planned = planChange(openidClient, prior, config).planned!;
  const server = writeRepresentation(openidClient, { id: "uuid" }, planned, prior);
  const state = readState(openidClient, { ...server, serviceAccountUser: { id: "user" } }, { ...planned, id: "uuid" });
  return { state, server };
}

const changes = (prior: ObjectValue, config: ObjectValue) => {
  const { planned } = planChange(openidClient, prior, config);
  return Object.keys(planned!).filter((name) => JSON.stringify(planned![name]) !== JSON.stringify(prior[name]));
};

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

  it("leaves open what only the server knows", () => {
    expect(isUnknown(planned!.id)).toBe(true);
    expect(isUnknown(planned!.service_account_user_id)).toBe(true);
  });

  it("expects a secret only where one is of use", () => {
    expect(planned!.client_secret).toBe("");
    const other = planChange(openidClient, null, { ...machine, client_authenticator_type: null }).planned!;
    expect(isUnknown(other.client_secret)).toBe(true);
  });

  it("passes on what is not known yet, and never a write-only value", () => {
    const config = { ...machine, client_id: UNKNOWN, client_secret_wo: "secret" };
    const { planned: open } = planChange(openidClient, null, config);
    expect(open!.client_id).toBe(UNKNOWN);
    expect(open!.client_secret_wo).toBeNull();
  });
});

describe("the plan of a client that is taken over", () => {
  it("leaves open what is not declared", () => {
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

  it("shows just the attribute that was changed", () => {
    expect(changes(state, { ...machine, enabled: false })).toEqual(["enabled"]);
    expect(changes(state, { ...machine, extra_config: { "use.jwks.url": "false" } })).toEqual(["extra_config"]);
  });

  it("leaves the secret open when the kind of access changes", () => {
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

describe("any sequence of configurations", () => {
  const text = fc.constantFrom(null, "", "a", "b");
  const flag = fc.constantFrom(null, true, false);
  const map = fc.option(
    fc.dictionary(fc.constantFrom("use.jwks.url", "jwks.string", "own"), fc.constantFrom("", "x", "y")),
  );
  const list = fc.constantFrom(null, [], ["/a"], ["/b", "/a"]);
  const config = fc
    .record({
      name: text,
      description: text,
      root_url: text,
      pkce_code_challenge_method: fc.constantFrom(null, "", "S256"),
      access_token_lifespan: fc.constantFrom(null, "", "60"),
      enabled: flag,
      full_scope_allowed: flag,
      require_dpop_bound_tokens: flag,
      backchannel_logout_revoke_offline_sessions: flag,
      exclude_issuer_from_auth_response: flag,
      client_authenticator_type: fc.constantFrom(null, "client-jwt", "client-secret"),
      service_accounts_enabled: flag,
      valid_redirect_uris: list,
      extra_config: map,
    })
    .map((values) => ({ realm_id: "r", client_id: "c", access_type: "CONFIDENTIAL", ...values }) as ObjectValue);

  it("is followed by an empty plan each time", () => {
    fc.assert(
      fc.property(fc.array(config, { minLength: 1, maxLength: 4 }), (sequence) => {
        let state: ObjectValue | null = null;
        for (const one of sequence) {
          state = applied(one, state).state;
          expect(changes(state, one)).toEqual([]);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("what was changed on the server", () => {
  const { state, server } = applied(machine);
  const attributes = server.attributes as { [key: string]: string };
  const seen = (change: { [key: string]: string }) =>
    readState(openidClient, { ...server, attributes: { ...attributes, ...change } }, state).extra_config;

  it("shows in the keys that are declared", () => {
    expect(seen({ "token.endpoint.auth.signing.alg": "ES256" })).toMatchObject({
      "token.endpoint.auth.signing.alg": "ES256",
    });
    expect(seen({ "token.endpoint.auth.signing.alg": "" })).not.toHaveProperty(["token.endpoint.auth.signing.alg"]);
  });

  it("shows in key sources that are not declared, and nowhere else", () => {
    expect(seen({ "jwks.url": "https://elsewhere.test" })).toHaveProperty(["jwks.url"], "https://elsewhere.test");
    expect(seen({ "some.other": "x" })).not.toHaveProperty(["some.other"]);
  });

  it("is cleared when a key is taken out of the configuration", () => {
    const planned = planChange(openidClient, state, { ...machine, extra_config: null }).planned!;
    const sent = writeRepresentation(openidClient, {}, planned, state).attributes as { [key: string]: string };
    expect(sent["token.endpoint.auth.signing.alg"]).toBe("");
  });
});

describe("a realm", () => {
  it("has its name as internal id, and an id that is known when it is made: what is in it goes with the old one", () => {
    const { planned } = planChange(realm, null, { realm: "r" });
    expect(planned).toMatchObject({ internal_id: "r", otp_policy: [], smtp_server: [] });
    expect(isUnknown(planned!.id)).toBe(true);
  });

  it("whose name is longer than Keycloak's ids leaves the internal id to Keycloak", () => {
    expect(isUnknown(planChange(realm, null, { realm: "r".repeat(37) }).planned!.internal_id)).toBe(true);
  });

  it("takes a duration in any spelling", () => {
    const { planned } = planChange(realm, null, { realm: "r", access_token_lifespan: "300s" });
    expect(planned!.access_token_lifespan).toBe("5m0s");
  });

  it("loses its brute force detection when the block is taken away", () => {
    const declared = {
      realm: "r",
      security_defenses: [{ brute_force_detection: [{ max_login_failures: 5 }], headers: [] }],
    };
    const first = planChange(realm, null, declared).planned!;
    const sent = writeRepresentation(realm, {}, first, null);
    expect(sent).toMatchObject({ bruteForceProtected: true, failureFactor: 5, waitIncrementSeconds: 60 });
    const state = readState(realm, sent, first);
    expect(state.security_defenses).toMatchObject([
      { brute_force_detection: [{ max_login_failures: 5 }], headers: [] },
    ]);
    const second = planChange(realm, state, { realm: "r" }).planned!;
    expect(writeRepresentation(realm, {}, second, state)).toMatchObject({
      bruteForceProtected: false,
      failureFactor: 30,
    });
  });

  it("keeps attributes that are not declared", () => {
    const prior = planChange(realm, null, { realm: "r", attributes: { a: "1", b: "2" } }).planned!;
    const planned = planChange(realm, prior, { realm: "r", attributes: { a: "1" } }).planned!;
    const sent = writeRepresentation(realm, { attributes: { a: "1", b: "2", kept: "3" } }, planned, prior);
    expect(sent.attributes).toEqual({ a: "1", kept: "3" });
  });
});

describe("the scopes of a client", () => {
  it("have an id as soon as the client has one", () => {
    const config = { realm_id: "r", client_id: "c", default_scopes: ["a"] };
    expect(planChange(openidClientDefaultScopes, null, config).planned!.id).toBe("r/c");
    expect(isUnknown(planChange(openidClientDefaultScopes, null, { ...config, client_id: UNKNOWN }).planned!.id)).toBe(
      true,
    );
  });
});

describe("a configuration is refused", () => {
  const summaries = (resource: typeof realm, config: ObjectValue, writeOnly = true) =>
    validate(resource, config, writeOnly).map(({ summary, path }) => `${JSON.stringify(path)} ${summary}`);

  it.each([
    [
      { access_type: "OTHER" },
      '["access_type"] access_type must be one of "CONFIDENTIAL", "PUBLIC", "BEARER-ONLY", got: "OTHER"',
    ],
    [{ authorization: [{}] }, '["authorization"] authorization is not supported by the embedded Keycloak provider'],
    [
      { client_secret: "x" },
      '["client_secret"] client_secret has no effect with client_authenticator_type "client-jwt"',
    ],
    [
      { extra_config: { login_theme: "x" } },
      '["extra_config",{"key":"login_theme"}] extra_config key "login_theme" conflicts with an attribute of its own',
    ],
    [
      { access_type: "PUBLIC" },
      '["service_accounts_enabled"] service_accounts_enabled cannot be set on a PUBLIC client',
    ],
    [
      { client_secret_wo_version: "1" },
      '["client_secret_wo_version"] client_secret_wo_version needs client_secret_wo as well',
    ],
  ])("client with %j", (change, message) => {
    expect(summaries(openidClient, { ...machine, ...change } as ObjectValue)).toEqual([message]);
  });

  it("realm with blocks and durations that do not fit", () => {
    const config = {
      realm: "r",
      otp_policy: [{}],
      smtp_server: [{}],
      access_code_lifespan: "5 minutes",
      ssl_required: "no",
    };
    expect(summaries(realm, config)).toHaveLength(4);
    expect(
      summaries(realm, { realm: "r", internationalization: [{ supported_locales: ["de"], default_locale: "en" }] }),
    ).toEqual([
      '["internationalization",0,"default_locale"] default_locale must be one of supported_locales, got: "en"',
    ]);
  });

  it("mapper without one owner or one audience", () => {
    expect(summaries(openidAudienceMapper, { realm_id: "r", name: "m" })).toHaveLength(2);
  });

  it("write-only value where Terraform would keep it", () => {
    const config = {
      ...machine,
      client_authenticator_type: null,
      client_secret_wo: "x",
      client_secret_wo_version: "1",
    };
    expect(summaries(openidClient, config, false)).toEqual([
      '["client_secret_wo"] client_secret_wo needs Terraform 1.11 or later, which keeps it out of state',
    ]);
    expect(summaries(openidClient, config)).toEqual([]);
  });

  it("but not for what may turn out as none", () => {
    const audience = { realm_id: "r", name: "m", client_id: "c" };
    const either = { included_client_audience: UNKNOWN, included_custom_audience: "y" };
    expect(summaries(openidAudienceMapper, { ...audience, ...either })).toEqual([]);
    const owner = { client_id: UNKNOWN, client_scope_id: UNKNOWN, included_custom_audience: "y" };
    expect(summaries(openidAudienceMapper, { ...audience, ...owner })).toEqual([]);
    expect(summaries(openidClient, { ...machine, client_secret: UNKNOWN })).toEqual([]);
    expect(summaries(openidClient, { ...machine, client_secret_wo_version: UNKNOWN })).toEqual([]);
  });

  it("but not for what is not known yet", () => {
    expect(summaries(openidClient, { ...machine, access_type: UNKNOWN, extra_config: UNKNOWN })).toEqual([]);
  });
});

describe("an attribute of a role", () => {
  it("that is null is sent as an empty one", () => {
    const planned = planChange(role, null, { realm_id: "r", name: "n", attributes: { a: null, b: "1##2" } }).planned!;
    expect(writeRepresentation(role, {}, planned, null).attributes).toEqual({ a: [""], b: ["1", "2"] });
  });
});
