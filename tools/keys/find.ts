import type { KeyError } from "../../constructs/keys/errors";
import { type Output, ToolError } from "../output";
import { knownKeys } from "../project/known-keys";
import { type Project, readStacks, type Stack } from "../project/project";
import { refuseLostKeys, type Synthesis } from "../project/refuse-other-keys";
import { localStateFile, named, readState, type State } from "../project/state";
import { synthesize, withoutRemarks } from "../project/synth";
import { openSession, stateOf } from "../session";
import { choosePairs, type Pair, readPairs } from "./pairs";

/** How pairs are looked for. */
export interface Search {
  readonly names: readonly string[];
  /** Whether they are to be changed: what changes nothing makes no key either. */
  readonly changes: boolean;
  /**
   * Whether the search goes on, with a warning, if another pair, the app or a state is broken. Then the last synthesis
   * counts, and a state that cannot be read says that nothing is deployed.
   */
  readonly goesOn: boolean;
}

/** The pairs of some names, or all that can be read, beside all of them. */
export async function findPairs(
  project: Project,
  search: Search,
  out: Output,
  interruption: AbortSignal,
): Promise<{ pairs: Pair[]; all: Pair[]; stacks: Stack[]; isComplete: boolean }> {
  const isOver = () => !search.goesOn || interruption.aborted;
  const synthesis = await synthesized(project, search, out, isOver);
  const { stacks } = synthesis;
  const warnOf = (error: unknown, problem = "") => {
    if (isOver() || !(error instanceof Error)) throw error;
    out.warn(`${problem}${error.message}`);
  };
  const states = new Map<string, State>();
  const read = stateReader(out, interruption);
  for (const stack of stacks) {
    try {
      states.set(stack.name, await read(stack));
    } catch (error) {
      warnOf(error, `what is deployed of stack ${stack.name} is not known: `);
    }
  }
  try {
    refuseLostKeys(project, synthesis, knownKeys(named(states)));
  } catch (error) {
    warnOf(error);
  }
  const broken: KeyError[] = [];
  const all = readPairs(project, stacks, states, (name, error) => {
    if (isOver() || search.names.includes(name)) throw error;
    out.warn(`${name}: ${error.message}`);
    broken.push(error);
  });
  const pairs = search.names.length === 0 ? all : choosePairs(all, search.names);
  return { pairs, all, stacks, isComplete: broken.length === 0 };
}

async function synthesized(
  project: Project,
  { changes }: Search,
  out: Output,
  isOver: () => boolean,
): Promise<Synthesis> {
  const createKeys = changes ? "outside CI" : "never";
  try {
    return await synthesize(project, withoutRemarks(out), { createKeys, reissue: false, newKeys: false });
  } catch (error) {
    const before = readStacks(project);
    if (isOver() || before.length === 0 || !(error instanceof ToolError)) throw error;
    out.warn(`going on with what was synthesized before, because the app fails now: ${error.message}`);
    return { stacks: before, made: [] };
  }
}

/** Opens a session for the first state that only Terraform can read. */
function stateReader(out: Output, interruption: AbortSignal): (stack: Stack) => Promise<State> {
  let session: ReturnType<typeof openSession> | undefined;
  return async (stack) => {
    const file = localStateFile(stack);
    if (file) return readState(file);
    session ??= openSession(out, interruption);
    return await stateOf(await session, stack);
  };
}
