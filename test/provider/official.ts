import { typeOfBlock } from "../../provider/protocol/schema";
import { equal, isEmpty, isUnknown, type ObjectValue, UNKNOWN, type Value } from "../../provider/protocol/values";
import golden from "../fixtures/provider/golden.state.json";
import official from "../fixtures/provider/official-schema.json";

/**
 * What keycloak/keycloak 5.9.0 plans for one attribute of one object, whatever the state and the configuration say about
 * it: a value, null, an empty one, or one that is not known yet.
 */
export interface Question {
  readonly resource: string;
  readonly attribute: string;
  /** Null: a new object. */
  readonly prior: ObjectValue | null;
  readonly config: ObjectValue;
}

type Json = ReturnType<typeof JSON.parse>;
const schemas = official.resource_schemas as Json;

/** Values of attributes for which any text will not do. */
const CHOICES: { [attribute: string]: Value[] } = {
  access_type: ["CONFIDENTIAL", "PUBLIC"],
  pkce_code_challenge_method: ["plain", "S256"],
  ssl_required: ["none", "all"],
  algorithm: ["RS256", "PS256"],
  key_size: [2048, 4096],
  elliptic_curve_key: ["P-256", "P-384"],
  claim_value_type: ["String", "JSON"],
};

/** Two values of a type, as different as its type allows. */
function pair(resource: string, attribute: string, type: Json): Value[] {
  const kind = typeof type === "string" ? type : type[0];
  const duration = resource === "keycloak_realm" && /_(lifespan|timeout|login$|action$|remember_me)/.test(attribute);
  if (duration && kind === "string") return ["1m0s", "2m0s"];
  const some: { [kind: string]: Value[] } = {
    string: CHOICES[attribute] ?? ["a", "b"],
    number: CHOICES[attribute] ?? [1, 2],
    bool: [true],
    set: [["a"], ["b"]],
    map: [{ k: "a" }, { k: "b" }],
  };
  return some[kind]!;
}

const EMPTY: { [kind: string]: Value } = { string: "", number: 0, bool: false, set: [], map: {} };
/** Values with a null or an empty one inside. */
const HOLLOW: { [kind: string]: Value[] } = { set: [[""]], map: [{ k: null }, { k: "" }] };

/** Attributes that can be configured, by resource. */
export function configurable(resource: string): [name: string, type: Json, required: boolean][] {
  const { attributes } = schemas[resource].block;
  return Object.entries(attributes as Json)
    .filter(([name, { required, optional, write_only }]: [string, Json]) => {
      return name !== "id" && (required || optional) && !write_only;
    })
    .map(([name, { type, required }]: [string, Json]) => [name, type, required === true]);
}

export function questions(resource: string): Question[] {
  const state = stateOf(resource);
  return configurable(resource).flatMap(([attribute, type, required]) => {
    const kind = typeof type === "string" ? type : (type[0] as string);
    const [empty, two] = [EMPTY[kind]!, pair(resource, attribute, type)];
    const configured = [...(required ? [] : [null]), empty, ...two, ...(HOLLOW[kind] ?? []), UNKNOWN];
    const priors = [null, empty, two[0]!, ...(HOLLOW[kind] ?? []).slice(1)];
    const asIs = configOf(resource, state);
    const minimal = Object.fromEntries(
      configurable(resource).map(([name, , must]) => [name, must ? asIs[name]! : null]),
    );
    return [
      ...configured.map((value) => ({
        ...{ resource, attribute, prior: null },
        config: { ...blocksOf(resource), ...minimal, [attribute]: value },
      })),
      ...priors.flatMap((before) =>
        configured.map((value) => ({
          ...{ resource, attribute, prior: { ...state, [attribute]: before } },
          config: { ...blocksOf(resource), ...asIs, [attribute]: value },
        })),
      ),
    ];
  });
}

/** What has to be configured, and nothing else. */
export function minimalConfiguration(resource: string): ObjectValue {
  const state = stateOf(resource);
  const required = configurable(resource).map(([name, , must]) => [name, must ? state[name]! : null]);
  const owner = resource.endsWith("_mapper") ? { client_id: "c" } : {};
  const audience = resource.includes("audience") ? { included_custom_audience: "a" } : {};
  return { ...blocksOf(resource), ...Object.fromEntries(required), ...owner, ...audience };
}

/** A state that the official provider wrote. */
function stateOf(resource: string): ObjectValue {
  const entries = (golden as Json[]).filter(({ mode, type }) => mode === "managed" && type === resource);
  // A realm with blocks would show them as a change, as they are not configured here.
  const { values } = entries.at(resource === "keycloak_realm" ? -1 : 0)!;
  const names = typeOfBlock(schemas[resource].block)[1] as { [name: string]: unknown };
  return Object.fromEntries(Object.keys(names).map((name) => [name, values[name] ?? null]));
}

/** The configuration of which this state came: a plan of it is empty. */
function configOf(resource: string, state: ObjectValue): ObjectValue {
  return Object.fromEntries(configurable(resource).map(([name]) => [name, state[name] ?? null]));
}

function blocksOf(resource: string): ObjectValue {
  const names = Object.keys(schemas[resource].block.block_types ?? {});
  return Object.fromEntries([["id", null] as [string, Value], ...names.map((name) => [name, []] as [string, Value])]);
}

/** A plan in few letters: "=" changes nothing, "?" is not known yet, and "!" replaces the object. */
export function brief({ resource, attribute, prior }: Question, planned: ObjectValue, replaces: string[]): string {
  const types = typeOfBlock(schemas[resource].block)[1] as Json;
  const value = planned[attribute] ?? null;
  const before = prior?.[attribute] ?? null;
  const same = (isEmpty(before) && isEmpty(value)) || equal(before, value, types[attribute]);
  const text = isUnknown(value) ? "?" : prior && same ? "=" : isEmpty(value) ? "-" : JSON.stringify(value);
  return prior && replaces.includes(attribute) ? `${text}!` : text;
}

/** The same for a question: of a new object, or what was there before, and what is configured. */
export function labelOf({ attribute, prior, config }: Question): string {
  const show = (value: Value | undefined) => (isUnknown(value) ? "?" : JSON.stringify(value ?? null));
  return `${prior ? show(prior[attribute]) : "new"} ${show(config[attribute])}`;
}

/** Writes A and B for the two values of an attribute. */
export function withLetters(resource: string, attribute: string): (text: string) => string {
  const [, type] = configurable(resource).find(([name]) => name === attribute)!;
  const values = pair(resource, attribute, type).map((value) => JSON.stringify(value));
  return (text) => values.reduce((rest, value, index) => rest.replaceAll(value, "AB"[index]!), text);
}
