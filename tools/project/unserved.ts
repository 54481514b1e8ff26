import { EMBEDDED_TYPES } from "../../constructs/contract/embedded-provider";
import { ToolError } from "../output";
import type { State } from "./state";

/** The entries of a state that the embedded Keycloak provider could neither read nor change. */
function unservedEntries({ resources }: State): string[] {
  const isServed = (mode: string, type: string) =>
    (mode === "data" ? EMBEDDED_TYPES.dataSources : EMBEDDED_TYPES.resources).some((served) => served === type);
  return resources
    .filter(({ mode, type }) => type.startsWith("keycloak_") && !isServed(mode, type))
    .map(({ mode, type, name }) => `${mode === "data" ? "data." : ""}${type}.${name}`);
}

/**
 * Refuses a switch to the embedded provider that would leave a state without anybody who can read it.
 *
 * @param states by where they are
 * @throws {ToolError} `not-served`
 */
export function refuseUnserved(states: ReadonlyMap<string, State>): void {
  const found = [...states].flatMap(([where, state]) => unservedEntries(state).map((entry) => `${entry} in ${where}`));
  if (found.length === 0) return;
  const list = found.map((line) => `\n  ${line}`).join("");
  throw new ToolError(
    "not-served",
    `nothing was switched, because the embedded Keycloak provider does not serve what these entries are:${list}\nStay with the official provider, or first take them out of the code and run \`m2m up\`, or out of the state with \`terraform state rm\``,
  );
}
