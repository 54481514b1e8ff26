import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TokenError } from "../../../machines/errors";
import { parseToken } from "../../../machines/verifying/parse-token";

const runs = Number(process.env.M2M_TEST_RUNS ?? 1);
const encode = (text: string | Uint8Array) => Buffer.from(text as string).toString("base64url");
const header = encode('{"alg":"RS256"}');
const withPayload = (payload: string | Uint8Array) => parseToken(`${header}.${encode(payload)}.c2ln`).payload;
const withHeader = (text: string) => parseToken(`${encode(text)}.${encode("{}")}.c2ln`).header;
const malformed = (message: string) => expect.objectContaining({ code: "ERR_TOKEN_MALFORMED", message });
const twice = malformed("the token must not repeat a member name in its payload");

describe("parseToken", () => {
  it("reads what JSON.parse reads, for any object", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 4 })), (payload) => {
        const text = JSON.stringify(payload);
        fc.pre(text.length < 8000 && Buffer.from(text).toString() === text);
        expect(withPayload(text)).toEqual(JSON.parse(text));
        expect(withPayload(JSON.stringify(payload, null, "\t"))).toEqual(JSON.parse(text));
      }),
      { numRuns: 300 * runs },
    );
  });

  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"\\u0061ud":"x","aud":"y"}',
    '{"a/b":1,"a\\/b":1}',
    '{"":1,"":2}',
    '{"x":{"a":1,"a":2}}',
    '{"x":[[{"a":1},{"b":1,"b":2}]]}',
    '{"__proto__":1,"__proto__":2}',
    '{"\\u005f_proto__":{"x":1},"__proto__":{}}',
    '{"1":1,"1":2}',
    '{"a" :1,"a"\t\r\n:2}',
    '{"\\"":1,"\\u0022":2}',
    '{"\\\\":1,"\\u005c":2}',
    '{"\u2028":1,"\\u2028":2}',
    '{"\\ud83d\\ude00":1,"\u{1F600}":2}',
    '{"toString":1,"toString":2}',
  ])("refuses a name twice, however it is written: %s", (text) => {
    expect(() => withPayload(text)).toThrow(twice);
    expect(() => withHeader(text)).toThrow(malformed("the token must not repeat a member name in its header"));
  });

  it("refuses alg twice, one of them in disguise", () => {
    expect(() => withHeader('{"\\u0061lg":"none","alg":"RS256"}')).toThrow(TokenError);
    expect(withHeader('{"\\u0061lg":"RS256"}')).toEqual({ alg: "RS256" });
  });

  it.each([
    '{"a":"a:1","b":"\\"a\\":"}',
    '{"a":["b","c",{"b":"c"}],"b":{"a":1},"c":{"a":1}}',
    '{"a":"{\\"a\\":1,\\"a\\":2}"}',
    '{"aud":["a","a"],"A":1,"a":2}',
    '{"a":"\\\\","b":"\\\\\\""}',
  ])("takes no value for a name: %s", (text) => {
    expect(withPayload(text)).toEqual(JSON.parse(text));
  });

  it("takes __proto__ for a name like any other, which changes no object", () => {
    const payload = withPayload('{"__proto__":{"azp":"admin"},"constructor":{"prototype":{"azp":"admin"}}}');
    expect([payload.azp, Object.getPrototypeOf(payload), ({} as { azp?: string }).azp]).toEqual([
      undefined,
      Object.prototype,
      undefined,
    ]);
    expect(withHeader('{"__proto__":{"crit":["x"],"b64":false}}')).toBeDefined();
  });

  it.each(['{"crit":[]}', '{"crit":null}', '{"b64":true}', '{"\\u0063rit":["exp"]}'])(
    "refuses the header %s",
    (text) => {
      expect(() => withHeader(text)).toThrow(malformed("the token must not ask for extensions"));
    },
  );

  it.each(["1", "null", "{}", '["a"]', "true"])("refuses a kid that is not text: %s", (kid) => {
    expect(() => withHeader(`{"kid":${kid}}`)).toThrow(malformed("the token must have text as its `kid`"));
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ["a byte order mark", "\ufeff{}", /JSON/],
    ["bytes that are not UTF-8", Buffer.from('{"a":"\xff"}', "latin1"), /JSON/],
    ["a surrogate in UTF-8", Buffer.from([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d]), /JSON/],
    ["an overlong character", Buffer.from([0x7b, 0x22, 0xc0, 0xa2, 0x22, 0x3a, 0x31, 0x7d]), /JSON/],
    ["UTF-16", Buffer.from("{}", "utf16le"), /JSON/],
    ["a comment", "{/**/}", /JSON/],
    ["a comma too many", '{"a":1,}', /JSON/],
    ["quotes of another kind", "{'a':1}", /JSON/],
    ["two values", "{}{}", /JSON/],
    ["nothing", "", /JSON/],
    ["a list", "[]", /object/],
    ["null", "null", /object/],
  ])("refuses a payload with %s", (_name, payload, message) => {
    expect(() => withPayload(payload)).toThrow(message);
  });

  const good = `${header}.${encode('{"a":1}')}.c2ln`;
  it.each<[string, string]>([
    ["one part", header],
    ["four parts", `${good}.c2ln`],
    ["no header", good.replace(/^[^.]*/, "")],
    ["padding", `${good}=`],
    ["another alphabet", good.replace("c2ln", "+/+/")],
    ["white space", good.replace(".", ". ")],
    ["a line end", `${good}\n`],
    ["a character that is a dot elsewhere only", good.replaceAll(".", "\uff0e")],
    ["stray bits", good.replace("c2ln", "c2l")],
    ["a lone character", good.replace("c2ln", "c2lnA")],
    ["a NUL", good.replace("c2ln", "c2l\0")],
  ])("refuses %s", (_name, token) => {
    expect(parseToken(good).payload).toEqual({ a: 1 });
    expect(() => parseToken(token)).toThrow(TokenError);
  });

  it("reads 16,384 characters and no more", () => {
    const fill = (length: number) => `${header}.${encode("{}")}.${"A".repeat(length - header.length - 5)}`;
    const [most, more] = [fill(16_384), `${fill(16_384)}AAAA`];
    expect(most).toHaveLength(16_384);
    expect(parseToken(most)).toBeDefined();
    expect(() => parseToken(more)).toThrow(malformed("the token must have at most 16384 characters"));
  });

  /** As much as a token of 16,384 characters holds, of what costs most to read. */
  const size = 12_200;
  const worst: [string, string, "read" | "refused"][] = [
    ["lists in lists", `{"a":${"[".repeat(size / 2)}${"]".repeat(size / 2)}}`, "read"],
    ["objects in objects", `${'{"":'.repeat(size / 5)}1${"}".repeat(size / 5)}`, "read"],
    ["lists that do not end", `{"a":${"[".repeat(size)}`, "refused"],
    ["one name again and again", `{${'"":0,'.repeat(size / 5)}"":0}`, "refused"],
    ["many names", `{${Array.from({ length: size / 8 }, (_, i) => `"${i.toString(36)}":0`).join()}}`, "read"],
    ["escapes", `{"a":"${"\\\\".repeat(size / 2)}"}`, "read"],
    ["quotes in a text", `{"a":"${'\\"'.repeat(size / 2)}"}`, "read"],
    ["a text that does not end", `{"a":"${'\\"'.repeat(size / 2)}`, "refused"],
    ["white space before no colon", `{"a":["b"${" ".repeat(size)}]}`, "read"],
    ["texts and white space", `{"a":[${'"b"   ,'.repeat(size / 7)}1]}`, "read"],
    ["a long number", `{"a":${"9".repeat(size)}}`, "read"],
    ["a number of many places", `{"a":0.${"1".repeat(size)}e-300}`, "read"],
    ["quotes only", '"'.repeat(size), "refused"],
  ];
  it.each(worst)("reads or refuses %s in bounded time", (_name, payload, outcome) => {
    expect(payload.length).toBeLessThanOrEqual(12_250);
    const token = `${header}.${encode(payload)}.c2ln`;
    expect(token.length).toBeLessThanOrEqual(16_384);
    const since = performance.now();
    for (let i = 0; i < 20; i++) {
      if (outcome === "read") parseToken(token);
      else expect(() => parseToken(token)).toThrow(TokenError);
    }
    expect((performance.now() - since) / 20).toBeLessThan(20);
  });

  it("reads or refuses dots only in bounded time", () => {
    const since = performance.now();
    expect(() => parseToken(".".repeat(16_384))).toThrow(TokenError);
    expect(performance.now() - since).toBeLessThan(100);
  });

  it("quotes nothing of a token in what it throws", () => {
    for (const payload of ["secret", '{"secret":}', '{"secret":1,"secret":1}', '"secret"']) {
      let thrown: unknown;
      try {
        withPayload(payload);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(TokenError);
      expect(inspect(thrown, { depth: 5, showHidden: true })).not.toContain("secret");
    }
  });
});
