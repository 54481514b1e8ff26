import { describe, expect, it } from "vitest";
import { planChange } from "../../../provider/engine/plan";
import { handlerOf } from "../../../provider/engine/resource-handler";
import { isUnknown, UNKNOWN, type Value } from "../../../provider/protocol/values";
import {
  openidClientDefaultScopes,
  openidClientOptionalScopes,
} from "../../../provider/resources/openid-client-scopes";
import { realmDefaultClientScopes, realmOptionalClientScopes } from "../../../provider/resources/realm-client-scopes";

describe("the scopes of a client", () => {
  it("have an id as soon as the client has one", () => {
    const config = { realm_id: "r", client_id: "c", default_scopes: ["a"] };
    expect(planChange(openidClientDefaultScopes, null, config).planned!.id).toBe("r/c");
    expect(isUnknown(planChange(openidClientDefaultScopes, null, { ...config, client_id: UNKNOWN }).planned!.id)).toBe(
      true,
    );
  });
});

describe.each([
  ["client", openidClientDefaultScopes, openidClientOptionalScopes, { realm_id: "r", client_id: "c" }],
  ["realm", realmDefaultClientScopes, realmOptionalClientScopes, { realm_id: "r" }],
])("a scope in both lists of one %s", (owner, defaults, optionals, ids) => {
  /** What the plans of both lists say, in either order, as one run makes them. */
  function said(first: Value, second: Value, other = ids): string[] {
    const seen = new Map<string, Value>();
    const plans = [
      { resource: defaults, config: { ...ids, default_scopes: first } },
      { resource: optionals, config: { ...other, optional_scopes: second } },
    ];
    return [plans, plans.toReversed()].map((order) => {
      seen.clear();
      const found = order.flatMap(({ resource, config }) => {
        const state = { ...config, id: "i" };
        return handlerOf(resource, () => null, seen).plan({ prior: state, config }).diagnostics ?? [];
      });
      return found.map(({ summary }) => summary).join();
    });
  }

  it("is refused, whichever list is planned first, and even if only one of them changes", () => {
    const names = `must not name what`;
    expect(said(["a", "b"], ["b", "c"])).toEqual([
      `optional_scopes ${names} default_scopes of the same ${owner} names, got: b`,
      `default_scopes ${names} optional_scopes of the same ${owner} names, got: b`,
    ]);
  });

  it("is not what lists without a common scope, of others, or not known yet, have", () => {
    expect(said(["a"], ["b"])).toEqual(["", ""]);
    expect(said(["a"], ["a"], { ...ids, realm_id: "other" })).toEqual(["", ""]);
    expect(said(["a"], UNKNOWN)).toEqual(["", ""]);
    expect(said(["a", UNKNOWN], ["a"])).toEqual(["", ""]);
  });

  it("is looked at anew when a list is planned again", () => {
    const seen = new Map<string, Value>();
    const [one, two] = [handlerOf(defaults, () => null, seen), handlerOf(optionals, () => null, seen)];
    one.plan({ prior: null, config: { ...ids, default_scopes: ["a"] } });
    one.plan({ prior: null, config: { ...ids, default_scopes: [] } });
    expect(two.plan({ prior: null, config: { ...ids, optional_scopes: ["a"] } }).diagnostics).toEqual([]);
  });
});
