import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createServerCertificate } from "../../../provider/protocol/certificate";
import { diagnosticMessage, diagnosticsOf, problem, warning } from "../../../provider/protocol/diagnostics";
import { decodeMessage, encodeMessage } from "../../../provider/protocol/messages";
import { type AttributeSchema, type Schema, schemaMessage, typeOfBlock } from "../../../provider/protocol/schema";
import { service } from "../../../provider/protocol/service";
import { decodeValue, encodeValue, isUnknown, type ObjectValue, Unknown } from "../../../provider/protocol/values";
import { createProvider } from "../../../provider/provider";
// Terraform 1.11.4 with kreuzwerker's Docker provider, recorded on the wire between the two.
import recorded from "../../fixtures/protocol/recorded.json";

type Frame = (typeof recorded)[number];

const bytesOf = (text: string) => Buffer.from(text, "base64");
const frame = (what: string): Frame => recorded.find((one) => one.what === what)!;

/** The recorded schema message turned back into a schema. */
function recordedSchema(): Schema {
  const { resourceSchemas } = decodeMessage("GetSchema.Response", bytesOf(frame(SCHEMA).response)) as {
    resourceSchemas: { [name: string]: { version?: number; block: Message } };
  };
  const { version, block } = resourceSchemas.docker_volume!;
  return { version: version ?? 0, block: blockOf(block) };
}

interface Message {
  attributes: { name: string; type: Buffer; [flag: string]: unknown }[];
  blockTypes: { typeName: string; nesting: number; block: Message; minItems?: number; maxItems?: number }[];
}

function blockOf({ attributes, blockTypes }: Message): Schema["block"] {
  const named = attributes.map(({ name, type, ...rest }) => [name, { ...rest, type: JSON.parse(String(type)) }]);
  const nested = blockTypes.map(({ typeName, nesting, block, minItems, maxItems }) => [
    typeName,
    {
      nesting_mode: nesting === 2 ? ("list" as const) : ("set" as const),
      block: blockOf(block),
      min_items: minItems,
      max_items: maxItems,
    },
  ]);
  return {
    attributes: Object.fromEntries(named) as { [name: string]: AttributeSchema },
    block_types: Object.fromEntries(nested),
  };
}

const SCHEMA = "schema of one resource with nested blocks";
const isDynamic = (part: unknown): part is { msgpack: Buffer } =>
  Buffer.isBuffer((part as { msgpack?: unknown })?.msgpack);

describe("recorded exchanges", () => {
  it.each(recorded)("$rpc: $what is read and written again byte for byte", ({ rpc, request, response }) => {
    for (const [kind, text] of [["Request", request] as const, ["Response", response] as const]) {
      const name = `${rpc}.${kind}`;
      expect(encodeMessage(name, decodeMessage(name, bytesOf(text))).toString("base64")).toBe(text);
    }
  });

  it("hold values that are read and written again byte for byte", () => {
    const type = typeOfBlock(recordedSchema().block);
    let count = 0;
    for (const { rpc, request, response } of recorded) {
      const messages = [
        decodeMessage(`${rpc}.Request`, bytesOf(request)),
        decodeMessage(`${rpc}.Response`, bytesOf(response)),
      ];
      if (messages[0]!.typeName !== "docker_volume") continue;
      for (const { msgpack } of messages.flatMap((message) => Object.values(message).filter(isDynamic))) {
        expect(encodeValue(decodeValue(msgpack, type), type).toString("hex")).toBe(msgpack.toString("hex"));
        count += 1;
      }
    }
    expect(count).toBeGreaterThan(20);
  });

  it("show unknown values with and without refinements", () => {
    const { config, proposedNewState } = decodeMessage(
      "PlanResourceChange.Request",
      bytesOf(frame("plan of a new resource with unknown values").request),
    ) as { [field: string]: { msgpack: Buffer } };
    const type = typeOfBlock(recordedSchema().block);
    const value = decodeValue(config!.msgpack, type) as ObjectValue;
    expect(value.name).toBeInstanceOf(Unknown);
    expect(Buffer.from((value.name as Unknown).refinements!).toString("latin1")).toContain("recorded-");
    expect(isUnknown((decodeValue(proposedNewState!.msgpack, type) as ObjectValue).name)).toBe(true);
  });

  it("show the schema in the form that ours is sent in", () => {
    const { descriptionKind: _kind, ...block } = (
      decodeMessage("GetSchema.Response", bytesOf(frame(SCHEMA).response)) as {
        resourceSchemas: { docker_volume: { block: Message & { descriptionKind?: number } } };
      }
    ).resourceSchemas.docker_volume.block;
    const again = schemaMessage(recordedSchema()) as { block: Message };
    const shape = ({ attributes, blockTypes }: Message): unknown => ({
      attributes: attributes.map(({ name, type, optional, required, computed }) => [
        name,
        String(type),
        optional,
        required,
        computed,
      ]),
      blocks: blockTypes.map((nested) => [nested.typeName, nested.nesting, shape(nested.block)]),
    });
    expect(shape(again.block)).toEqual(shape(block));
  });

  it("show errors at attributes as ours are sent", () => {
    const { diagnostics } = decodeMessage(
      "ValidateResourceTypeConfig.Response",
      bytesOf(frame("configuration with two errors at attributes").response),
    ) as { diagnostics: { summary: string; detail: string }[] };
    const ours = diagnostics.map(({ summary, detail }, index) =>
      diagnosticMessage(problem(summary, detail, [["memory_swap", "restart"][index]!])),
    );
    const message = encodeMessage("ValidateResourceTypeConfig.Response", { diagnostics: ours });
    expect(message.toString("base64")).toBe(frame("configuration with two errors at attributes").response);
  });
});

