import {
  type Diagnostic,
  DiagnosticError,
  diagnosticMessage,
  diagnosticsOf,
  type Path,
  pathMessage,
  problem,
} from "./diagnostics";
import { decodeMessage, encodeMessage } from "./messages";
import { type ProviderSchema, type Schema, schemaMessage, type Type, typeOfBlock } from "./schema";
import { decodeValue, encodeValue, isUnknown, type ObjectValue, type Value, valueOfJson } from "./values";

/** A provider as the protocol uses it: with values, not bytes. */
export interface Provider {
  schema(): ProviderSchema;
  validateConfiguration(config: ObjectValue): Diagnostic[];
  configure(config: ObjectValue): Diagnostic[];
  resource(typeName: string): ResourceHandler;
  dataSource(typeName: string): DataSourceHandler;
  /** Terraform was interrupted: stop waiting, and finish calls under way. */
  stop(): void;
}

export interface ResourceHandler {
  validate(config: ObjectValue, options: { writeOnlyAllowed: boolean }): Diagnostic[];
  /** Upgrades a state of an older schema version, or of another provider with this schema. */
  upgrade(state: { [name: string]: unknown }, version: number): { [name: string]: unknown };
  /** `imported`: only the object's id is known, so all of it is read. */
  read(state: ObjectValue, imported: boolean): Promise<{ state: ObjectValue | null; diagnostics?: Diagnostic[] }>;
  plan(change: PlanInput): { planned: ObjectValue | null; requiresReplace: Path[]; diagnostics?: Diagnostic[] };
  apply(change: ApplyInput): Promise<{ state: ObjectValue | null; diagnostics?: Diagnostic[] }>;
  import(id: string): ObjectValue;
}

export interface DataSourceHandler {
  validate(config: ObjectValue): Diagnostic[];
  read(config: ObjectValue): Promise<ObjectValue>;
}

export interface PlanInput {
  prior: ObjectValue | null;
  config: ObjectValue | null;
}

export interface ApplyInput {
  prior: ObjectValue | null;
  planned: ObjectValue | null;
  config: ObjectValue | null;
}

/** Terraform gets this at an import, and returns it at the first read of the imported object. */
const IMPORTED = Buffer.from("imported");

interface Message {
  [field: string]: unknown;
  typeName?: string;
}

type Rpc = (request: Message) => Promise<Message> | Message;

/** Answers the RPCs, by name: request bytes to response bytes. */
export function service(provider: Provider): { [rpc: string]: (request: Buffer) => Promise<Buffer> } {
  const schema = provider.schema();
  const providerType = typeOfBlock(schema.provider.block);
  const typeOf = typesOf(schema.resource_schemas);
  const dataTypeOf = typesOf(schema.data_source_schemas);
  const resource = ({ typeName }: Message) => provider.resource(typeName ?? "");
  const take = ({ typeName }: Message, field: unknown) => decodeDynamic(field, typeOf(typeName));
  const give = ({ typeName }: Message, value: ObjectValue | null) => encodeDynamic(value, typeOf(typeName));

  const rpcs: { [rpc: string]: Rpc } = {
    GetSchema: () => ({
      provider: schemaMessage(schema.provider),
      resourceSchemas: schemaMessages(schema.resource_schemas),
      dataSourceSchemas: schemaMessages(schema.data_source_schemas),
      serverCapabilities: { getProviderSchemaOptional: true },
    }),
    PrepareProviderConfig: (request) => ({
      preparedConfig: request.config,
      diagnostics: provider.validateConfiguration(decodeDynamic(request.config, providerType) ?? {}),
    }),
    Configure: (request) => ({
      diagnostics: provider.configure(decodeDynamic(request.config, providerType) ?? {}),
    }),
    ValidateResourceTypeConfig: (request) => {
      const capabilities = request.clientCapabilities as { writeOnlyAttributesAllowed?: boolean } | undefined;
      const writeOnlyAllowed = capabilities?.writeOnlyAttributesAllowed ?? false;
      return { diagnostics: resource(request).validate(take(request, request.config) ?? {}, { writeOnlyAllowed }) };
    },
    ValidateDataSourceConfig: ({ typeName, config }) => ({
      diagnostics: provider.dataSource(typeName ?? "").validate(decodeDynamic(config, dataTypeOf(typeName)) ?? {}),
    }),
    ReadDataSource: async ({ typeName, config }) => {
      const type = dataTypeOf(typeName);
      const state = await provider.dataSource(typeName ?? "").read(decodeDynamic(config, type) ?? {});
      return { state: encodeDynamic(state, type) };
    },
    UpgradeResourceState: (request) => {
      const upgraded = resource(request).upgrade(savedState(request.rawState), Number(request.version ?? 0));
      const state = readable(`a state of ${request.typeName}`, () => valueOfJson(upgraded, typeOf(request.typeName)));
      return { upgradedState: give(request, state as ObjectValue) };
    },
    ReadResource: async (request) => {
      const current = take(request, request.currentState);
      if (!current) return { newState: give(request, null) };
      const imported = IMPORTED.equals((request.private as Buffer | undefined) ?? Buffer.alloc(0));
      const { state, diagnostics } = await resource(request).read(current, imported);
      return { newState: give(request, state), diagnostics, private: imported ? undefined : request.private };
    },
    PlanResourceChange: (request) => {
      const prior = take(request, request.priorState);
      // The proposed state is null exactly at a destroy.
      const destroy = take(request, request.proposedNewState) === null;
      const config = destroy ? null : take(request, request.config);
      const { planned, requiresReplace, diagnostics } = resource(request).plan({ prior, config });
      return {
        plannedState: give(request, planned),
        requiresReplace: requiresReplace.map(pathMessage),
        plannedPrivate: request.priorPrivate,
        diagnostics,
        // Attributes with a default are not computed, as in the official provider. Terraform allows it only with this flag.
        legacyTypeSystem: true,
      };
    },
    ApplyResourceChange: async (request) => {
      const prior = take(request, request.priorState);
      const planned = take(request, request.plannedState);
      const config = take(request, request.config);
      const { state, diagnostics } = await resource(request).apply({ prior, planned, config });
      return { newState: give(request, state), private: request.plannedPrivate, diagnostics, legacyTypeSystem: true };
    },
    ImportResourceState: (request) => {
      const state = resource(request).import(String(request.id ?? ""));
      return { importedResources: [{ typeName: request.typeName, state: give(request, state), private: IMPORTED }] };
    },
    Stop: () => {
      provider.stop();
      return {};
    },
  };

  return Object.fromEntries(Object.entries(rpcs).map(([name, rpc]) => [name, (bytes) => answer(name, rpc, bytes)]));
}

