import { equal, isEmpty, isUnknown, isWhollyKnown, type ObjectValue, type Value } from "../protocol/values";
import type { Attribute, Before, Block, Representation, Resource } from "./table";

/** Terraform's state of an object read from Keycloak. `known` is its state or plan before. */
export function readState(
  resource: Pick<Resource, "attributes" | "blocks">,
  representation: Representation,
  known: ObjectValue,
  imported = false,
): ObjectValue {
  const { id } = known;
  const before = { state: known, imported };
  return { id: id ?? null, ...readMembers(resource.attributes, resource.blocks, representation, before) };
}

function readMembers(
  attributes: { [name: string]: Attribute },
  blocks: { [name: string]: Block } = {},
  representation: Representation,
  before: Before,
): ObjectValue {
  const state: ObjectValue = {};
  for (const [name, attribute] of Object.entries(attributes)) {
    state[name] = readAttribute(attribute, representation, knownPart(before.state[name] ?? null), before);
  }
  for (const [name, block] of Object.entries(blocks)) {
    state[name] = readBlock(block, representation, knownPart(before.state[name] ?? null), before.imported);
  }
  return state;
}

/** A plan may hold unknown values. For reading they count as null. */
function knownPart(value: Value): Value {
  return isUnknown(value) ? null : value;
}

function readAttribute(attribute: Attribute, representation: Representation, known: Value, before: Before): Value {
  if (attribute.writeOnly) return null;
  if (!attribute.read) return known ?? attribute.default ?? null;
  const fresh = attribute.read(representation, known, before);
  // Null and empty are the same to Keycloak: keep the form that the user chose.
  if (known !== null && isEmpty(known) && isEmpty(fresh)) return known;
  return fresh !== null && known !== null && equal(known, fresh, attribute.type) ? known : fresh;
}

function readBlock(block: Block, representation: Representation, known: Value, imported: boolean): Value {
  if (block.elements) return readElements(block, elementsIn(representation, block.elements), known, imported);
  const before = ((known as Value[] | null)?.[0] ?? null) as ObjectValue | null;
  const members = { state: before ?? {}, imported };
  const element = readMembers(block.attributes, block.blocks, representation, members);
  return isThere(block, element, before, representation, imported) ? [element] : [];
}

/** Each element is read beside the one that was in its place. */
function readElements(block: Block, elements: Representation[], known: Value, imported: boolean): Value {
  return elements.map((element, index) => {
    const state = ((known as Value[] | null)?.[index] ?? {}) as ObjectValue;
    return readMembers(block.attributes, block.blocks, element, { state, imported });
  });
}

function elementsIn(representation: Representation, field: string): Representation[] {
  return (representation[field] ?? []) as Representation[];
}

function isThere(
  block: Block,
  element: ObjectValue,
  before: ObjectValue | null,
  representation: Representation,
  imported: boolean,
): boolean {
  if (block.computed) return true;
  if (block.declaredOnly && before === null) return false;
  if (Object.keys(block.blocks ?? {}).some((name) => (element[name] as Value[]).length > 0)) return true;
  if (imported && block.presentOnImport) return block.presentOnImport(representation);
  return block.present ? block.present(representation) : before !== null;
}

/** Writes planned values into Keycloak's JSON. Keycloak chooses the unknown ones. */
export function writeRepresentation(
  resource: Resource,
  representation: Representation,
  planned: ObjectValue,
  prior: ObjectValue | null,
): Representation {
  writeMembers(resource.attributes, resource.blocks, representation, planned, prior);
  return representation;
}

function writeMembers(
  attributes: { [name: string]: Attribute },
  blocks: { [name: string]: Block } = {},
  representation: Representation,
  planned: ObjectValue,
  prior: ObjectValue | null,
): void {
  for (const [name, attribute] of Object.entries(attributes)) {
    const value = planned[name] ?? null;
    const before = prior?.[name] ?? null;
    if (!attribute.write || !isWhollyKnown(value)) continue;
    // Neither declared nor in the state: the server's own value stays.
    if (prior && value === null && (attribute.keep || attribute.computed)) continue;
    if (attribute.sendEmpty === false && isEmpty(value) && isEmpty(before)) continue;
    attribute.write(representation, value, before);
  }
  for (const [name, block] of Object.entries(blocks)) {
    writeBlock(block, representation, planned[name] ?? null, prior?.[name] ?? null);
  }
}

/** A removed block sets its attributes back to their defaults. */
function writeBlock(block: Block, representation: Representation, value: Value, prior: Value): void {
  if (block.unsupported || isUnknown(value)) return;
  if (block.elements) {
    const elements = ((value ?? []) as (ObjectValue | null)[]).filter((element) => element !== null);
    representation[block.elements] = elements.map((element) => {
      const written: Representation = {};
      writeMembers(block.attributes, block.blocks, written, element, null);
      return written;
    });
    return;
  }
  const element = ((value as Value[] | null)?.[0] ?? null) as ObjectValue | null;
  const before = ((prior as Value[] | null)?.[0] ?? null) as ObjectValue | null;
  block.toggle?.(representation, element !== null);
  if (element) writeMembers(block.attributes, block.blocks, representation, element, before);
  else if (before) writeMembers(block.attributes, block.blocks, representation, defaultsOf(block), before);
}

function defaultsOf(block: Block): ObjectValue {
  return Object.fromEntries(
    Object.entries(block.attributes).map(([name, attribute]) => [name, attribute.default ?? null]),
  );
}
