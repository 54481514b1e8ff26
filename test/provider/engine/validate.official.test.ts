import { describe, expect, it } from "vitest";
import { validate } from "../../../provider/engine/validate";
import { resources } from "../../../provider/resources";
// What keycloak/keycloak 5.9.0 refuses, of each attribute by itself: an attribute and its value.
import refusals from "../../fixtures/provider/official-refusals.json";
import { configurable, minimalConfiguration } from "../official";

/** Accepted here: an empty text is the same as none. */
const EMPTY_IS_NONE = ['client_scope_id ""', 'included_client_audience ""', 'client_secret_wo_version ""'];

describe.each(resources.map((resource) => [resource.name, resource] as const))(
  "a configuration of a %s",
  (name, resource) => {
    const minimal = minimalConfiguration(name);
    const problems = (change: object) => validate(resource, { ...minimal, ...change }, true);

    it("is accepted as it is in the official provider's own state", () => {
      expect(problems({})).toEqual([]);
    });

    const refused = (refusals as { [resource: string]: string[] })[name]!.filter((one) => !EMPTY_IS_NONE.includes(one));
    it.each(refused)("is refused with %s, as by the official provider", (refusal) => {
      const [attribute, text] = [refusal.split(" ", 1)[0]!, refusal.slice(refusal.indexOf(" ") + 1)];
      const found = problems({ [attribute]: JSON.parse(text) });
      expect(found.length).toBeGreaterThan(0);
      expect(found.map(({ summary }) => summary).join()).toContain(attribute);
    });

    const lists = configurable(name).filter(([, type]) => type[0] === "set");
    it.each(lists)("is refused with null in %s, as the official provider's plan does", (attribute) => {
      expect(problems({ [attribute]: ["a", null] })).toMatchObject([{ path: [attribute] }]);
    });

    const numbers = configurable(name).filter(([, type]) => type === "number");
    it.each(numbers)("is refused with a fraction in %s", (attribute) => {
      expect(problems({ [attribute]: 1.5 })).toMatchObject([{ path: [attribute] }]);
    });

    it("is refused with a required text that is empty", () => {
      const texts = configurable(name).filter(
        ([one, type, required]) => required && type === "string" && one !== "claim_value",
      );
      for (const [attribute] of texts) expect(problems({ [attribute]: "" }), attribute).not.toEqual([]);
    });
  },
);

describe("a block of a realm", () => {
  const realm = resources.find(({ name }) => name === "keycloak_realm")!;
  it("is refused with a fraction inside", () => {
    const security_defenses = [{ headers: [], brute_force_detection: [{ max_login_failures: 1.5 }] }];
    expect(validate(realm, { realm: "r", security_defenses }, true)).toMatchObject([
      { path: ["security_defenses", 0, "brute_force_detection", 0, "max_login_failures"] },
    ]);
  });
});
