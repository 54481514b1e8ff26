import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Type, typeOfBlock } from "../../../provider/protocol/schema";
import { decodeValue, encodeValue, Unknown, type Value } from "../../../provider/protocol/values";
import { providerSchemaJson } from "../../../provider/schema";
import { anyOf, byte, bytes, LONG, runs } from "../fuzz";

const schema = providerSchemaJson({});
const types: Type[] = [
  "string",
  "bool",
  "number",
  ["list", "string"],
  ["set", "number"],
  ["map", "string"],
  ["map", "bool"],
  ["list", ["object", { a: "string", b: ["list", "number"] }]],
  typeOfBlock(schema.provider.block),
  ...Object.values(schema.resource_schemas).map(({ block }) => typeOfBlock(block)),
];

/** Bytes of a value of this type of which a few were changed, lost or doubled on the way. */
function damaged(of: Type): fc.Arbitrary<Buffer> {
  const place = fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), byte, fc.constantFrom(0, 1, 2));
  return fc.tuple(anyOf(of), fc.array(place, { maxLength: 3 })).map(([value, places]) => {
    const list = [...encodeValue(value, of)];
    for (const [where, other, kept] of places) {
      const index = Math.floor(where * list.length);
      list.splice(index, 1, ...[other, list[index] ?? 0].slice(0, kept));
    }
    return Buffer.from(list);
  });
}

/** Whether a value is of a type, all the way down. */
function isOf(value: Value, of: Type): boolean {
  if (value === null || value instanceof Unknown) return true;
  if (of === "number") return typeof value === "number" ? Number.isFinite(value) : /^-?\d/.test(String(value));
  if (of === "bool") return typeof value === "boolean";
  if (of === "string") return typeof value === "string";
  if (of[0] === "list" || of[0] === "set") {
    return Array.isArray(value) && value.every((element) => isOf(element, of[1] as Type));
  }
  if (typeof value !== "object" || Array.isArray(value)) return false;
  const memberType = (name: string) => (of[0] === "map" ? of[1] : (of[1] as { [name: string]: Type })[name]) as Type;
  return Object.entries(value).every(([name, member]) => isOf(member, memberType(name)));
}

describe("the value decoder", () => {
  it.each(types.map((type) => [JSON.stringify(type).slice(0, 60), type] as const))(
    "reads any bytes as a value of %s that survives a round trip, or says why not",
    (_name, type) => {
      let values = 0;
      fc.assert(
        fc.property(fc.oneof(bytes, damaged(type)), (input) => {
          let value: Value;
          try {
            value = decodeValue(input, type);
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
            expect(["TypeError", "RangeError", "DecodeError"]).toContain((error as Error).name);
            expect((error as Error).message).not.toBe("");
            return;
          }
          values += 1;
          expect(isOf(value, type)).toBe(true);
          const again = encodeValue(value, type);
          expect(encodeValue(decodeValue(again, type), type).equals(again)).toBe(true);
          expect(decodeValue(again, type)).toEqual(value);
        }),
        runs(150),
      );
      expect(values).toBeGreaterThan(0);
    },
    LONG,
  );

  it.each<[what: string, hex: string, type: Type]>([
    ["a list that claims four billion elements", "ddffffffff", ["list", "string"]],
    ["lists within lists without end", "dd01ffffff".repeat(5_000), ["list", "string"]],
    ["a map that claims four billion members", "dfffffffff", ["map", "string"]],
    ["a text that claims four billion bytes", "dbffffffff61", "string"],
    ["half a character", "a3eda080", "string"],
    ["bytes in place of a map", "c40161", ["map", "number"]],
    ["bytes in place of an object", "c40161", ["object", { a: "string" }]],
    ["a time in place of an object", "d6ff00000000", ["object", { a: "string" }]],
    ["a foreign extension in place of a map", "d40561", ["map", "string"]],
    ["no number", "cb7ff8000000000000", "number"],
    ["an infinite number", "cb7ff0000000000000", "number"],
    ["a number in words", "a430783130", "number"],
    ["more than one value", "c0c0", "string"],
    ["nothing", "", "string"],
  ])("refuses %s", (_what, hex, type) => {
    const begun = Date.now();
    expect(() => decodeValue(Buffer.from(hex, "hex"), type)).toThrow();
    expect(Date.now() - begun).toBeLessThan(5_000);
  });

  it("keeps whole numbers that a double cannot hold", () => {
    const largest = Buffer.from("cf7fffffffffffffff", "hex");
    expect(decodeValue(largest, "number")).toBe("9223372036854775807");
    expect(decodeValue(Buffer.from("d38000000000000000", "hex"), "number")).toBe("-9223372036854775808");
    expect(decodeValue(Buffer.from("d3ffffffffffffffff", "hex"), "number")).toBe(-1);
  });
});
