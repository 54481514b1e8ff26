import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { destroyedInWords, destroysSomething } from "../../../tools/deploy/destroyed";
import type { ResourceChange } from "../../../tools/engines/saved-plan";

type Change = ResourceChange["change"];
const none: Change = { actions: ["no-op"], before: null, after: null };

function changeOf(type: string, change: Partial<Change>): ResourceChange {
  return { address: `${type}.X`, mode: "managed", type, name: "X", change: { ...none, ...change } };
}

describe("what a plan destroys", () => {
  const HELD = [
    "keycloak_realm",
    "keycloak_openid_client",
    "keycloak_openid_client_scope",
    "keycloak_saml_client",
    "docker_volume",
  ];
  const OTHERS = ["docker_container", "docker_image", "docker_network", "random_id"];
  const ACTIONS: Record<string, { actions: Change["actions"]; isAsked: boolean }> = {
    create: { actions: ["create"], isAsked: false },
    update: { actions: ["update"], isAsked: false },
    "no-op": { actions: ["no-op"], isAsked: false },
    move: { actions: ["no-op"], isAsked: false },
    read: { actions: ["read"], isAsked: false },
    delete: { actions: ["delete"], isAsked: true },
    replace: { actions: ["delete", "create"], isAsked: true },
  };
  const drawn = fc.array(
    fc.record({ type: fc.constantFrom(...HELD, ...OTHERS), action: fc.constantFrom(...Object.keys(ACTIONS)) }),
  );

  it("is asked for if it is of Keycloak or a volume, and for nothing else", () => {
    fc.assert(
      fc.property(
        drawn,
        fc.constantFrom("", "module.a.", 'module.a["b.c"].'),
        fc.constantFrom("", "[0]", '["d.e"]'),
        (changes, prefix, suffix) => {
          const expected = changes.filter(({ type, action }) => HELD.includes(type) && ACTIONS[action]!.isAsked);
          const events = changes.map(({ type, action }) => ({ action, address: `${prefix}${type}.X${suffix}` }));
          expect(destroysSomething(events)).toBe(expected.length > 0);
          const plan = {
            resource_changes: changes.map(({ type, action }) => changeOf(type, { actions: ACTIONS[action]!.actions })),
          };
          expect(destroyedInWords(plan)).toHaveLength(expected.length);
        },
      ),
    );
  });

  it.each<[string, Partial<Change>, string]>([
    [
      "keycloak_realm",
      { actions: ["delete"], before: { realm: "prod" } },
      "realm prod with all in it (keycloak_realm.X)",
    ],
    [
      "docker_volume",
      { actions: ["delete"], before: { name: "kc-data" } },
      "volume kc-data with all in it (docker_volume.X)",
    ],
    [
      "keycloak_openid_client",
      {
        actions: ["delete", "create"],
        before: { realm_id: "prod", client_id: "billing" },
        after: { realm_id: "prdo", client_id: "billing" },
        replace_paths: [["realm_id"]],
      },
      'client billing of realm prod (keycloak_openid_client.X), to be made anew: realm_id changes from "prod" to "prdo"',
    ],
    [
      "keycloak_saml_client",
      {
        actions: ["create", "delete"],
        before: { name: "s", realm_id: "prod" },
        after: null,
        replace_paths: [
          ["a", 0],
          ["a", 1],
        ],
      },
      "saml client s of realm prod (keycloak_saml_client.X), to be made anew: a changes",
    ],
  ])("is told in words: %s", (type, change, line) => {
    expect(destroyedInWords({ resource_changes: [changeOf(type, change)] })).toEqual([line]);
  });

  it("does not name what a run could not make to its end: nobody has used it", () => {
    const half = changeOf("keycloak_realm", { actions: ["delete", "create"], before: { realm: "r" } });
    expect(destroyedInWords({ resource_changes: [{ ...half, action_reason: "replace_because_tainted" }] })).toEqual([]);
  });

  it.each([{ before_sensitive: { secret: true } }, { after_sensitive: { secret: true } }, { before_sensitive: true }])(
    "is told without a value that is secret: %j",
    (marks) => {
      const change: Partial<Change> = {
        actions: ["delete", "create"],
        before: { secret: "canary-1" },
        after: { secret: "canary-2" },
        replace_paths: [["secret"]],
        ...marks,
      };
      const [line] = destroyedInWords({ resource_changes: [changeOf("keycloak_x", change)] });
      expect(line).toContain("secret changes");
      expect(line).not.toContain("canary");
    },
  );
});
