import protobuf from "protobufjs/light";

/**
 * The messages of Terraform's plugin protocol 5 that this provider uses, and those of the helper services of every
 * plugin. A field is "number type": `*` is repeated, `?` is one of several, and `map>type` is a map from text.
 */
const NOTHING = {};
const DIAGNOSTICS = "Diagnostic*";

const messages: { [message: string]: { [field: string]: string } } = {
  DynamicValue: { msgpack: "1 bytes", json: "2 bytes" },
  Diagnostic: { severity: "1 int32", summary: "2 string", detail: "3 string", attribute: "4 AttributePath" },
  AttributePath: { steps: "1 Step*" },
  Step: { attributeName: "1 string?", elementKeyString: "2 string?", elementKeyInt: "3 int64?" },
  RawState: { json: "1 bytes", flatmap: "2 map>string" },
  ServerCapabilities: {
    planDestroy: "1 bool",
    getProviderSchemaOptional: "2 bool",
    moveResourceState: "3 bool",
    generateResourceConfig: "4 bool",
  },
  ClientCapabilities: { deferralAllowed: "1 bool", writeOnlyAttributesAllowed: "2 bool" },

  Schema: { version: "1 int64", block: "2 Block" },
  Block: {
    version: "1 int64",
    attributes: "2 Attribute*",
    blockTypes: "3 NestedBlock*",
    description: "4 string",
    descriptionKind: "5 int32",
    deprecated: "6 bool",
  },
  Attribute: {
    name: "1 string",
    type: "2 bytes",
    description: "3 string",
    required: "4 bool",
    optional: "5 bool",
    computed: "6 bool",
    sensitive: "7 bool",
    descriptionKind: "8 int32",
    deprecated: "9 bool",
    writeOnly: "10 bool",
  },
  NestedBlock: {
    typeName: "1 string",
    block: "2 Block",
    nesting: "3 int32",
    minItems: "4 int64",
    maxItems: "5 int64",
  },

  "GetSchema.Request": NOTHING,
  "GetSchema.Response": {
    provider: "1 Schema",
    resourceSchemas: "2 map>Schema",
    dataSourceSchemas: "3 map>Schema",
    diagnostics: `4 ${DIAGNOSTICS}`,
    providerMeta: "5 Schema",
    serverCapabilities: "6 ServerCapabilities",
  },
  "PrepareProviderConfig.Request": { config: "1 DynamicValue" },
  "PrepareProviderConfig.Response": { preparedConfig: "1 DynamicValue", diagnostics: `2 ${DIAGNOSTICS}` },
  "Configure.Request": {
    terraformVersion: "1 string",
    config: "2 DynamicValue",
    clientCapabilities: "3 ClientCapabilities",
  },
  "Configure.Response": { diagnostics: `1 ${DIAGNOSTICS}` },
  "ValidateResourceTypeConfig.Request": {
    typeName: "1 string",
    config: "2 DynamicValue",
    clientCapabilities: "3 ClientCapabilities",
  },
  "ValidateResourceTypeConfig.Response": { diagnostics: `1 ${DIAGNOSTICS}` },
  "ValidateDataSourceConfig.Request": { typeName: "1 string", config: "2 DynamicValue" },
  "ValidateDataSourceConfig.Response": { diagnostics: `1 ${DIAGNOSTICS}` },
  "ReadDataSource.Request": {
    typeName: "1 string",
    config: "2 DynamicValue",
    providerMeta: "3 DynamicValue",
    clientCapabilities: "4 ClientCapabilities",
  },
  "ReadDataSource.Response": { state: "1 DynamicValue", diagnostics: `2 ${DIAGNOSTICS}` },
  "UpgradeResourceState.Request": { typeName: "1 string", version: "2 int64", rawState: "3 RawState" },
  "UpgradeResourceState.Response": { upgradedState: "1 DynamicValue", diagnostics: `2 ${DIAGNOSTICS}` },
  "ReadResource.Request": {
    typeName: "1 string",
    currentState: "2 DynamicValue",
    private: "3 bytes",
    providerMeta: "4 DynamicValue",
    clientCapabilities: "5 ClientCapabilities",
  },
  "ReadResource.Response": { newState: "1 DynamicValue", diagnostics: `2 ${DIAGNOSTICS}`, private: "3 bytes" },
  "PlanResourceChange.Request": {
    typeName: "1 string",
    priorState: "2 DynamicValue",
    proposedNewState: "3 DynamicValue",
    config: "4 DynamicValue",
    priorPrivate: "5 bytes",
    providerMeta: "6 DynamicValue",
    clientCapabilities: "7 ClientCapabilities",
  },
  "PlanResourceChange.Response": {
    plannedState: "1 DynamicValue",
    requiresReplace: "2 AttributePath*",
    plannedPrivate: "3 bytes",
    diagnostics: `4 ${DIAGNOSTICS}`,
    legacyTypeSystem: "5 bool",
  },
  "ApplyResourceChange.Request": {
    typeName: "1 string",
    priorState: "2 DynamicValue",
    plannedState: "3 DynamicValue",
    config: "4 DynamicValue",
    plannedPrivate: "5 bytes",
    providerMeta: "6 DynamicValue",
  },
  "ApplyResourceChange.Response": {
    newState: "1 DynamicValue",
    private: "2 bytes",
    diagnostics: `3 ${DIAGNOSTICS}`,
    legacyTypeSystem: "4 bool",
  },
  "ImportResourceState.Request": { typeName: "1 string", id: "2 string", clientCapabilities: "3 ClientCapabilities" },
  "ImportResourceState.Response": { importedResources: "1 ImportedResource*", diagnostics: `2 ${DIAGNOSTICS}` },
  ImportedResource: { typeName: "1 string", state: "2 DynamicValue", private: "3 bytes" },
  "Stop.Request": NOTHING,
  "Stop.Response": { error: "1 string" },

  Empty: NOTHING,
  HealthCheckRequest: { service: "1 string" },
  HealthCheckResponse: { status: "1 int32" },
  StdioData: { channel: "1 int32", data: "2 bytes" },
};

const reference = (type: string) => (type in messages ? type.replace(".", "_") : type);

function descriptor(fields: { [field: string]: string }): protobuf.IType {
  const result: protobuf.IType = { fields: {} };
  for (const [name, notation] of Object.entries(fields)) {
    const [, id, map, type, suffix] = /^(\d+) (map>)?(\w+)([*?]?)$/.exec(notation)!;
    if (suffix === "?") result.oneofs = { selector: { oneof: Object.keys(fields) } };
    const field = { id: Number(id), type: reference(type!), ...(suffix === "*" ? { rule: "repeated" } : {}) };
    result.fields[name] = map ? ({ ...field, keyType: "string" } as protobuf.IMapField) : field;
  }
  return result;
}

const root = protobuf.Root.fromJSON({
  nested: Object.fromEntries(Object.entries(messages).map(([name, fields]) => [reference(name), descriptor(fields)])),
});

const types = new Map(Object.keys(messages).map((name) => [name, root.lookupType(reference(name))]));

/** Encodes a message by name. Undefined fields are not sent. */
export function encodeMessage(name: string, message: object): Buffer {
  const type = types.get(name)!;
  return Buffer.from(type.encode(type.fromObject(message)).finish());
}

/** Decodes a message by name. Absent lists and maps are empty, other absent fields are undefined. */
export function decodeMessage(name: string, bytes: Uint8Array): { [field: string]: unknown } {
  const type = types.get(name)!;
  return type.toObject(type.decode(bytes), { longs: Number, bytes: Buffer, arrays: true, objects: true });
}
