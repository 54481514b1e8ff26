import { type Diagnostic, warning } from "../protocol/diagnostics";
import { typeOfBlock } from "../protocol/schema";
import { equivalent, isWhollyKnown, type ObjectValue } from "../protocol/values";
import { schemaOf } from "./schema";
import type { Change, Resource } from "./table";

/** Whether Keycloak has what was planned, so far as it was known and could be sent. */
export function asPlanned(resource: Resource, planned: ObjectValue, state: ObjectValue): boolean {
  return Object.entries(resource.attributes).every(([name, { read, write, type }]) => {
    const [wanted, got] = [planned[name] ?? null, state[name] ?? null];
    if (!read || !write || !isWhollyKnown(wanted)) return true;
    return equivalent(wanted, got, type);
  });
}

/** Warns of values that Keycloak did not take: each plan will show them again. */
export function unheeded(resource: Resource, { config, planned }: Change, state: ObjectValue): Diagnostic[] {
  const types = typeOfBlock(schemaOf(resource).block)[1] as { [name: string]: "string" };
  return Object.entries(resource.attributes)
    .filter(([name, attribute]) => {
      const [wanted, got] = [planned[name] ?? null, state[name] ?? null];
      const declared = (config[name] ?? null) !== null || attribute.default !== undefined;
      if (!declared || !attribute.read || attribute.writeOnly || !isWhollyKnown(wanted)) return false;
      return !equivalent(wanted, got, types[name]!);
    })
    .map(([name]) =>
      warning(
        `Keycloak did not take ${name} of ${resource.title(planned)} as it was declared`,
        "It answered without an error but kept a value of its own. The next plan will show this attribute again.",
        [name],
      ),
    );
}