describe("diagnostics", () => {
  it("lead to list elements and map keys", () => {
    const message = encodeMessage("Configure.Response", {
      diagnostics: [diagnosticMessage(warning("w", "d", ["block", 0, "map", { key: "a.b" }]))],
    });
    const { diagnostics } = decodeMessage("Configure.Response", message) as { diagnostics: unknown[] };
    expect(diagnostics).toEqual([
      {
        severity: 2,
        summary: "w",
        detail: "d",
        attribute: {
          steps: [
            { attributeName: "block" },
            { elementKeyInt: 0 },
            { attributeName: "map" },
            { elementKeyString: "a.b" },
          ],
        },
      },
    ]);
  });

  it("call an unexpected failure a defect", () => {
    expect(diagnosticsOf(new Error("boom"))).toMatchObject([
      { severity: "error", detail: expect.stringContaining("boom") },
    ]);
  });

  it.each<[what: string, rpc: string, request: object, text: string]>([
    [
      "a value",
      "ReadResource",
      { currentState: { msgpack: Buffer.from("c1", "hex") } },
      "Unrecognized type byte: 0xc1",
    ],
    [
      "a value",
      "PlanResourceChange",
      { config: { json: Buffer.from('{"name":[]}') }, proposedNewState: { json: Buffer.from("{}") } },
      "value.name must be a string, got: a list",
    ],
    [
      "a state of keycloak_role",
      "UpgradeResourceState",
      { rawState: { json: Buffer.from('{"name":{}}') } },
      "value.name",
    ],
    ["a state", "UpgradeResourceState", { rawState: { json: Buffer.from("[") } }, "It is not JSON."],
  ])("say what %s is that cannot be read, and call it no defect (%s)", async (what, rpc, request, text) => {
    const bytes = encodeMessage(`${rpc}.Request`, { typeName: "keycloak_role", ...request });
    const { diagnostics } = decodeMessage(`${rpc}.Response`, await service(createProvider())[rpc]!(bytes));
    expect(diagnostics).toMatchObject([{ severity: 1, summary: `Terraform sent ${what} that cannot be read` }]);
    expect((diagnostics as { detail: string }[])[0]!.detail).toContain(text);
  });

  it("answer a resource that does not exist", async () => {
    const answer = service(createProvider()).ReadResource!;
    const state = encodeMessage("DynamicValue", { msgpack: Buffer.from([0x80]) });
    const request = encodeMessage("ReadResource.Request", {
      typeName: "keycloak_user",
      currentState: decodeMessage("DynamicValue", state),
    });
    expect(decodeMessage("ReadResource.Response", await answer(request))).toMatchObject({
      diagnostics: [{ severity: 1, summary: "The embedded Keycloak provider has no resource keycloak_user" }],
    });
  });
});

describe("the server certificate", () => {
  it("is a self-signed P-256 certificate for localhost", () => {
    const { der, certificatePem, privateKeyPem } = createServerCertificate();
    const certificate = new X509Certificate(der);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkHost("localhost")).toBe("localhost");
    expect(certificate.ca).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
    expect(Date.parse(certificate.validTo) - Date.now()).toBeGreaterThan(24 * 3_600_000);
    expect(certificatePem).toContain("BEGIN CERTIFICATE");
    expect(privateKeyPem).toContain("BEGIN PRIVATE KEY");
  });
});
