import fc from "fast-check";
import { signer } from "../negative-cases/forge";
import type { Algorithm, TestKey } from "./issuer-fixture";

/** What a token has to say at a verifier for `machine-b`. */
export interface Expected {
  readonly algorithm: Algorithm;
  readonly kid: string;
  readonly issuer: string;
  readonly nowSeconds: number;
}

/** Members of a JSON object in the order of its text, a name possibly twice. */
export type Members = readonly (readonly [name: string, value: unknown])[];

const base64url = (part: string | Uint8Array) => Buffer.from(part).toString("base64url");
const odd = fc.jsonValue({ maxDepth: 2 });
const characters = fc.string({ unit: "binary", maxLength: 40 });

/** A JSON text with all members, also those that an object would hold once only. */
const jsonOf = (members: Members) =>
  `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;

export function compact(header: Members, payload: Members, key: TestKey): string {
  const input = `${base64url(jsonOf(header))}.${base64url(jsonOf(payload))}`;
  return `${input}.${base64url(signer(key.algorithm, key)(Buffer.from(input)))}`;
}

/** Usually a good value, at times one that is nearly good, any other, or none. */
function member(name: string, good: readonly unknown[], near: readonly unknown[]): fc.Arbitrary<Members> {
  return fc.oneof(
    { weight: 24, arbitrary: fc.constantFrom(...good).map((value) => [[name, value]] as const) },
    { weight: 2, arbitrary: fc.constantFrom(...near).map((value) => [[name, value]] as const) },
    { weight: 1, arbitrary: odd.map((value) => [[name, value]] as const) },
    { weight: 1, arbitrary: fc.constant([]) },
  );
}

/** Members that nobody asked for, at times one of a name that is there or that an object has by itself. */
const names = fc.oneof(fc.string(), fc.constantFrom("exp", "alg", "aud", "__proto__", "constructor", "jwk", "x5c"));
const more = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Members>([]) },
  { weight: 1, arbitrary: fc.array(fc.tuple(names, odd), { maxLength: 2 }) },
);

function shuffled(...parts: fc.Arbitrary<Members>[]): fc.Arbitrary<Members> {
  return fc.tuple(...parts, more).chain((lists) => {
    const members = lists.flat();
    return fc.shuffledSubarray(members, { minLength: members.length, maxLength: members.length });
  });
}

export function headers({ algorithm, kid }: Expected): fc.Arbitrary<Members> {
  const rarely = (name: string) =>
    fc.oneof(
      { weight: 40, arbitrary: fc.constant<Members>([]) },
      { weight: 1, arbitrary: odd.map((value): Members => [[name, value]]) },
    );
  return shuffled(
    member("alg", [algorithm], ["none", "HS256", "RS256", "PS256", "ES256", "EdDSA", algorithm.toLowerCase()]),
    member("typ", ["JWT", "at+jwt", "application/at+jwt"], ["ID", "JWE", ["JWT"], "at+application/jwt", "jwt ", ""]),
    member("kid", [kid], [`${kid}0`, "", kid.toLowerCase(), [kid]]),
    rarely("crit"),
    rarely("b64"),
  );
}

export function claims({ issuer, nowSeconds: now }: Expected): fc.Arbitrary<Members> {
  const others = [`${issuer}/`, issuer.toUpperCase(), [issuer]];
  return shuffled(
    member("iss", [issuer], others),
    member("aud", ["machine-b", ["account", "machine-b"]], ["machine-B", [], ["machine-b "], { 0: "machine-b" }]),
    member("exp", [now + 300, now + 1], [now, now - 1, 1e300, -1, 8.64e12, `${now + 300}`, now + 0.5]),
    member("iat", [now, now - 60], [`${now}`, null]),
    member("nbf", [now, 0], [now + 1, 1e300, "0", null]),
    member("typ", ["Bearer"], ["bearer", "ID", "Refresh", ["Bearer"]]),
    member("sub", ["0e6ceae9"], ["", 7]),
    member("azp", ["machine-a"], ["", ["machine-a"], null]),
    member("scope", ["profile email", ""], [["profile"], null, 1]),
  );
}

/** Whether a verifier has to take a token, worked out a second time and without its help. */
export function isGood(header: Members, payload: Members, expected: Expected): boolean {
  const [h, p] = [new Map(header), new Map(payload)];
  if (h.size !== header.length || p.size !== payload.length) return false; // a name twice
  const filled = (value: unknown) => typeof value === "string" && value !== "";
  const { nowSeconds: now } = expected;
  const exp = p.get("exp");
  const nbf = p.has("nbf") ? p.get("nbf") : 0;
  const type = h.get("typ");
  return (
    h.get("alg") === expected.algorithm &&
    typeof type === "string" &&
    ["jwt", "at+jwt", "application/jwt", "application/at+jwt"].includes(type.toLowerCase()) &&
    (!h.has("kid") || h.get("kid") === expected.kid) &&
    !h.has("crit") &&
    !h.has("b64") &&
    p.get("iss") === expected.issuer &&
    [p.get("aud")].flat().includes("machine-b") &&
    typeof exp === "number" &&
    exp > now &&
    exp < 8.64e12 &&
    isTime(p.get("iat")) &&
    isTime(nbf) &&
    nbf <= now &&
    p.get("typ") === "Bearer" &&
    filled(p.get("sub")) &&
    filled(p.has("azp") ? p.get("azp") : p.get("client_id")) &&
    (!p.has("scope") || typeof p.get("scope") === "string")
  );
}

/** Texts that are no token, from noise to what only lacks a signature. */
export const noise: fc.Arbitrary<string> = fc.oneof(
  characters,
  fc
    .array(fc.string({ unit: fc.constantFrom(..."eyJhbGciOiJSUzI1NiJ9-_=+/. ") }), { maxLength: 4 })
    .map((l) => l.join(".")),
  fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }).map((parts) => parts.map(base64url).join(".")),
  fc.tuple(fc.json(), fc.json(), fc.uint8Array()).map((parts) => parts.map((part) => base64url(part)).join(".")),
  // Long ones, up to beyond what is read at all: the time they take must not grow with more than their length.
  fc
    .tuple(fc.constantFrom(".", "[", "{", '"', "\\", '{"a":', "[[", "AAAA", "eyJ", "é", '""', '"\\'), fc.nat(9000))
    .map(([unit, count]) => unit.repeat(count))
    .chain((long) => fc.constantFrom(long, `${base64url(long)}.e30.AA`, `e30.${base64url(`{"a":${long}`)}.AA`)),
);

/** A text in which a few characters were changed, lost, doubled or moved. */
export function damaged(text: string, parts = "."): fc.Arbitrary<string> {
  const place = fc.nat(text.length - 1);
  const character = fc.oneof(
    fc.constantFrom(..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
    fc.constantFrom(..."=+/. \n\t,\0"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  );
  const change = fc.oneof<fc.Arbitrary<(text: string) => string>[]>(
    fc.tuple(place, character).map(
      ([at, other]) =>
        (t) =>
          t.slice(0, at) + other + t.slice(at + 1),
    ),
    fc.tuple(place, character).map(
      ([at, other]) =>
        (t) =>
          t.slice(0, at) + other + t.slice(at),
    ),
    fc.tuple(place, fc.integer({ min: 1, max: 8 })).map(
      ([at, n]) =>
        (t) =>
          t.slice(0, at) + t.slice(at + n),
    ),
    place.map((at) => (t) => t.slice(0, at)),
    place.map((at) => (t) => t.slice(at)),
    fc.tuple(place, place).map(
      ([at, to]) =>
        (t) =>
          t.slice(0, to) + t.slice(at),
    ),
    fc.constantFrom(0, 1, 2).map((n) => (t) => t.split(parts).reverse().slice(n).join(parts)),
    fc.constantFrom<(t: string) => string>(
      (t) => t.toLowerCase(),
      (t) => `${t}${parts}`,
      (t) => t + t,
      (t) => ` ${t}`,
    ),
  );
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((all) => all.reduce((t, one) => one(t), text));
}

/** Within the times that a `Date` can hold. */
function isTime(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) < 8.64e12;
}
