import { rmSync } from "node:fs";
import { join } from "node:path";
import { m2mFolder } from "../../constructs/contract/project-files";
import { findMoves, withMoves } from "../deploy/moves";
import type { SavedPlan } from "../engines/saved-plan";
import type { Stack } from "../project/project";
import type { State } from "../project/state";
import { type Session, terraform } from "../session";
import type { Change } from "./admin-events";
import { type Drifted, driftedIn, pendingIn } from "./drifted";
import { changesBehind, type RealmChanges } from "./realm-changes";

/** One object that somebody changed, and who that may have been, the latest first. */
export interface Found extends Drifted {
  readonly stack: string;
  /** `undefined` where its realm keeps no such events. */
  readonly by: readonly Change[] | undefined;
}

/** What differs in a stack, and how much its plan has beside that. */
export interface StackDrift {
  readonly found: readonly Found[];
  readonly pending: number;
}

/** Plans a stack, and finds who may have changed what. */
export async function findDrift(
  session: Session,
  stack: Stack,
  state: State,
  changes: readonly RealmChanges[],
): Promise<StackDrift> {
  const plan = await planOf(session, stack, state);
  const found = driftedIn(plan).map((one) => ({ ...one, stack: stack.name, by: changesBehind(one, stack, changes) }));
  return { found, pending: pendingIn(plan) };
}

async function planOf(session: Session, stack: Stack, state: State): Promise<SavedPlan> {
  const tool = terraform(session, stack);
  await tool.init();
  const file = join(m2mFolder(session.project.folder), `drift-${stack.name}`);
  try {
    return await withMoves(stack, findMoves(stack, state), async () => {
      await tool.planToShow(file);
      return await tool.show(file);
    });
  } finally {
    rmSync(file, { force: true }); // it holds what the state holds
  }
}
