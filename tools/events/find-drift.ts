import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { m2mFolder } from "../../constructs/contract/project-files";
import { findMoves, withMoves } from "../deploy/moves";
import type { SavedPlan } from "../engines/saved-plan";
import { withAdminApi } from "../keycloak/admin-api";
import { loginsIn } from "../keycloak/login";
import type { Stack } from "../project/project";
import { localStateFile, type State } from "../project/state";
import { type Session, terraform } from "../session";
import { type Change, changesSince } from "./admin-events";
import { type Drifted, driftedIn, pendingIn } from "./drifted";
import type { WatchedRealm } from "./realms";
import { explains } from "./tie";

/** One object that somebody changed, and who that may have been, the latest first. */
export interface Found extends Drifted {
  readonly stack: string;
  /** `undefined` where its realm keeps no such events. */
  readonly by: readonly Change[] | undefined;
}

/** What differs in a stack, what its plan has beside that, and what else was changed in its realms. */
export interface StackDrift {
  readonly found: readonly Found[];
  readonly pending: number;
  readonly others: readonly (Change & { readonly realm: string })[];
  /** The realms of which nobody can tell who changes what. */
  readonly silent: readonly string[];
}

/** How far back it is asked who changed something, where the time of the last deploy is not known. */
const DAYS_BACK_MS = 7 * 86_400_000;

/** Plans a stack, and asks its realms who changed what since the last deploy. */
export async function findDrift(
  session: Session,
  stack: Stack,
  state: State,
  realms: readonly WatchedRealm[],
): Promise<StackDrift> {
  const plan = await planOf(session, stack, state);
  const drifted = driftedIn(plan);
  const own = realms.filter((one) => one.stack.name === stack.name && one.realm !== "master");
  const told = new Map<string, readonly Change[] | undefined>();
  for (const { realm, alias } of own) {
    const login = loginsIn(stack).find((one) => one.alias === alias) ?? {};
    const changes = await withAdminApi(stack, alias, (ask) => changesSince(ask, realm, lastDeploy(stack), login));
    told.set(realm, changes);
  }
  const found = drifted.map((one) => {
    const changes = told.get(one.realm ?? "");
    return { ...one, stack: stack.name, by: changes?.filter((change) => explains(change, one)) };
  });
  const explained = new Set(found.flatMap(({ by }) => by ?? []));
  const others = [...told].flatMap(([realm, changes = []]) =>
    changes.filter((one) => !explained.has(one)).map((one) => ({ ...one, realm })),
  );
  const silent = own.map(({ realm }) => realm).filter((realm) => told.get(realm) === undefined);
  return { found, pending: pendingIn(plan), others, silent };
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

/** A deploy writes the state. What was changed after that is not of it, whoever signed in. */
function lastDeploy(stack: Stack): Date {
  const file = localStateFile(stack);
  const stat = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false });
  return stat?.mtime ?? new Date(Date.now() - DAYS_BACK_MS);
}
