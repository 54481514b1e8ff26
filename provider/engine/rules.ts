import { type Diagnostic, type Path, problem } from "../protocol/diagnostics";
import { isUnknown, type ObjectValue, type Value } from "../protocol/values";
import { parseDuration } from "./durations";
import type { Attribute, Block, Resource } from "./table";

/** A rule's complaint: which attribute, what is wrong, what to do. */
export interface Problem {
  path: Path;
  summary: string;
  detail?: string;
}

type Rule = (config: ObjectValue) => Problem[];

/** Everything the tables can tell about a configuration before any server is asked. */
export function validate(
  resource: Pick<Resource, "attributes" | "blocks" | "rules">,
  config: ObjectValue,
  writeOnlyAllowed: boolean,
): Diagnostic[] {
  const problems = [
    ...checkAttributes(resource.attributes, config, []),
    ...checkBlocks(resource.blocks ?? {}, config, []),
    ...(writeOnlyAllowed ? [] : checkWriteOnly(resource.attributes, config)),
    ...(resource.rules ?? []).flatMap((rule) => rule(config)),
  ];
  return problems.map(({ path, summary, detail }) => problem(summary, detail, path));
}

function checkAttributes(attributes: { [name: string]: Attribute }, config: ObjectValue, at: Path): Problem[] {
  return Object.entries(attributes).flatMap(([name, attribute]) => {
    const value = config[name] ?? null;
    const path = [...at, name];
    if (value === null || isUnknown(value)) return [];
    if (attribute.unsupported) return [unsupported(path, name, attribute.unsupported)];
    if (attribute.oneOf && !attribute.oneOf.includes(value as string)) {
      const choices = attribute.oneOf.map((choice) => JSON.stringify(choice)).join(", ");
      return [{ path, summary: `${name} must be one of ${choices}, got: ${JSON.stringify(value)}` }];
    }
    if (attribute.normalise && typeof value === "string" && value !== "" && parseDuration(value) === null) {
      return [{ path, summary: `${name} must be a duration such as "5m0s" or "12h", got: ${JSON.stringify(value)}` }];
    }
    return [];
  });
}

function checkBlocks(blocks: { [name: string]: Block }, config: ObjectValue, at: Path): Problem[] {
  return Object.entries(blocks).flatMap(([name, block]) => {
    const configured = config[name];
    if (!Array.isArray(configured) || configured.length === 0) return [];
    if (block.unsupported) return [unsupported([...at, name], name, block.unsupported)];
    return configured.flatMap((element, index) => {
      const path: Path = [...at, name, index];
      if (isUnknown(element) || element === null) return [];
      const values = element as ObjectValue;
      return [...checkAttributes(block.attributes, values, path), ...checkBlocks(block.blocks ?? {}, values, path)];
    });
  });
}

function unsupported(path: Path, name: string, reason: string): Problem {
  return { path, summary: `${name} is not supported by the embedded Keycloak provider`, detail: reason };
}

function checkWriteOnly(attributes: { [name: string]: Attribute }, config: ObjectValue): Problem[] {
  return Object.entries(attributes)
    .filter(([name, attribute]) => attribute.writeOnly && isSet(config[name]))
    .map(([name]) => ({ path: [name], summary: `${name} needs Terraform 1.11 or later, which keeps it out of state` }));
}

/** Configured, be it to a value not known yet. */
export function isSet(value: Value | undefined): boolean {
  return value !== null && value !== undefined;
}

/** Configured to a value that is known. One that is not may turn out as none: Terraform asks again when it is. */
export function isKnown(value: Value | undefined): boolean {
  return isSet(value) && !isUnknown(value);
}

/** `name` may not be configured beside any of the others. */
export function conflicts(name: string, others: string[]): Rule {
  return (config) => {
    const found = isKnown(config[name]) ? others.filter((other) => isKnown(config[other])) : [];
    return found.map((other) => ({ path: [name], summary: `${name} cannot be set together with ${other}` }));
  };
}

/** `name` makes sense only beside `other`. */
export function needs(name: string, other: string): Rule {
  return (config) =>
    isKnown(config[name]) && !isSet(config[other]) ? [{ path: [name], summary: `${name} needs ${other} as well` }] : [];
}

/** Exactly one of the names must be configured. */
export function exactlyOne(names: string[]): Rule {
  return (config) => {
    const count = names.filter((name) => isKnown(config[name])).length;
    const mayBeOne = count === 0 && names.some((name) => isUnknown(config[name]));
    if (count === 1 || mayBeOne) return [];
    return [{ path: [], summary: `exactly one of ${names.join(" and ")} must be set, got: ${count}` }];
  };
}

/** The keys of a free map that belong to attributes of their own. */
export function reservedKeys(name: string, attributes: { [name: string]: Attribute }): Rule {
  const owners = new Map(Object.entries(attributes).flatMap(([owner, { key }]) => (key ? [[key, owner]] : [])));
  return (config) => {
    const map = config[name];
    if (!isSet(map) || isUnknown(map)) return [];
    return Object.keys(map as ObjectValue)
      .filter((key) => owners.has(key))
      .map((key) => ({
        path: [name, { key }],
        summary: `${name} key "${key}" conflicts with an attribute of its own`,
        detail: `Set ${owners.get(key)} instead.`,
      }));
  };
}
