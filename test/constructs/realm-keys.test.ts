// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Terraform's expressions look like that
import { TerraformVariable } from "cdktf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KeycloakServer, Realm, type RealmKey, RealmKeys, type RealmProps } from "../../constructs";
import { inTemporaryProject, messageOf, newRealm, newStack, only, synth } from "./project";

inTemporaryProject();

const RSA = "keycloak_realm_keystore_rsa_generated";
const ECDSA = "keycloak_realm_keystore_ecdsa_generated";
const FIRST: RealmKey = { name: "first", state: "active" };
const SECOND: RealmKey = { name: "second", state: "prepared" };

/** The keys by their name, as Terraform reads them, each with its address. */
function declared(keys: readonly RealmKey[], realmProps: Partial<RealmProps> = {}) {
  const stack = newStack();
  const server = KeycloakServer.fromUrl(stack, "Server", { url: "https://sso.example" });
  const realm = new Realm(stack, "Realm", { server, realmName: "r", ...realmProps });
  new RealmKeys(stack, "Keys", { realm, keys });
  const { resource } = synth(stack);
  return new Map(
    [RSA, ECDSA].flatMap((type) =>
      Object.entries(resource[type] ?? {}).map(([id, { "//": _comment, ...config }]) => [
        config.name as string,
        { address: `${type}.${id}`, ...config },
      ]),
    ),
  );
}

const failure = (keys: readonly unknown[], realmProps?: Partial<RealmProps>) =>
  messageOf(() => declared(keys as RealmKey[], realmProps));

