import fc from "fast-check";
import { describe, it } from "vitest";
import { decodeMessage, encodeMessage } from "../../provider/protocol/messages";
import { typeOfBlock } from "../../provider/protocol/schema";
import { service } from "../../provider/protocol/service";
import { encodeValue, Unknown } from "../../provider/protocol/values";
import { createProvider } from "../../provider/provider";
import { providerSchemaJson } from "../../provider/schema";
import { anyOf, bytes, LONG, runs } from "./fuzz";

const schema = providerSchemaJson({});
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
    const text = `${summary}\n${detail}`;
    if (summary === "" || text.includes("defect of the provider")) throw new Error(`${rpc} answered: ${text}`);
  }
}

const dynamic = fc.oneof(
  bytes.map((msgpack) => ({ msgpack })),
  fc.oneof(bytes, fc.json().map(Buffer.from)).map((json) => ({ json })),
  fc.constant(undefined),
);

describe.each(RPCS)("%s", (rpc) => {
  const rpcs = service(createProvider());

  it("answers arbitrary bytes", { timeout: LONG }, async () => {
    const property = fc.asyncProperty(fc.oneof(bytes, fc.uint8Array({ maxLength: 200 }).map(Buffer.from)), (input) =>
      answered(rpc, input, rpcs),
    );
    await fc.assert(property, runs(80));
  });

  it("answers a request with arbitrary values", { timeout: LONG }, async () => {
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

describe("meaningless values of the right types", () => {
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
