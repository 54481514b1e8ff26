import { describe, expect, it } from "vitest";
import type { Change } from "../../../tools/changes/change";
import { KINDS_OF_CHANGES, MARKS } from "../../../tools/changes/change";
import { inJson, markdown, plainText, printedLines, type StackInWords, summary } from "../../../tools/changes/print";
import { expectSchema, SCHEMA } from "./schema";

const batch: Change = {
  mark: "+",
  action: "added",
  kind: "client",
  name: "batch",
  realm: "shop",
  details: ["RS256", "key hI4p9S8E until 2027-11-29", "may call machine-b"],
  addresses: ["keycloak_openid_client.Batch"],
};
const grant: Change = {
  mark: "-",
  action: "removed",
  kind: "grant",
  name: "batch → orders",
  realm: "shop",
  details: ["orders:read", "role clerk"],
  addresses: ["keycloak_openid_client_default_scopes.Batch"],
};
const hand: Change = { ...batch, mark: "~", action: "changed", details: ["enabled: true → false"] };
const stack = (changes: readonly Change[], byHand: readonly Change[] = [], name = "m2m"): StackInWords => ({
  stack: name,
  changes,
  byHand,
});
const text = (...stacks: StackInWords[]) => plainText(printedLines(stacks)).split("\n");

describe("the list", () => {
  it("has one line for each change, and what was changed by hand apart", () => {
    expect(text(stack([batch, grant], [hand]))).toEqual([
      "+ client batch  RS256, key hI4p9S8E until 2027-11-29, may call machine-b",
      "- grant batch → orders: orders:read, role clerk",
      "changed by hand, and set back by `m2m up`:",
      "~ client batch  enabled: true → false",
    ]);
  });

  it("is one line where nothing changes, of however many stacks", () => {
    expect(text(stack([]))).toEqual(["No changes."]);
    expect(text(stack([]), stack([], [], "other"))).toEqual(["No changes."]);
  });

  it("says of several stacks which one changes, of several realms which one it is, and always of master", () => {
    const other = { ...batch, realm: "other", details: [] };
    expect(
      text(stack([batch, other]), stack([{ ...other, realm: "master" }], [], "admin"), stack([], [], "none")),
    ).toEqual([
      "stack m2m:",
      "+ client batch of realm shop  RS256, key hI4p9S8E until 2027-11-29, may call machine-b",
      "+ client batch of realm other",
      "stack admin:",
      "+ client batch of realm master",
    ]);
  });

  it("keeps marks apart from texts, and each text to one line without control characters", () => {
    const evil = { ...batch, name: "a\n- client b\u001b[2J", details: [] };
    expect(printedLines([stack([evil])])).toEqual([{ mark: "+", text: "client a - client b [2J" }]);
  });
});

describe("the list for a pull request", () => {
  it("has counts and a block of the language diff", () => {
    expect(markdown([stack([batch, grant], [hand])]).split("\n")).toEqual([
      "**m2m diff:** 1 added, 1 destroyed; 1 changed by hand",
      "",
      "```diff",
      "+ client batch  RS256, key hI4p9S8E until 2027-11-29, may call machine-b",
      "- grant batch → orders: orders:read, role clerk",
      "changed by hand, and set back by `m2m up`:",
      "~ client batch  enabled: true → false",
      "```",
    ]);
    expect(markdown([stack([])])).toBe("**m2m diff:** no changes");
  });

  it("has Terraform's plan folded, in a block that nothing in it ends", () => {
    const out = markdown([stack([{ ...batch, name: "a```b" }])], ["Plan: ````"]);
    expect(out).toContain("\n````diff\n+ client a```b");
    expect(out).toContain("<details><summary>Terraform's plan</summary>\n\n`````\nPlan: ````\n`````\n\n</details>");
  });
});

describe("the list for a program", () => {
  it("fits the schema that ships, and the schema names each kind and mark", () => {
    const printed = inJson([stack([batch, grant], [hand])]);
    expectSchema({
      ...printed,
      changes: [{ stack: "m2m", action: "create", address: "keycloak_openid_client.Batch" }],
    });
    expect(printed.inWords[1]).toMatchObject({ stack: "m2m", text: "grant batch → orders: orders:read, role clerk" });
    expect(SCHEMA.$defs.change.properties.kind.enum).toEqual(KINDS_OF_CHANGES);
    expect(SCHEMA.$defs.change.properties.mark.enum).toEqual(MARKS);
    expect(() => expectSchema({ ...printed, changes: [], byHand: [{ ...printed.byHand[0], mark: "?" }] })).toThrow(
      "/byHand/0/mark",
    );
  });
});

describe("the summary of what was applied", () => {
  it("counts what was added, changed and destroyed, and says what was set back", () => {
    expect(plainText(summary(stack([batch, grant], [hand]))).split("\n")).toEqual([
      "stack m2m: 1 added, 1 changed, 1 destroyed",
      "+ client batch  RS256, key hI4p9S8E until 2027-11-29, may call machine-b",
      "- grant batch → orders: orders:read, role clerk",
      "~ client batch  set back to what is declared",
    ]);
    expect(plainText(summary(stack([])))).toBe("stack m2m: nothing to change");
  });
});
