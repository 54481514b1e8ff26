import { equivalent, isEmpty, isUnknown, type ObjectValue, type Value } from "../protocol/values";
import type { Block, Problem, Resource } from "./table";

/**
 * Blocks that are only shown, and are configured otherwise than the server has them. As the server has them they are
 * accepted: `terraform plan -generate-config-out` writes what was read.
 */
export function checkShownBlocks(resource: Resource, prior: ObjectValue | null, config: ObjectValue): Problem[] {
  return Object.entries(resource.blocks ?? {}).flatMap(([name, block]) => {
    const { unsupported } = block;
    const there = prior?.[name] ?? null;
    if (!unsupported || isAsThere(block, config[name] ?? null, there)) return [];
    const summary = `${name} is not supported by the embedded Keycloak provider${isEmpty(there) ? "" : ", except as it is in Keycloak"}`;
    return [{ path: [name], summary, detail: unsupported }];
  });
}

/** Whether everything that is configured is so on the server. What is not known yet is looked at when it is. */
function isAsThere({ attributes, blocks = {} }: Block, configured: Value, there: Value): boolean {
  if (isEmpty(configured) || isUnknown(configured)) return true;
  const [elements, others] = [configured as Value[], (there ?? []) as Value[]];
  return elements.every((element, index) => {
    if (element === null || isUnknown(element)) return true;
    const [wanted, got] = [element as ObjectValue, (others[index] ?? null) as ObjectValue | null];
    if (!got) return false;
    const same = Object.entries(attributes).every(([name, { type }]) => {
      const value = wanted[name] ?? null;
      return value === null || isUnknown(value) || equivalent(value, got[name] ?? null, type);
    });
    return (
      same && Object.entries(blocks).every(([name, inner]) => isAsThere(inner, wanted[name] ?? null, got[name] ?? null))
    );
  });
}
