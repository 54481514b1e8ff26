import { protectedVolumes } from "../../constructs/contract/data-protection";
import { type MadeThing, stateThings } from "../engines/docker";
import { ToolError } from "../output";
import type { Stack } from "../project/project";
import type { State } from "../project/state";

/**
 * Refuses to go on where a volume with protected data is gone. An empty one in its place would look like a success, and what
 * is made in it has other ids than a backup.
 *
 * @param there what is in Docker under the stack's names
 * @throws {ToolError} `data-lost`
 */
export function refuseLostData(stack: Stack, there: readonly MadeThing[], state: State): void {
  const namesOf = (things: readonly MadeThing[]) =>
    things.filter(({ kind }) => kind === "volume").map(({ name }) => name);
  const [known, present] = [namesOf(stateThings(state)), namesOf(there)];
  const lost = protectedVolumes(stack.json).filter((name) => known.includes(name) && !present.includes(name));
  if (lost.length === 0) return;
  throw new ToolError(
    "data-lost",
    `the volume ${lost.join(", ")} with the data of stack ${stack.name} is gone, and nothing was changed; bring a backup back by \`m2m restore FILE\`, or begin anew by \`m2m down --destroy-data\` and \`m2m up\``,
  );
}
