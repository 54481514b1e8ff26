// What was not recorded: other people's resources, what failed runs leave, and APIs of another configuration.
import { describe, expect, it } from "vitest";
import { importedApiMarker } from "../../../constructs/contract/markers";
import { changesIn } from "../../../tools/changes/changes";
import { plainText, printedLines } from "../../../tools/changes/print";
import type { ResourceChange, SavedPlan } from "../../../tools/engines/saved-plan";

type Values = Record<string, unknown>;

function change(
  address: string,
  actions: ResourceChange["change"]["actions"],
  [before, after]: readonly [Values | null, Values | null],
  more: Partial<ResourceChange> = {},
): ResourceChange {
  const [type = "", name = ""] = address.split(".").slice(-2);
  return { address, mode: "managed", type, name, ...more, change: { actions, before, after, ...more.change } };
}

function printed(plan: SavedPlan, marks: Values = {}): string[] {
  const words = changesIn(plan, { terraform: {}, ...marks });
  return plainText(printedLines([{ stack: "m2m", ...words }])).split("\n");
}

const one = (...resource_changes: ResourceChange[]) => printed({ resource_changes });

describe("resources that are not of this package", () => {
  const [was, is] = [
    { size: 1, token: "s3cr3t" },
    { size: 2, token: "s3cr3t" },
  ];

  it.each([
    ["made", change("random_id.Mine", ["create"], [null, is]), "+ random_id.Mine"],
    ["changed", change("random_id.Mine", ["update"], [was, is]), "~ random_id.Mine  size changes"],
    ["destroyed", change("random_id.Mine", ["delete"], [was, null]), "- random_id.Mine  destroyed"],
    [
      "forgotten",
      change("random_id.Mine", ["forget"], [was, null]),
      "- random_id.Mine  left as it is: Terraform forgets it",
    ],
    ["made anew", change("random_id.Mine", ["delete", "create"], [was, is]), "~ random_id.Mine  made anew (size)"],
    [
      "moved",
      change("random_id.Mine", ["no-op"], [was, was], { previous_address: "random_id.His" }),
      "~ random_id.Mine  moves in the state, from random_id.His",
    ],
    [
      "in a module",
      change('module.m.random_id.Mine["a"]', ["update"], [was, is]),
      '~ module.m.random_id.Mine["a"]  size changes',
    ],
  ])("are told by their address where one is %s", (_, resource, line) => {
    expect(one(resource)).toEqual([line]);
  });

  it("of Keycloak are told so too", () => {
    const user = { id: "u", realm_id: "shop", username: "anna" };
    expect(one(change("keycloak_user.Anna", ["update"], [user, { ...user, username: "ann" }]))).toEqual([
      "~ keycloak_user.Anna  username changes",
    ]);
  });
});

describe("what failed runs left", () => {
  it("is told as that", () => {
    const client = { id: "u", client_id: "batch", realm_id: "shop" };
    const deposed = change("docker_container.C", ["delete"], [{ name: "c" }, null], { deposed: "00000001" });
    const tainted = change("keycloak_openid_client.B", ["delete", "create"], [client, client], {
      action_reason: "replace_because_tainted",
    });
    expect(one(deposed, tainted)).toEqual([
      "! client batch  made anew (a failed run left it half made): its machine cannot sign in meanwhile, signs in by client-secret",
      "- docker_container.C  what a failed replacement left is destroyed",
    ]);
  });
});

describe("a renewed certificate", () => {
  it("is told of the container that it is brought into", () => {
    const triggers = (thumbprint: string) => ({ id: "t", triggers_replace: { certificate: thumbprint, clients: "x" } });
    const address = "terraform_data.Keycloak_RenewedCertificates_1";
    const renewed = change(address, ["delete", "create"], [triggers("one"), triggers("two")]);
    const container = change("docker_container.Keycloak", ["no-op"], [{ name: "keycloak" }, { name: "keycloak" }]);
    const plan: SavedPlan = {
      resource_changes: [renewed, container],
      configuration: { root_module: { resources: [{ address, depends_on: ["docker_container.Keycloak"] }] } },
    };
    expect(printed(plan)).toEqual(["~ container keycloak  certificates brought into it (certificate changed)"]);
  });
});

describe("an API of another configuration", () => {
  it("is told as granted, by the marks of the synthesized JSON", () => {
    const [, description] = importedApiMarker("c1", {
      url: "http://localhost:8080",
      realmName: "shop",
      audience: "orders",
      scopes: ["orders:read"],
      audienceScope: "audience-orders",
    });
    const client = { id: "u-1", client_id: "batch", realm_id: "shop", service_accounts_enabled: true };
    const list = (default_scopes: string[]) => ({ id: "l", realm_id: "shop", client_id: "u-1", default_scopes });
    const plan: SavedPlan = {
      resource_changes: [
        change("keycloak_openid_client.B", ["no-op"], [client, client]),
        change(
          "keycloak_openid_client_default_scopes.B",
          ["update"],
          [list(["basic"]), list(["basic", "orders:read"])],
        ),
      ],
    };
    expect(printed(plan, { "//": { importedApis: { c1: description } } })).toEqual([
      "+ grant batch → orders: orders:read",
    ]);
    expect(printed(plan)).toEqual(["~ client batch  default scope orders:read added"]);
  });

  it("is told as withdrawn where nothing refers to it any more, by the name of its scope", () => {
    const client = { id: "u-1", client_id: "batch", realm_id: "shop", service_accounts_enabled: true };
    const list = (default_scopes: string[]) => ({ id: "l", realm_id: "shop", client_id: "u-1", default_scopes });
    const address = "keycloak_openid_client_default_scopes.B";
    const lists = [list(["basic", "audience-orders"]), list(["basic"])] as const;
    const kept = change("keycloak_openid_client.B", ["no-op"], [client, client]);
    expect(one(kept, change(address, ["update"], lists))).toEqual(["- grant batch → orders"]);
    expect(one(kept, change(address, ["update"], [lists[1], lists[0]]))).toEqual(["+ grant batch → orders"]);
  });
});

describe("what is no change to a reader", () => {
  const read: ResourceChange = { ...change("data.keycloak_realm.R", ["read"], [null, {}]), mode: "data" };

  it("is left out beside others, and told where there is nothing else", () => {
    const made = change("random_id.Mine", ["create"], [null, {}]);
    expect(one(read, made)).toEqual(["+ random_id.Mine"]);
    expect(one(read)).toEqual(["~ data.keycloak_realm.R  read at the apply"]);
  });
});

describe("sensitive values", () => {
  it("are never shown, whatever changes and whoever changed it", () => {
    const client = (secret: string, note: string) => ({
      id: "u",
      client_id: "web",
      realm_id: "shop",
      client_secret: secret,
      note,
    });
    const marks = { before_sensitive: { client_secret: true }, after_sensitive: { client_secret: true } };
    const sensitive = (address: string, before: Values, after: Values): ResourceChange => {
      const made = change(address, ["update"], [before, after]);
      return { ...made, change: { ...made.change, ...marks } };
    };
    const address = "keycloak_openid_client.W";
    const plan: SavedPlan = {
      resource_changes: [sensitive(address, client("canary-2", "a"), client("canary-1", "b"))],
      resource_drift: [sensitive(address, client("canary-1", "a"), client("canary-2", "a"))],
    };
    const text = JSON.stringify(changesIn(plan, { terraform: {} }));
    expect(text).toContain("client_secret changes (sensitive)");
    expect(text).not.toContain("canary");
  });
});
