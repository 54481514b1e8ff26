import { quoted } from "../../constructs/keys/shown";
import { isUnknown, type Value } from "../protocol/values";
import { parseDuration } from "./durations";
import type { Attribute } from "./table";

/** What is wrong with a configured value, to stand after the attribute's name. Null: nothing. */
export function checkValue(attribute: Attribute, value: Value): string | null {
  const { type, required, mayBeEmpty = !required, oneOf, normalise } = attribute;
  const got = `got: ${Array.isArray(value) ? quoted(value.map(inWords)) : quoted(value)}`;
  if (oneOf && !oneOf.includes(value as string)) {
    return `must be one of ${oneOf.map((choice) => JSON.stringify(choice)).join(", ")}, ${got}`;
  }
  if (value === "" && !mayBeEmpty) return `must not be empty, ${got}`;
  if (type === "number" && !Number.isInteger(value)) return `must be a whole number, ${got}`;
  if (Array.isArray(value) && value.includes(null)) {
    return `must not hold null, ${got}. Leave such an element out, as \`compact\` does`;
  }
  if (normalise && typeof value === "string" && value !== "" && parseDuration(value) === null) {
    return `must be a duration such as "5m0s" or "12h", ${got}`;
  }
  return null;
}

/** An element of a list, as a message has it. */
function inWords(element: Value): Value {
  if (isUnknown(element)) return "(known after apply)";
  return typeof element === "object" && element !== null ? "(an object)" : element;
}
