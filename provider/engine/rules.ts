import { isEmpty, isUnknown, type ObjectValue, type Value } from "../protocol/values";
import type { Attribute, Rule } from "./table";

/** Whether a value is configured. It may still be unknown. An empty text, list or map is none. */
export function isSet(value: Value | undefined): boolean {
  return value === false || value === 0 || !isEmpty(value);
}

/** Whether a known value is configured. An unknown one may turn out to be null; Terraform validates again then. */
export function isKnown(value: Value | undefined): boolean {
  return isSet(value) && !isUnknown(value);
}

/** `name` cannot be configured together with any of the others. */
export function conflicts(name: string, others: string[]): Rule {
  return (config) => {
    const found = isKnown(config[name]) ? others.filter((other) => isKnown(config[other])) : [];
    return found.map((other) => ({ path: [name], summary: `${name} cannot be set together with ${other}` }));
  };
}

/** `name` needs `other` as well. */
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

/** Keys of a free map that belong to other attributes are refused. */
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
