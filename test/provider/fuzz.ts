import fc from "fast-check";
import type { Type } from "../../provider/protocol/schema";
import { UNKNOWN, Unknown, type Value } from "../../provider/protocol/values";

/** M2M_TEST_RUNS=100 tries a hundred times as much. */
export const runs = (count: number) => ({ numRuns: Math.ceil(count * Number(process.env.M2M_TEST_RUNS || 1)) });
/** Long enough for that many, in milliseconds. */
export const LONG = 120_000 * Number(process.env.M2M_TEST_RUNS || 1);

/** Bytes that look like MessagePack more often than chance would have it. */
const head = fc.constantFrom(
  ...[0x80, 0x81, 0x82, 0x90, 0x91, 0x92, 0xa0, 0xa1, 0xa3, 0xbf, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8],
  ...[0xc9, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xdb],
  ...[0xdc, 0xdd, 0xde, 0xdf, 0x00, 0x01, 0x0c, 0x7f, 0xe0, 0xff, 0x61, 0x62],
);
export const byte = fc.integer({ min: 0, max: 255 });
export const bytes = fc
  .array(fc.oneof({ weight: 3, arbitrary: head }, { weight: 1, arbitrary: byte }), { maxLength: 60 })
  .map((list) => Buffer.from(list));

/** Any value of a type, null and unknown at every depth included. */
export function anyOf(of: Type): fc.Arbitrary<Value> {
  const whole = fc.constantFrom<Value>(null, UNKNOWN, new Unknown(Uint8Array.of(0x81, 0x01, 0xc2)));
  return fc.oneof({ weight: 1, arbitrary: whole }, { weight: 4, arbitrary: knownOf(of) });
}

const text = fc.oneof(fc.string(), fc.constantFrom("", "r", "client-jwt", "PUBLIC", "5m0s", "http://127.0.0.1:1"));

function knownOf(of: Type): fc.Arbitrary<Value> {
  if (of === "string") return text;
  if (of === "bool") return fc.boolean();
  if (of === "number") return fc.oneof(fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true }));
  if (of[0] === "object") {
    const members = Object.entries(of[1] as { [name: string]: Type }).map(([name, member]) => [name, anyOf(member)]);
    return fc.record(Object.fromEntries(members)) as fc.Arbitrary<Value>;
  }
  if (of[0] === "map") return fc.dictionary(text, anyOf(of[1] as Type), { maxKeys: 3 }) as fc.Arbitrary<Value>;
  return fc.array(anyOf(of[1] as Type), { maxLength: 2 });
}
