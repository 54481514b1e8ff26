import { describe, expect, it } from "vitest";
import type { Answer } from "../../../tools/keycloak/admin-api";
import { importIdOf, isUnique } from "../../../tools/keycloak/import-ids";

/** What a Keycloak has, by the path below `/admin/realms`. */
const THERE: Readonly<Record<string, unknown>> = {
  r: { realm: "r" },
  "r/clients?clientId=x": [{ id: "c1", clientId: "x" }],
  "r/client-scopes": [
    { id: "s0", name: "email" },
    { id: "s1", name: "audience-x" },
  ],
  "r/client-scopes/s1/protocol-mappers/models": [{ id: "m1", name: "audience" }],
  "r/clients/c1/protocol-mappers/models": [{ id: "m2", name: "claim" }],
  "r/roles?search=reader": [
    { id: "r1", name: "reader" },
    { id: "r2", name: "reader-of-all" },
  ],
  "r/clients/c1/roles?search=reader": [{ id: "r3", name: "reader" }],
  "r/client-policies/profiles": { profiles: [{ name: "p" }] },
  "r/client-policies/policies": { policies: [{ name: "q" }] },
  "r/components?name=one&type=org.keycloak.keys.KeyProvider": [{ id: "k1", name: "one" }],
};

const ask = async (...path: readonly string[]): Promise<Answer> => {
  const body = THERE[path.join("/").replace("/?", "?")];
  return body === undefined ? { status: 404 } : { status: 200, body };
};

const AUDIENCE = "keycloak_openid_audience_protocol_mapper";
const CLAIM = "keycloak_openid_hardcoded_claim_protocol_mapper";

describe("what is in Keycloak already", () => {
  it.each<[string, Record<string, unknown>, string]>([
    ["keycloak_realm", { realm: "r" }, "r"],
    ["keycloak_openid_client", { realm_id: "r", client_id: "x" }, "r/c1"],
    ["keycloak_openid_client_scope", { realm_id: "r", name: "audience-x" }, "r/s1"],
    [AUDIENCE, { realm_id: "r", client_scope_id: "s1", client_id: null, name: "audience" }, "r/client-scope/s1/m1"],
    [CLAIM, { realm_id: "r", client_id: "c1", name: "claim" }, "r/client/c1/m2"],
    ["keycloak_role", { realm_id: "r", name: "reader" }, "r/r1"],
    ["keycloak_role", { realm_id: "r", client_id: "c1", name: "reader" }, "r/r3"],
    ["keycloak_realm_client_policy_profile", { realm_id: "r", name: "p" }, "r/realm-client-policy-profiles/p"],
    [
      "keycloak_realm_client_policy_profile_policy",
      { realm_id: "r", name: "q" },
      "r/realm-client-policy-profile-policies/q",
    ],
    ["keycloak_realm_keystore_rsa_generated", { realm_id: "r", name: "one" }, "r/k1"],
    ["keycloak_realm_keystore_ecdsa_generated", { realm_id: "r", name: "one" }, "r/k1"],
  ])("is found, with the id that Terraform takes it over by: %s", async (type, values, id) => {
    expect(isUnique(type)).toBe(true);
    expect(await importIdOf(type, values, ask)).toBe(id);
    const other = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value && `${value}-other`]));
    expect(await importIdOf(type, other, ask)).toBeUndefined();
  });

  it.each([
    [AUDIENCE, { realm_id: "r", client_scope_id: Symbol("not made yet"), name: "audience" }],
    [CLAIM, { realm_id: "r", name: "claim" }],
    ["keycloak_openid_client", { realm_id: undefined, client_id: "x" }],
  ])("is not looked for below what is not made yet: %s", async (type, values) => {
    expect(await importIdOf(type, values, ask)).toBeUndefined();
  });

  it("does not matter where two are one, as for lists and rights", async () => {
    expect(isUnique("keycloak_openid_client_default_scopes")).toBe(false);
    expect(await importIdOf("keycloak_openid_client_default_scopes", { realm_id: "r" }, ask)).toBeUndefined();
  });
});
