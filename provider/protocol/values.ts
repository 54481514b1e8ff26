import { decode, Encoder, ExtData, ExtensionCodec } from "@msgpack/msgpack";
import type { Type } from "./schema";

/**
 * A value that Terraform knows only after an apply. Terraform may refine it before (not null, a prefix …). Refinements
 * are kept as they came, so that they are not lost when the value is passed on.
 */
export class Unknown {
  readonly refinements: Uint8Array | undefined;

  constructor(refinements?: Uint8Array) {
    this.refinements = refinements;
  }
}

export const UNKNOWN = new Unknown();

export type Value = null | boolean | number | string | Unknown | Value[] | ObjectValue;
export type ObjectValue = { [name: string]: Value };

const EXTENSION_UNKNOWN = 0;
const EXTENSION_REFINED = 12;

/** Extension 0 is unknown, whatever its content. Extension 12 is unknown with refinements. */
const extensions = new ExtensionCodec();
extensions.register({ type: EXTENSION_UNKNOWN, encode: () => null, decode: () => UNKNOWN });
extensions.register({ type: EXTENSION_REFINED, encode: () => null, decode: (data) => new Unknown(data.slice()) });

export function isUnknown(value: Value | undefined): value is Unknown {
  return value instanceof Unknown;
}

/** Whether a value has no unknown part. */
export function isWhollyKnown(value: Value): boolean {
  if (isUnknown(value)) return false;
  if (Array.isArray(value)) return value.every(isWhollyKnown);
  if (value !== null && typeof value === "object") return Object.values(value).every(isWhollyKnown);
  return true;
}

/** Null, and what means the same to Keycloak: the empty string, list or map, zero and false. */
export function isEmpty(value: Value | undefined): boolean {
  if (value === null || value === undefined || value === "" || value === false || value === 0) return true;
  if (isUnknown(value)) return false;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** Reads a value of this type. Missing members of an object are null. */
export function decodeValue(bytes: Uint8Array, type: Type): Value {
  // The decoder makes room for members before it reads them. No list or map has more of them than the message has bytes.
  const limits = { maxArrayLength: bytes.length, maxMapLength: bytes.length };
  return conform(decode(bytes, { extensionCodec: extensions, useBigInt64: true, ...limits }) as Value, type);
}

/** Writes a value of this type, with the members in Terraform's order. */
export function encodeValue(value: Value, type: Type): Buffer {
  const encoder = new Encoder({ extensionCodec: extensions });
  const bytes = encoder.encode(prepare(conform(value, type)));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Reads a value from the JSON of a state file. Attributes that the type does not have are dropped. */
export function valueOfJson(json: unknown, type: Type): Value {
  return conform(json as Value, type);
}

/** Brings a value into the shape of its type. The error says where it does not fit. */
function conform(value: Value | undefined, type: Type, at = "value"): Value {
  if (value === null || value === undefined) return null;
  if (isUnknown(value)) return value;
  if (typeof type === "string") return conformPrimitive(value, type, at);
  if (type[0] === "list" || type[0] === "set") {
    if (!Array.isArray(value)) throw mismatch(at, type[0], value);
    const elements = value.map((element, index) => conform(element, type[1] as Type, `${at}[${index}]`));
    return elements;
  }
  if (!isPlain(value)) throw mismatch(at, type[0], value);
  const result: ObjectValue = Object.create(null);
  const names = Object.keys(type[0] === "object" ? (type[1] as object) : value).sort();
  for (const name of names) {
    const memberType = type[0] === "object" ? (type[1] as { [name: string]: Type })[name]! : (type[1] as Type);
    result[name] = conform(value[name], memberType, `${at}.${name}`);
  }
  return result;
}

function conformPrimitive(value: Value | bigint, type: string, at: string): Value {
  if (type === "number") return conformNumber(value, at);
  if (type === "bool" && typeof value === "boolean") return value;
  if (type === "string" && typeof value === "string") {
    // Half a character could not be written again as it was read.
    if (/\p{Surrogate}/u.test(value)) throw new TypeError(`${at} must be text in UTF-8`);
    return value;
  }
  throw mismatch(at, type, value);
}

/** A number that a double cannot hold comes as decimal text, and stays text. */
function conformNumber(value: Value | bigint, at: string): Value {
  if (typeof value === "bigint") {
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  }
  if (typeof value === "string" && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value)) {
    return String(Number(value)) === value ? Number(value) : value;
  }
  if (typeof value !== "number") throw mismatch(at, "number", value);
  if (!Number.isFinite(value)) throw new TypeError(`${at} must be a finite number, got: ${value}`);
  return Object.is(value, -0) ? 0 : value;
}

/** Whether this is a map. Bytes, times and extensions of MessagePack are objects too, but Terraform sends none. */
function isPlain(value: Value): value is ObjectValue {
  if (typeof value !== "object" || value === null) return false;
  return [Object.prototype, null].includes(Object.getPrototypeOf(value));
}

function mismatch(at: string, wanted: string, got: Value | bigint): TypeError {
  return new TypeError(`${at} must be ${a(wanted)}, got: ${a(Array.isArray(got) ? "list" : typeof got)}`);
}

const a = (noun: string) => `${noun === "object" ? "an" : "a"} ${noun}`;

/** Replaces unknown values by their extension form. */
function prepare(value: Value): unknown {
  if (isUnknown(value)) {
    const { refinements } = value;
    return refinements
      ? new ExtData(EXTENSION_REFINED, refinements)
      : new ExtData(EXTENSION_UNKNOWN, new Uint8Array(1));
  }
  if (Array.isArray(value)) return value.map(prepare);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, prepare(member)]));
}

/** A map without the keys that have no value: such a key is not there. */
export function withoutNulls(value: Value, type: Type): Value {
  if (typeof type === "string" || type[0] !== "map" || value === null || isUnknown(value)) return value;
  return Object.fromEntries(Object.entries(value as ObjectValue).filter(([, member]) => member !== null));
}

/** Whether two values mean the same to Keycloak: an empty value is as good as none. */
export function equivalent(a: Value, b: Value, type: Type): boolean {
  const [left, right] = [withoutNulls(a, type), withoutNulls(b, type)];
  return (isEmpty(left) && isEmpty(right)) || equal(left, right, type);
}

/** Whether two values of a type are the same. A set has no order. */
export function equal(a: Value, b: Value, type: Type): boolean {
  if (isUnknown(a) || isUnknown(b) || a === null || b === null) return a === b;
  if (typeof type === "string") return a === b;
  if (Array.isArray(a) || Array.isArray(b)) return equalElements(a as Value[], b as Value[], type as ["set", Type]);
  const [left, right] = [a as ObjectValue, b as ObjectValue];
  const names = Object.keys(type[0] === "object" ? (type[1] as object) : { ...left, ...right });
  return names.every((name) => {
    const member = type[0] === "object" ? (type[1] as { [name: string]: Type })[name]! : (type[1] as Type);
    return name in left === name in right && equal(left[name] ?? null, right[name] ?? null, member);
  });
}

function equalElements(a: Value[], b: Value[], [kind, element]: ["list" | "set" | "map", Type]): boolean {
  if (a.length !== b.length) return false;
  if (kind === "list") return a.every((value, index) => equal(value, b[index]!, element));
  if (element === "string") return a.every((value) => b.includes(value));
  return a.every((value) => b.some((other) => equal(value, other, element)));
}
