import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeMessage, encodeMessage } from "../../provider/protocol/messages";
import { type Type, typeOfBlock } from "../../provider/protocol/schema";
import { service } from "../../provider/protocol/service";
import { decodeValue, encodeValue, UNKNOWN, Unknown, type Value } from "../../provider/protocol/values";
import { createProvider } from "../../provider/provider";
import { providerSchemaJson } from "../../provider/schema";
import { byte, bytes, LONG, runs } from "./fuzz";

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

/** Any value of a type, null and unknown at every depth included. */
function anyOf(of: Type): fc.Arbitrary<Value> {
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
    "gives a value of %s that comes back as it is, or an error that says why",
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

const RPCS = Object.keys(service(createProvider()));
const NAMES = [
  ...Object.keys(schema.resource_schemas),
  ...Object.keys(schema.data_source_schemas),
  "keycloak_user",
  "",
];

/** What the provider answers, which has to be a message; its diagnostics must not call the provider defective. */
async function answered(rpc: string, request: Buffer, rpcs = service(createProvider())): Promise<void> {
  const response = decodeMessage(`${rpc}.Response`, await rpcs[rpc]!(request));
  const diagnostics = (response.diagnostics ?? []) as { summary: string; detail?: string }[];
  for (const { summary, detail } of diagnostics) {
    expect(`${summary}\n${detail}`).not.toContain("defect of the provider");
    expect(summary).not.toBe("");
  }
}

const dynamic = fc.oneof(
  bytes.map((msgpack) => ({ msgpack })),
  fc.oneof(bytes, fc.json().map(Buffer.from)).map((json) => ({ json })),
  fc.constant(undefined),
);

describe.each(RPCS)("%s", (rpc) => {
  const rpcs = service(createProvider());

  it("answers whatever bytes it gets", { timeout: LONG }, async () => {
    const property = fc.asyncProperty(fc.oneof(bytes, fc.uint8Array({ maxLength: 200 }).map(Buffer.from)), (input) =>
      answered(rpc, input, rpcs),
    );
    await fc.assert(property, runs(80));
  });

  it("answers a request whose values are whatever they are", { timeout: LONG }, async () => {
    const request = fc.record({
      typeName: fc.constantFrom(...NAMES),
      id: fc.string(),
      version: fc.integer({ min: -1, max: 3 }),
      rawState: fc.option(fc.record({ json: fc.oneof(bytes, fc.json().map(Buffer.from)) }), { nil: undefined }),
      ...{ config: dynamic, currentState: dynamic, priorState: dynamic, plannedState: dynamic },
      proposedNewState: dynamic,
    });
    const property = fc.asyncProperty(request, (message) =>
      answered(rpc, encodeMessage(`${rpc}.Request`, message), rpcs),
    );
    await fc.assert(property, runs(80));
  });
});

describe("values of the right types but without sense", () => {
  /** Configured for an address that fetch refuses, so that calls fail at once and everything before them is run. */
  async function configured() {
    const rpcs = service(createProvider());
    const config = { url: "http://127.0.0.1:1", client_id: "c", username: "u", password: "p" };
    const value = encodeValue(config, typeOfBlock(schema.provider.block));
    await answered("Configure", encodeMessage("Configure.Request", { config: { msgpack: value } }), rpcs);
    return rpcs;
  }

  it.each(Object.keys(schema.resource_schemas))("of %s get an answer", { timeout: LONG }, async (typeName) => {
    const type = typeOfBlock(schema.resource_schemas[typeName]!.block);
    const rpcs = await configured();
    const value = anyOf(type).map((known) => ({ msgpack: encodeValue(known instanceof Unknown ? null : known, type) }));
    const property = fc.asyncProperty(value, value, value, async (priorState, plannedState, config) => {
      const message = {
        typeName,
        priorState,
        plannedState,
        config,
        proposedNewState: config,
        currentState: priorState,
      };
      for (const rpc of ["ValidateResourceTypeConfig", "PlanResourceChange", "ReadResource", "ApplyResourceChange"]) {
        await answered(rpc, encodeMessage(`${rpc}.Request`, message), rpcs);
      }
    });
    await fc.assert(property, runs(40));
  });

  it.each(Object.keys(schema.data_source_schemas))(
    "of data source %s get an answer",
    { timeout: LONG },
    async (name) => {
      const type = typeOfBlock(schema.data_source_schemas[name]!.block);
      const rpcs = await configured();
      const property = fc.asyncProperty(anyOf(type), async (known) => {
        const config = { msgpack: encodeValue(known instanceof Unknown ? null : known, type) };
        for (const rpc of ["ValidateDataSourceConfig", "ReadDataSource"]) {
          await answered(rpc, encodeMessage(`${rpc}.Request`, { typeName: name, config }), rpcs);
        }
      });
      await fc.assert(property, runs(60));
    },
  );

  it("of the provider block get an answer", { timeout: LONG }, async () => {
    const type = typeOfBlock(schema.provider.block);
    const property = fc.asyncProperty(anyOf(type), async (known) => {
      const message = { config: { msgpack: encodeValue(known, type) } };
      for (const rpc of ["PrepareProviderConfig", "Configure"]) {
        await answered(rpc, encodeMessage(`${rpc}.Request`, message));
      }
    });
    await fc.assert(property, runs(100));
  });
});
