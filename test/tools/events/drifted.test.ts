import { describe, expect, it } from "vitest";
import type { ResourceChange } from "../../../tools/engines/saved-plan";
import { driftedIn, pendingIn } from "../../../tools/events/drifted";

type Values = Record<string, unknown>;
const CLIENT = "keycloak_openid_client";

function change(
  address: string,
  actions: ResourceChange["change"]["actions"],
  before: Values | null,
  after: Values | null,
  more: Partial<ResourceChange["change"]> = {},
): ResourceChange {
  const [type = "", name = ""] = address.split(".");
  return { address, mode: "managed", type, name, change: { actions, before, after, ...more } };
}

const BEFORE = { id: "u-1", client_id: "b", realm_id: "r", enabled: true };
const disabled = change(`${CLIENT}.B`, ["update"], BEFORE, { ...BEFORE, enabled: false });
const repaired = change(`${CLIENT}.B`, ["update"], { ...BEFORE, enabled: false }, BEFORE);

describe("what was changed by hand", () => {
  it("is what differs from the state and would be set back, in words", () => {
    expect(driftedIn({ resource_drift: [disabled], resource_changes: [repaired] })).toEqual([
      {
        address: `${CLIENT}.B`,
        type: CLIENT,
        what: "client b of realm r",
        change: "changed",
        realm: "r",
        attributes: [{ name: "enabled", before: "true", after: "false" }],
        repair: "sets it back",
        before: BEFORE,
      },
    ]);
  });

  it("is also what was deleted, and is made again", () => {
    const gone = change(`${CLIENT}.B`, ["delete"], BEFORE, null);
    const [found] = driftedIn({
      resource_drift: [gone],
      resource_changes: [change(`${CLIENT}.B`, ["create"], null, BEFORE)],
    });
    expect(found).toMatchObject({ change: "deleted", attributes: [], repair: "makes it again" });
  });

  it("is not what the plan leaves as it is, as providers read some values otherwise than they wrote them", () => {
    const container = change("docker_container.C", ["update"], { dns: null }, { dns: [] });
    const same = change("docker_container.C", ["no-op"], { dns: [] }, { dns: [] });
    expect(driftedIn({ resource_drift: [container], resource_changes: [same] })).toEqual([]);
  });

  it("shows a map by its entries, a list by what it lost and got, and no secret", () => {
    const was = { id: "u", scopes: ["a", "b"], extra: { x: "1", y: "2" }, client_secret: "s-1", note: "n".repeat(300) };
    const is = { id: "u", scopes: ["b", "c"], extra: { x: "1", y: "3" }, client_secret: "s-2", note: "short" };
    const sensitive = { client_secret: true, scopes: [false, false] };
    const [found] = driftedIn({
      resource_drift: [change(`${CLIENT}.B`, ["update"], was, is, { before_sensitive: sensitive })],
      resource_changes: [change(`${CLIENT}.B`, ["update"], is, was, { before_sensitive: sensitive })],
    });
    expect(found?.attributes).toEqual([
      { name: "scopes", before: '"a"', after: '"c"' },
      { name: "extra.y", before: '"2"', after: '"3"' },
      { name: "client_secret" },
      { name: "note", before: expect.stringMatching(/not shown: it may be a key|…$/), after: '"short"' },
    ]);
  });

  it("leaves out what is not declared, which stays as somebody set it", () => {
    const was = { ...BEFORE, valid_redirect_uris: [] };
    const is = { ...BEFORE, enabled: false, valid_redirect_uris: ["http://other/*"] };
    const plan = {
      resource_drift: [change(`${CLIENT}.B`, ["update"], was, is)],
      resource_changes: [change(`${CLIENT}.B`, ["update"], is, { ...is, enabled: true })],
    };
    expect(driftedIn(plan)[0]?.attributes).toEqual([{ name: "enabled", before: "true", after: "false" }]);
    const later = change(
      `${CLIENT}.B`,
      ["update"],
      is,
      { ...is, description: "new" },
      { after_unknown: { enabled: true } },
    );
    expect(driftedIn({ ...plan, resource_changes: [later] })[0]?.attributes).toMatchObject([{ name: "enabled" }]);
    const declared = { ...is, enabled: false, description: "new" };
    const other = { ...plan, resource_changes: [change(`${CLIENT}.B`, ["update"], is, declared)] };
    expect(driftedIn(other)).toEqual([]);
    expect(pendingIn(other)).toBe(1);
  });

  it("is apart from what is declared and not deployed", () => {
    const added = change(`${CLIENT}.New`, ["create"], null, BEFORE);
    const kept = change(`${CLIENT}.Kept`, ["no-op"], BEFORE, BEFORE);
    expect(pendingIn({ resource_drift: [disabled], resource_changes: [repaired, added, kept] })).toBe(1);
  });
});