describe("a key", () => {
  it("that is active signs, before Keycloak's own of priority 100", () => {
    expect(declared([FIRST]).get("first")).toEqual({
      address: `${RSA}.Keys_first_C8FDB73E`,
      provider: "keycloak.Server",
      realm_id: "r",
      name: "first",
      enabled: true,
      active: true,
      priority: 200,
      algorithm: "RS256",
      key_size: 2048,
      depends_on: ["keycloak_realm.Realm_5F128390"],
    });
  });

  it.each(["prepared", "retiring"] as const)("that is %s is published, after those that sign", (state) => {
    const keys = declared([FIRST, { name: "second", state }]);
    expect(keys.get("second")).toMatchObject({ enabled: true, active: false, priority: 50 });
  });

  it("ceases to sign only once the next one signs", () => {
    const keys = declared([
      { name: "first", state: "retiring" },
      { name: "second", state: "active" },
      { name: "ec", state: "active", algorithm: "ES256" },
    ]);
    const realm = "keycloak_realm.Realm_5F128390";
    expect(keys.get("first")!.depends_on).toEqual([realm, keys.get("second")!.address]);
    expect(keys.get("second")!.depends_on).toEqual([realm]);
    expect(keys.get("ec")!.depends_on).toEqual([realm]);
  });

  it("may be alone before it signs and after: Keycloak's own key signs RS256 then", () => {
    expect(declared([SECOND]).get("second")).toMatchObject({ active: false });
    expect(declared([{ name: "first", state: "retiring" }]).get("first")).toMatchObject({ active: false });
  });

  it("may be of each algorithm, one active of each", () => {
    const keys = declared([
      { name: "rs", state: "active", rsaBits: 4096 },
      { name: "ps", state: "active", algorithm: "PS256" },
      { name: "es", state: "active", algorithm: "ES256" },
    ]);
    expect(keys.get("rs")).toMatchObject({ algorithm: "RS256", key_size: 4096 });
    expect(keys.get("ps")).toMatchObject({ algorithm: "PS256", key_size: 2048 });
    expect(keys.get("es")).toMatchObject({ elliptic_curve_key: "P-256", address: expect.stringContaining(ECDSA) });
    expect(Object.keys(keys.get("es")!)).not.toContain("key_size");
  });

  it("has the name as its address, whatever stands in it", () => {
    const names = ["2026-10", "2026.10", "2026_10", "Resource", "Default", "a".repeat(63)];
    const keys = declared(names.map((name) => ({ name, state: "prepared" })));
    expect(new Set([...keys.values()].map(({ address }) => address)).size).toBe(names.length);
  });

  it("changes in place, by its own entry alone, whatever the others are and become", () => {
    const algorithms = ["RS256", "PS256", "ES256"] as const;
    const pair = fc.record({ active: fc.nat(1), other: fc.constantFrom("prepared" as const, "retiring" as const) });
    const realmKeys = fc.tuple(pair, pair, pair).map((pairs) =>
      algorithms.flatMap((algorithm, index) => {
        const { active, other } = pairs[index]!;
        const state = (place: number) => (active === place ? "active" : other);
        return [0, 1].map((place): RealmKey => ({ name: `${algorithm}-${place}`, algorithm, state: state(place) }));
      }),
    );
    fc.assert(
      fc.property(realmKeys, realmKeys, (before, after) => {
        const [was, is] = [declared(before), declared(after)];
        for (const [index, { name, state }] of before.entries()) {
          const next = after[index]!.state;
          const changed = (state === "active") !== (next === "active");
          const { depends_on: _was, ...former } = was.get(name)!;
          const { depends_on: _is, ...present } = is.get(name)!;
          const switched = { active: next === "active", priority: next === "active" ? 200 : 50 };
          expect(present).toEqual(changed ? { ...former, ...switched } : former);
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe("RealmKeys", () => {
  it("changes nothing of the realm, nor of what is beside it", () => {
    const json = (withKeys: boolean) => {
      const stack = newStack();
      const realm = newRealm(stack);
      if (withKeys) new RealmKeys(stack, "Keys", { realm, keys: [FIRST] });
      const { [RSA]: _keys, ...others } = synth(stack).resource;
      return others;
    };
    expect(json(true)).toEqual(json(false));
  });

  it("waits for the server where the realm is declared elsewhere", () => {
    const stack = newStack();
    const server = new KeycloakServer(stack, "Keycloak");
    const realm = Realm.fromRealmName(stack, "Realm", { server, realmName: "r" });
    expect(new RealmKeys(stack, "Keys", { realm, keys: [FIRST] }).realm).toBe(realm);
    expect(only(synth(stack), RSA).depends_on).toEqual(["docker_container.Keycloak_Container_B24A478B"]);
  });

  it("is one a realm, by whatever object that is known", () => {
    const stack = newStack();
    const realm = newRealm(stack);
    const same = Realm.fromRealmName(stack, "Same", { server: realm.server, realmName: "r" });
    new RealmKeys(stack, "Keys", { realm, keys: [FIRST] });
    new RealmKeys(stack, "OfAnother", { realm: newRealm(stack, "Another", "another"), keys: [FIRST] });
    expect(messageOf(() => new RealmKeys(stack, "Again", { realm: same, keys: [SECOND] }))).toBe(
      "[test/Again] `realm` must have its keys declared once, got: r, whose keys test/Keys declares already; put all of them into one list",
    );
  });
});

describe("fails", () => {
  it("on an empty list", () => {
    expect(failure([])).toBe(
      "[test/Keys] `keys` must hold a key, got: none; leave RealmKeys out where Keycloak's own key is to sign",
    );
  });

  it.each(["", "two words", "a/b", ".a", "-a", "${a}", "a\n", "x".repeat(64)])("on the name %j", (name) => {
    expect(failure([{ ...FIRST, name }])).toBe(
      `[test/Keys] \`keys[0].name\` must be 1 to 63 letters, digits, dots, dashes or underscores, the first a letter or digit, got: ${JSON.stringify(name)}`,
    );
  });

  it("on a name that only Terraform knows", () => {
    const name = new TerraformVariable(newStack(), "name", { type: "string" }).stringValue;
    expect(failure([{ ...FIRST, name }])).toContain("`keys[0].name` must be known at synthesis");
  });

  it("on a name given twice", () => {
    expect(failure([FIRST, { ...FIRST, state: "retiring" }, { ...FIRST, state: "prepared" }])).toBe(
      '[test/Keys] `keys` must have a name each, got: "first" more than once',
    );
  });

  it("on an algorithm and a state that are none", () => {
    expect(failure([FIRST, { ...SECOND, algorithm: "EdDSA" }])).toBe(
      '[test/Keys] `keys[1].algorithm` must be one of RS256, PS256, ES256, got: "EdDSA"',
    );
    expect(failure([FIRST, { name: "second", state: "revoked" }])).toBe(
      '[test/Keys] `keys[1].state` must be one of prepared, active, retiring, got: "revoked"',
    );
  });

  it.each([1024, 3072, 2048.5, Number.NaN])("on %d bits", (rsaBits) => {
    expect(failure([{ ...FIRST, rsaBits }])).toBe(
      `[test/Keys] \`keys[0].rsaBits\` must be 2048 or 4096, got: ${rsaBits}`,
    );
  });

  it("on bits beside ES256", () => {
    expect(failure([{ ...FIRST, algorithm: "ES256", rsaBits: 2048 }])).toBe(
      "[test/Keys] `keys[0].rsaBits` must be left out beside ES256, whose keys have one size, got: 2048",
    );
  });

  it("on two active keys of one algorithm", () => {
    expect(failure([FIRST, { ...SECOND, state: "active" }])).toBe(
      "[test/Keys] `keys` must have at most one active key of RS256, got: first, second; let the new one be active, and the former one retiring",
    );
  });

  it.each(["prepared", "retiring"])(
    "on a %s key of which Keycloak has none of its own, without an active one",
    (state) => {
      expect(failure([FIRST, { name: "ec", state, algorithm: "ES256" }])).toBe(
        "[test/Keys] `keys` must have an active key of ES256, as Keycloak makes one up otherwise, got: none; leave one active until no token is signed with ES256",
      );
    },
  );

  it("on a realm that signs with what there is no key of", () => {
    expect(failure([FIRST], { signatureAlgorithm: "PS256" })).toContain(
      "`keys` must have an active key of PS256, as Keycloak makes one up otherwise, got: none",
    );
    const key: RealmKey = { name: "ps", state: "active", algorithm: "PS256" };
    expect(() => declared([key], { signatureAlgorithm: "PS256" })).not.toThrow();
  });

  it("on all problems at once", () => {
    expect(
      failure([{ name: "a b", state: "gone", rsaBits: 1 }, FIRST, { ...FIRST, algorithm: "ES256" }]),
    ).toBe(`[test/Keys] 
  - \`keys[0].name\` must be 1 to 63 letters, digits, dots, dashes or underscores, the first a letter or digit, got: "a b"
  - \`keys[0].state\` must be one of prepared, active, retiring, got: "gone"
  - \`keys[0].rsaBits\` must be 2048 or 4096, got: 1
  - \`keys\` must have a name each, got: "first" more than once`);
  });
});
