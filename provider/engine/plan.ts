import type { Path } from "../protocol/diagnostics";
import {
  equal,
  equivalent,
  isEmpty,
  isUnknown,
  type ObjectValue,
  UNKNOWN,
  type Value,
  withoutNulls,
} from "../protocol/values";
import type { Attribute, Block, Resource } from "./table";

export interface Plan {
  planned: ObjectValue | null;
  requiresReplace: Path[];
}

/** The state after the next apply, so far as it is known. `prior` null: a new object. `config` null: a destroy. */
export function planChange(resource: Resource, prior: ObjectValue | null, config: ObjectValue | null): Plan {
  if (config === null) return { planned: null, requiresReplace: [] };
  const planned: ObjectValue = { id: prior?.id ?? config.id ?? UNKNOWN };
  // An object that is taken over has its own values.
  const takenOver = !prior && config.import === true;
  Object.assign(planned, planMembers(resource.attributes, resource.blocks, prior, config, takenOver));
  resource.plan?.({ prior, config, planned });
  return { planned, requiresReplace: prior ? replacements(resource, prior, planned) : [] };
}

function planMembers(
  attributes: { [name: string]: Attribute },
  blocks: { [name: string]: Block } = {},
  prior: ObjectValue | null,
  config: ObjectValue,
  takenOver = false,
): ObjectValue {
  const planned: ObjectValue = {};
  for (const [name, attribute] of Object.entries(attributes)) {
    planned[name] = planAttribute(attribute, prior, name, config[name] ?? null, takenOver);
  }
  for (const [name, block] of Object.entries(blocks)) {
    planned[name] = planBlock(block, prior?.[name] ?? null, config[name] ?? null);
  }
  return planned;
}

function planAttribute(
  attribute: Attribute,
  before: ObjectValue | null,
  name: string,
  configured: Value,
  takenOver: boolean,
): Value {
  const prior = before?.[name] ?? null;
  if (attribute.writeOnly) return null;
  if (isUnknown(configured)) return configured;
  const value = chosen(attribute, configured);
  if (value !== null) {
    // Null and empty are the same to Keycloak: an imported null is not changed to an empty value. But where null leaves the
    // server's own list, an empty one means that there is to be none.
    const meansNone = attribute.keep && Array.isArray(value);
    if (before && prior === null && isEmpty(value) && !meansNone) return prior;
    return equal(value, withoutNulls(prior, attribute.type), attribute.type) ? prior : value;
  }
  if (attribute.default !== undefined) return attribute.default;
  if (before) return attribute.computed || attribute.keep || isEmpty(prior) ? prior : null;
  if (!attribute.computed) return null;
  return attribute.initial !== undefined && !takenOver ? attribute.initial : UNKNOWN;
}

/**
 * The value that a configuration chooses, in Keycloak's form. Null: it leaves the choice to Keycloak, as an empty text does
 * if Keycloak would choose. A key without a value is not there. The official provider takes them so too.
 */
function chosen(attribute: Attribute, configured: Value): Value {
  const { type, computed, default: standard, emptyIsNone, normalise } = attribute;
  const isNone = emptyIsNone ?? (type === "string" && computed && standard === undefined);
  if (isNone && isEmpty(configured)) return null;
  const value = withoutNulls(configured, type);
  return value === null ? null : (normalise?.(value) ?? value);
}

function planBlock(block: Block, prior: Value, configured: Value): Value {
  if (isUnknown(configured)) return configured;
  const elements = (configured ?? []) as Value[];
  const before = (prior ?? []) as Value[];
  // It cannot be changed, so nothing of it is.
  if (block.unsupported) return before;
  if (elements.length === 0) return block.computed || block.keep ? before : [];
  return elements.map((element, index) => {
    if (element === null || isUnknown(element)) return element;
    const old = (before[index] ?? null) as ObjectValue | null;
    return planMembers(block.attributes, block.blocks, old, element as ObjectValue);
  });
}

function replacements(resource: Resource, prior: ObjectValue, planned: ObjectValue): Path[] {
  return Object.entries(resource.attributes)
    .filter(([name, { replace, type }]) => replace && !equivalent(planned[name] ?? null, prior[name] ?? null, type))
    .map(([name]) => [name]);
}
