import { describe, expect, it } from "vitest";
import { planChange } from "../../../provider/engine/plan";
import { writeRepresentation } from "../../../provider/engine/state";
import { role } from "../../../provider/resources/role";

describe("an attribute of a role", () => {
  it("is sent as an empty text if it is null", () => {
    const planned = planChange(role, null, { realm_id: "r", name: "n", attributes: { a: null, b: "1##2" } }).planned!;
    expect(writeRepresentation(role, {}, planned, null).attributes).toEqual({ a: [""], b: ["1", "2"] });
  });
});