/** Runs one RPC. Errors become diagnostics, so that Terraform shows them at the right place. */
async function answer(name: string, rpc: Rpc, bytes: Buffer): Promise<Buffer> {
  let response: Message;
  try {
    response = await rpc(readable(`a request ${name}`, () => decodeMessage(`${name}.Request`, bytes)));
  } catch (error) {
    response = { diagnostics: diagnosticsOf(error) };
  }
  const diagnostics = ((response.diagnostics as Diagnostic[] | undefined) ?? []).map(diagnosticMessage);
  return encodeMessage(`${name}.Response`, { ...response, diagnostics });
}

/** Types by name, each derived once. */
function typesOf(schemas: { [name: string]: Schema }): (name?: string) => Type {
  const types = new Map<string, Type>();
  return (name = "") => {
    const type = types.get(name) ?? typeOfBlock(schemas[name]?.block ?? {});
    types.set(name, type);
    return type;
  };
}

function decodeDynamic(field: unknown, type: Type): ObjectValue | null {
  const { msgpack, json } = (field ?? {}) as { msgpack?: Buffer; json?: Buffer };
  return readable("a value", () => {
    if (msgpack?.length) return objectOrNull(decodeValue(msgpack, type));
    return json?.length ? objectOrNull(valueOfJson(JSON.parse(json.toString()), type)) : null;
  });
}

/** The state as it is in the file. Another version may have written it. */
function savedState(field: unknown): ObjectValue {
  const { json } = (field ?? {}) as { json?: Buffer };
  return readable("a state", () => objectOrNull(json?.length ? JSON.parse(json.toString()) : null) ?? {});
}

function objectOrNull(value: Value): ObjectValue | null {
  if (typeof value === "object" && !Array.isArray(value) && !isUnknown(value)) return value;
  throw new TypeError(`value must be an object, got: a ${Array.isArray(value) ? "list" : typeof value}`);
}

/** Unreadable input is not a defect of the provider: it is damaged, or in a form that the provider does not know. */
function readable<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    // The message of JSON.parse quotes its input, which may be a secret.
    const reason = error instanceof SyntaxError ? "It is not JSON" : (error as Error).message;
    const detail = `${reason}. A state that was edited or comes from elsewhere may be damaged. Otherwise Terraform is newer than this provider.`;
    throw new DiagnosticError(problem(`Terraform sent ${what} that cannot be read`, detail));
  }
}

function encodeDynamic(value: ObjectValue | null, type: Type): { msgpack: Buffer } {
  return { msgpack: encodeValue(value, type) };
}

function schemaMessages(schemas: { [name: string]: Schema }): { [name: string]: object } {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, schemaMessage(schema)]));
}
