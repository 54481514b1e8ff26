import { describe, expect, it } from "vitest";
import { planChange } from "../../../provider/engine/plan";
import { writeRepresentation } from "../../../provider/engine/state";
import { role } from "../../../provider/resources/role";

describe("an attribute of a role", () => {
  it("is not sent if it has no value", () => {
    const attributes = { a: null, b: "1##2", c: "" };
    const planned = planChange(role, null, { realm_id: "r", name: "n", attributes }).planned!;
    expect(planned.attributes).toEqual({ b: "1##2", c: "" });
    expect(writeRepresentation(role, {}, planned, null).attributes).toEqual({ b: ["1", "2"], c: [""] });
  });
});
