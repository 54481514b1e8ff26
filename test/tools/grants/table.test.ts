import { describe, expect, it } from "vitest";
import type { Held, RealmMatrix } from "../../../tools/grants/matrix";
import { printMatrices } from "../../../tools/grants/table";

const call = (api: string, scopes: readonly Held[], roles: readonly Held[] = [], mappers: readonly Held[] = []) => ({
  api,
  scopes,
  roles,
  mappers,
});
const realm = (machines: RealmMatrix["machines"], more: Partial<RealmMatrix> = {}): RealmMatrix => ({
  url: "http://localhost:8080",
  realm: "machines",
  apis: [],
  machines,
  differences: [],
  ...more,
});
const shop = { client: "shop", declared: true, boundTo: "dpop" } as const;

describe("the table", () => {
  it("names a machine once, and says what is optional and what gives the call alone", () => {
    const scopes: Held[] = [
      { name: "orders:read", declared: "default" },
      { name: "orders:write", declared: "optional" },
    ];
    const alone: Held[] = [{ name: "audience-stock", declared: "default", named: false }];
    const calls = [call("orders", scopes), call("stock", alone, [{ name: "reader", declared: "default" }])];
    const rows = [
      { ...shop, calls },
      { ...shop, client: "till", boundTo: "nothing" as const, calls: [] },
    ];
    expect(printMatrices([realm(rows)], false).split("\n")).toEqual([
      "realm machines at http://localhost:8080",
      "",
      "machine  may call  with                                  roles there  tokens bound to",
      "shop     orders    orders:read, orders:write (optional)  -            DPoP",
      "         stock     (call)                                reader",
      "till     nothing   -                                     -            -",
    ]);
  });

  it("marks what only one side has, and ends with the differences", () => {
    const scopes: Held[] = [
      { name: "a", declared: "no", live: "optional" },
      { name: "b", declared: "default", live: "no" },
      { name: "c", declared: "default", live: "optional" },
    ];
    const mappers: Held[] = [{ name: "m", declared: "no", live: "default" }];
    const rows = [{ ...shop, live: "disabled" as const, calls: [call("api", scopes, [], mappers)] }];
    const differences = [{ kind: "client-disabled", text: "shop is disabled" } as const];
    const text = printMatrices([realm(rows, { differences, rolesKnown: false })], true);
    expect(text).toContain(
      "shop (disabled)  api       +a (optional), -b, c (optional, declared default), +(call) by the mapper m",
    );
    expect(text.split("\n").slice(-3)).toEqual([
      "differences in Keycloak (+ only there, - only declared):",
      "  shop is disabled",
      "the roles in Keycloak are not known: whoever signs in may not see users",
    ]);
  });

  it("goes on in the next line where the terminal is narrow", () => {
    const scopes = ["one", "two", "three", "four"].map(
      (name): Held => ({ name: `orders:${name}`, declared: "default" }),
    );
    const text = printMatrices([realm([{ ...shop, calls: [call("orders", scopes)] }])], false, 80);
    expect(Math.max(...text.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(text.split("\n").slice(-2)).toEqual([
      "shop     orders    orders:one, orders:two,          -            DPoP",
      "                   orders:three, orders:four",
    ]);
  });

  it("says what to declare where nothing is", () => {
    expect(printMatrices([], false)).toBe("no machines: declare a SignedJwtClient");
  });

  it("lets no name in Keycloak move the cursor, or end a line", () => {
    const evil = "by\u001b[2Jhand\u009b1A\nshop";
    const live: Held = { name: evil, declared: "no", live: "default" };
    const rows = [{ ...shop, client: evil, calls: [call(evil, [live], [live], [live])] }];
    const text = printMatrices(
      [realm(rows, { differences: [{ kind: "client-added", client: evil, text: evil }] })],
      true,
    );
    expect(text.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
    expect(text.split("\n")).toHaveLength(7);
  });
});
