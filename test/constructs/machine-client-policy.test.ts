import { TerraformVariable } from "cdktf";
import { describe, expect, it } from "vitest";
import {
  KeycloakServer,
  MachineClientPolicy,
  type MachineClientPolicyProps,
  Realm,
  SignedJwtClient,
} from "../../constructs";
import { fixedKey, inTemporaryProject, messageOf, newRealm, newStack, only, synth } from "./project";

inTemporaryProject();

const PROFILE = "keycloak_realm_client_policy_profile";
const POLICY = "keycloak_realm_client_policy_profile_policy";

type Options = Partial<MachineClientPolicyProps>;

function declared(options: Options = {}) {
  const stack = newStack();
  new MachineClientPolicy(stack, "Policy", { realm: newRealm(stack), ...options });
  return synth(stack).resource;
}

/** What Keycloak is told, by the name of each executor or condition. */
const settings = (parts: { name: string; configuration: object }[]) =>
  Object.fromEntries(parts.map(({ name, configuration }) => [name, configuration]));

const failure = (options: object) => messageOf(() => declared(options as Options));

describe("a MachineClientPolicy", () => {
  it("lets confidential clients sign in by a signed JWT alone, with their own scopes and grant", () => {
    const resource = declared();
    const profile = only({ resource } as never, PROFILE);
    expect(profile).toMatchObject({
      provider: "keycloak.Server",
      realm_id: "r",
      name: "machine-clients",
      depends_on: ["keycloak_realm.Realm_5F128390"],
    });
    expect(settings(profile.executor)).toEqual({
      "secure-client-authenticator": {
        "allowed-client-authenticators": '["client-jwt"]',
        "default-client-authenticator": "client-jwt",
      },
      "full-scope-disabled": { "auto-configure": "true" },
      "reject-ropc-grant": { "auto-configure": "true" },
      "reject-implicit-grant": { "auto-configure": "true" },
    });
    const policy = only({ resource } as never, POLICY);
    expect(policy).toMatchObject({ name: "machine-clients", enabled: true });
    expect(policy.profiles).toEqual([`\${${PROFILE}.${Object.keys(resource[PROFILE]!)[0]}.name}`]);
    expect(settings(policy.condition)).toEqual({ "client-access-type": { type: '["confidential"]' } });
  });

  it("has ids that stay", () => {
    const resource = declared({ algorithms: ["ES256"] });
    expect(Object.keys(resource[PROFILE]!)).toEqual(["Policy_Profile_C8DCEEE4", "Policy_UnfitProfile_BE620AC4"]);
    expect(Object.keys(resource[POLICY]!)).toEqual(["Policy_23B91518", "Policy_Unfit_987316F6"]);
  });

  const wanted = (options: Options) => {
    const policy = Object.values(declared(options)[POLICY]!).find(({ name }) => name.endsWith("-unfit"));
    const attributes = policy.condition.filter(({ name }: { name: string }) => name === "client-attributes");
    expect(
      attributes.every(
        (one: { configuration: Record<string, string> }) => one.configuration["is-negative-logic"] === "true",
      ),
    ).toBe(true);
    return attributes.map((one: { configuration: { attributes: string } }) => JSON.parse(one.configuration.attributes));
  };
  const ALG = "token.endpoint.auth.signing.alg";

  it("refuses tokens to clients that say none of the algorithms", () => {
    expect(wanted({ algorithms: ["RS256", "EdDSA"] })).toEqual([
      [{ key: ALG, value: "RS256" }],
      [{ key: ALG, value: "EdDSA" }],
    ]);
    const [, unfit] = Object.values(declared({ algorithms: ["RS256"] })[PROFILE]!);
    expect(unfit.executor).toEqual([{ name: "reject-request", configuration: {} }]);
  });

  it("refuses clients, and tokens to them, that are not bound as they have to be", () => {
    expect(wanted({ boundTokens: "dpop" })).toEqual([[{ key: "dpop.bound.access.tokens", value: "true" }]]);
    expect(wanted({ boundTokens: "dpop", algorithms: ["ES256"] })).toEqual([
      [
        { key: ALG, value: "ES256" },
        { key: "dpop.bound.access.tokens", value: "true" },
      ],
    ]);
    const [profile] = Object.values(declared({ boundTokens: "dpop" })[PROFILE]!);
    expect(settings(profile.executor)).toMatchObject({ "dpop-bind-enforcer": { "auto-configure": "false" } });
  });

  it("comes before every client of its realm, whichever was declared first, and before no other", () => {
    const stack = newStack();
    const realm = newRealm(stack);
    const key = fixedKey(stack, "machine-a");
    new SignedJwtClient(stack, "Before", { realm, clientId: "before", signingKey: key });
    new MachineClientPolicy(stack, "Policy", { realm, algorithms: ["RS256"] });
    new SignedJwtClient(stack, "After", { realm, clientId: "after", signingKey: key });
    const other = newRealm(stack, "OtherRealm", "other");
    new SignedJwtClient(stack, "Other", { realm: other, clientId: "other", signingKey: key });
    const { resource } = synth(stack);
    const policies = Object.keys(resource[POLICY]!).map((id) => `${POLICY}.${id}`);
    const clients = new Map(Object.values(resource.keycloak_openid_client!).map((one) => [one.client_id, one]));
    expect(clients.get("before").depends_on).toEqual(expect.arrayContaining(policies));
    expect(clients.get("after").depends_on).toEqual(expect.arrayContaining(policies));
    expect(clients.get("other").depends_on.join()).not.toContain(POLICY);
  });
});

