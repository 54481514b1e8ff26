import { isDeepStrictEqual } from "node:util";
import { optional, required, text, textMap } from "../../engine/fields";
import type { Attribute, Block, Problem, Representation, Rule } from "../../engine/table";
import { isUnknown, type ObjectValue, type Value, withoutNulls } from "../../protocol/values";

/** Keycloak reads the attributes of this condition from a text, although they are JSON. */
const AS_TEXT = ["client-attributes"];

const isJson = (value: string) => value.startsWith("{") || value.startsWith("[");

/**
 * Lists and objects stand in the map as JSON: a value of a map in Terraform is text. One that is known only now may not be JSON;
 * then Keycloak says what is wrong.
 */
function decode(settings: ObjectValue, kind: unknown): Representation {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => {
      const content = String(value);
      return [
        key,
        isJson(content) && parses(content) && !AS_TEXT.includes(String(kind)) ? JSON.parse(content) : content,
      ];
    }),
  );
}

/** A setting as text. What means the same as before stays as it was written. */
function encode(value: unknown, before: Value | undefined): string {
  const content = typeof value === "object" ? JSON.stringify(value) : String(value);
  if (typeof before !== "string" || !isJson(before)) return content;
  try {
    return isDeepStrictEqual(JSON.parse(before), JSON.parse(content)) ? before : content;
  } catch {
    return content;
  }
}

/**
 * A list of executors or conditions: each has the name of a provider in Keycloak, and its settings.
 *
 * @param elements the list in Keycloak's JSON
 * @param kind the field that holds the name
 */
export function policyParts(elements: string, kind: "executor" | "condition"): Block {
  const name: Attribute = {
    ...text,
    ...required,
    read: (representation) => String(representation[kind] ?? ""),
    write: (representation, value) => {
      representation[kind] = value;
    },
  };
  const configuration: Attribute = {
    ...textMap,
    ...optional,
    read: (representation, known) => {
      const kept = Object.entries((representation.configuration ?? {}) as Representation);
      const before = (known ?? {}) as ObjectValue;
      const set = kept.filter(([, value]) => value !== null);
      if (known === null && set.length === 0) return null;
      return Object.fromEntries(set.map(([key, value]) => [key, encode(value, before[key])]));
    },
    // Without settings Keycloak wants an empty object.
    write: (representation, value) => {
      const settings = (withoutNulls(value, textMap.type) ?? {}) as ObjectValue;
      representation.configuration = decode(settings, representation[kind]);
    },
  };
  return { nesting: "list", unlimited: true, elements, attributes: { name, configuration } };
}

/** A value that begins as JSON does has to be JSON. */
export function settingsAreJson(block: string): Rule {
  return (config) => {
    const parts = config[block];
    if (!Array.isArray(parts)) return [];
    return parts.flatMap((part, index) => problemsOf(part as ObjectValue | null, [block, index]));
  };
}

function problemsOf(part: ObjectValue | null, at: [string, number]): Problem[] {
  // A part may be null, or not known yet.
  const { name, configuration } = part === null || isUnknown(part) ? ({} as ObjectValue) : part;
  if (!configuration || isUnknown(configuration) || isUnknown(name)) return [];
  return Object.entries(configuration as ObjectValue)
    .filter(([, value]) => typeof value === "string" && isJson(value) && !parses(value))
    .map(([key]) => ({
      path: [...at, "configuration", { key }],
      summary: `configuration key "${key}" of ${String(name)} must be JSON if it begins with "{" or "["`,
      detail: "Write lists and objects with `jsonencode`.",
    }));
}

function parses(value: string): boolean {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}
