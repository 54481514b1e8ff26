import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Type } from "../../../provider/protocol/schema";
import {
  decodeValue,
  encodeValue,
  equal,
  isEmpty,
  isWhollyKnown,
  UNKNOWN,
  Unknown,
  type Value,
  valueOfJson,
} from "../../../provider/protocol/values";

const primitive = fc.constantFrom<Type>("string", "bool", "number");
const names = fc.stringMatching(/^[a-z_]{1,8}$/);
const type = fc.letrec<{ type: Type }>((tie) => ({
  type: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    primitive,
    fc.tuple(fc.constantFrom("list", "set", "map"), tie("type")) as fc.Arbitrary<Type>,
    fc.tuple(fc.constant("object"), fc.dictionary(names, tie("type"), { maxKeys: 4 })) as fc.Arbitrary<Type>,
  ),
})).type;

/** Any value of a type, null and unknown at every depth included. */
function anyOf(of: Type): fc.Arbitrary<Value> {
  const whole = fc.oneof(
    fc.constant(null),
    fc.constant(UNKNOWN),
    fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => new Unknown(bytes)),
  );
  return fc.oneof({ weight: 1, arbitrary: whole }, { weight: 4, arbitrary: knownOf(of) });
}

function knownOf(of: Type): fc.Arbitrary<Value> {
  if (of === "string") return fc.string({ unit: "binary" });
  if (of === "bool") return fc.boolean();
  if (of === "number") return fc.oneof(fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true }));
  if (of[0] === "object") {
    const members = Object.entries(of[1] as { [name: string]: Type }).map(([name, member]) => [name, anyOf(member)]);
    return fc.record(Object.fromEntries(members)) as fc.Arbitrary<Value>;
  }
  if (of[0] === "map") return fc.dictionary(names, anyOf(of[1] as Type), { maxKeys: 3 }) as fc.Arbitrary<Value>;
  return fc.array(anyOf(of[1] as Type), { maxLength: 3 });
}

const plain = (value: Value) =>
  JSON.parse(JSON.stringify(value, (_key, part) => (part instanceof Unknown ? "?" : part)));

describe("values on the wire", () => {
  it("come back as they were, unknown parts and refinements included", () => {
    const typed = type.chain((of) => fc.tuple(fc.constant(of), anyOf(of)));
    fc.assert(
      fc.property(typed, ([of, value]) => {
        const bytes = encodeValue(value, of);
        const again = decodeValue(bytes, of);
        expect(plain(again)).toEqual(plain(value));
        expect(encodeValue(again, of).equals(bytes)).toBe(true);
        expect(isWhollyKnown(again)).toBe(isWhollyKnown(value));
      }),
      { numRuns: 300 },
    );
  });

  it("are refused with the place at which they do not fit", () => {
    const of: Type = ["object", { scopes: ["set", "string"] }];
    expect(() => encodeValue({ scopes: ["a", 1] }, of)).toThrow("value.scopes[1] must be a string, got: a number");
    expect(() => decodeValue(encodeValue("text", "string"), of)).toThrow("value must be an object, got: a string");
  });

  it("never crash the decoder with anything but an error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), type, (bytes, of) => {
        try {
          decodeValue(bytes, of);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("are numbers as decimal text if a double cannot hold them, as Terraform sends them", () => {
    expect(valueOfJson("12", "number")).toBe(12);
    const large = "123456789012345678901234567890";
    expect(decodeValue(encodeValue(large, "number"), "number")).toBe(large);
  });

  it("drop what the type does not have and fill in what is missing", () => {
    const of: Type = ["object", { a: "string", b: "bool" }];
    expect({ ...(valueOfJson({ a: "x", gone: 1 }, of) as object) }).toEqual({ a: "x", b: null });
  });

  it("are equal as sets whatever their order", () => {
    expect(equal(["a", "b"], ["b", "a"], ["set", "string"])).toBe(true);
    expect(equal(["a", "b"], ["b", "a"], ["list", "string"])).toBe(false);
    expect(equal({ a: "1" }, { b: "1" }, ["map", "string"])).toBe(false);
    expect(equal(UNKNOWN, "x", "string")).toBe(false);
  });

  it("are empty when there is nothing in them", () => {
    expect([null, "", false, 0, [], {}].every((value) => isEmpty(value))).toBe(true);
    expect([UNKNOWN, "x", true, 1, [null]].some((value) => isEmpty(value as Value))).toBe(false);
  });
});