describe("fails", () => {
  it("on algorithms that are none", () => {
    expect(failure({ algorithms: [] })).toBe(
      "[test/Policy] `algorithms` must hold an algorithm, got: none; leave it out to allow all that Keycloak accepts",
    );
    expect(failure({ algorithms: ["HS256"] })).toContain("`algorithms` must be of RS256, ");
    expect(failure({ algorithms: ["HS256"] })).toContain('got: "HS256"');
    expect(failure({ algorithms: ["ES256", "ES256"] })).toContain(
      "`algorithms` must name each once, got: ES256, ES256",
    );
  });

  it("on a binding that is none, and on certificates that the server does not ask for", () => {
    expect(failure({ boundTokens: "mtls" })).toBe(
      '[test/Policy] `boundTokens` must be "dpop" or "certificate", got: "mtls"',
    );
    const stack = newStack();
    const realm = new Realm(stack, "Realm", { server: new KeycloakServer(stack, "Keycloak"), realmName: "r" });
    expect(messageOf(() => new MachineClientPolicy(stack, "Policy", { realm, boundTokens: "certificate" }))).toBe(
      '[test/Policy] `boundTokens` "certificate" needs a server that asks for certificates, got: `clientCertificates` "none"; set it to "request" or "required"',
    );
  });

  it.each(["", " a", "a/b", "x".repeat(101)])("on the name %j", (name) => {
    expect(failure({ name })).toContain("`name` must be 1 to 100 letters, digits");
  });

  it("on a name that only Terraform knows, and on a strange option", () => {
    const name = new TerraformVariable(newStack(), "name", { type: "string" }).stringValue;
    expect(failure({ name })).toContain("`name` must be known at synthesis");
    expect(failure({ maxAge: 1 })).toContain("`maxAge` is not an option");
  });

  it("on two policies of one name in a realm, by whatever object that is known", () => {
    const stack = newStack();
    const realm = newRealm(stack);
    const same = Realm.fromRealmName(stack, "Same", { server: realm.server, realmName: "r" });
    new MachineClientPolicy(stack, "Policy", { realm });
    new MachineClientPolicy(stack, "Second", { realm, name: "second" });
    expect(messageOf(() => new MachineClientPolicy(stack, "Again", { realm: same }))).toBe(
      '[test/Again] `name` must be unique in the realm, got: "machine-clients", which test/Policy has already; give one of them another',
    );
  });

  /** What the synthesis says of a client of the realm. */
  function ofClient(options: Options, boundTo?: "dpop"): string {
    const stack = newStack();
    const realm = newRealm(stack);
    new MachineClientPolicy(stack, "Policy", { realm, ...options });
    new SignedJwtClient(stack, "A", { realm, clientId: "a", signingKey: fixedKey(stack, "machine-a"), boundTo });
    return messageOf(() => synth(stack));
  }

  it("on a client that signs with another algorithm", () => {
    expect(ofClient({ algorithms: ["ES256", "PS256"] })).toContain(
      "`algorithms` must hold what every client of the realm signs with, got: ES256, PS256, and a (test/A) signs with RS256; add RS256, or give the client another key",
    );
  });

  it("on a client with keys of two algorithms, which says none", () => {
    const stack = newStack();
    const realm = newRealm(stack);
    new MachineClientPolicy(stack, "Policy", { realm, algorithms: ["RS256", "PS256"] });
    const key = fixedKey(stack, "machine-a");
    const [accepted] = key.acceptedKeys;
    const signingKey = { ...key, algorithm: "PS256", acceptedKeys: [accepted!, { ...accepted!, algorithm: "PS256" }] };
    new SignedJwtClient(stack, "A", { realm, clientId: "a", signingKey: signingKey as never });
    expect(messageOf(() => synth(stack))).toContain("must be left out while a client has keys of two algorithms");
  });

  it("on a client that is not bound, and not on one that is", () => {
    expect(ofClient({ boundTokens: "dpop" })).toContain(
      '`boundTokens` must be what every client of the realm is bound to, got: "dpop", and a (test/A) is bound to nothing; set `boundTo` of the client',
    );
    const stack = newStack();
    const realm = newRealm(stack);
    new MachineClientPolicy(stack, "Policy", { realm, boundTokens: "dpop", algorithms: ["RS256"] });
    const signingKey = fixedKey(stack, "machine-a");
    new SignedJwtClient(stack, "A", { realm, clientId: "a", signingKey, boundTo: "dpop" });
    expect(() => synth(stack)).not.toThrow();
  });
});
