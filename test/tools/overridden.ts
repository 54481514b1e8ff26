import type { Override } from "../../constructs/contract/terraform-json";

/** The JSON of a stack or resource, with what constructs add to it. */
export function overridden<Json extends object>(json: Json, ...overrides: readonly Override[]): Json {
  const result = structuredClone(json);
  for (const [path, value] of overrides) {
    const names = path.split(".");
    const last = names.pop()!;
    let place = result as Record<string, unknown>;
    for (const name of names) {
      place[name] ??= {};
      place = place[name] as Record<string, unknown>;
    }
    place[last] = value;
  }
  return result;
}
