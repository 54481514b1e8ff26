import { setTimeout as sleep } from "node:timers/promises";
import { databasesIn } from "../../constructs/contract/markers";
import { existing, isRunning, oneRuns, stateThings } from "../engines/docker";
import { failedBecause } from "../engines/terraform-failure";
import type { ToolError } from "../output";
import { addresses, type Stack } from "../project/project";
import { type Session, terraform } from "../session";
import { type ApplyOptions, planAndApply } from "./apply-plan";
import { adopt } from "./half-made";
import { beginAttempt, endAttempt } from "./interrupted";
import { lostWithItsState } from "./lost-state";
import { announce, findMoves, withMoves } from "./moves";
import { refuseLostData } from "./refuse-lost-data";
import { refuseForeign, refuseTakenPorts } from "./refuse-taken";
import { withServerLog } from "./server-log";
import { type Deployed, serversOf } from "./servers";

const LOOK_EVERY_MS = 2000;

/** Deploys a stack. */
export async function applyStack(session: Session, stack: Stack, options: ApplyOptions): Promise<void> {
  const { env, out } = session;
  const tool = terraform(session, stack);
  await tool.init();
  const { there, inKeycloak } = await beginAttempt(session, stack);
  try {
    const state = await tool.state();
    refuseForeign(there, state);
    refuseLostData(stack, there, state);
    await refuseTakenPorts(stack, env);
    const moves = findMoves(stack, state);
    announce(moves, session);
    const adoptAll = () => adopt(session, stack, inKeycloak);
    const apply = async () => {
      try {
        await planAndApply(session, stack, options);
      } catch (error) {
        if (!savedItsState(error, session)) throw error;
        const isFound =
          inKeycloak.length > 0
            ? await adoptLater(error, adoptAll, options.lookForMs)
            : failedBecause(error, "exists-already") && (await adoptLost(session, stack));
        if (!isFound) throw error;
        await planAndApply(session, stack, options);
      }
    };
    if (await serverIsLost({ stack, state }, env)) {
      out.warn("a container of this environment is gone; bringing back what is in Docker first, then the rest");
      for (const { from, to } of moves) await tool.move(from, to); // a plan of some addresses takes no others along
      await planAndApply(session, stack, { ...options, before: undefined, targets: addresses(stack, "docker_") });
      await adoptAll();
      await apply();
    } else {
      await adoptAll();
      await withMoves(stack, moves, apply);
    }
  } catch (error) {
    if (savedItsState(error, session)) endAttempt(session, stack);
    throw await withServerLog(error, stack, env);
  }
  endAttempt(session, stack);
}

/**
 * Keycloak may still have been at work on something when it was looked for. If it says that it exists, it is waited for: on a
 * busy machine it takes a while until it shows.
 */
async function adoptLater(error: unknown, adoptAll: () => Promise<boolean>, lookForMs = 60_000): Promise<boolean> {
  for (const end = Date.now() + lookForMs; ; await sleep(LOOK_EVERY_MS)) {
    if (await adoptAll()) return true;
    if (!failedBecause(error, "exists-already") || Date.now() > end) return false;
  }
}

/** Takes in what is in Keycloak because the state was lost, and not because it is somebody else's. */
async function adoptLost(session: Session, stack: Stack): Promise<boolean> {
  const lost = await lostWithItsState(stack, await terraform(session, stack).state());
  return lost.length > 0 && (await adopt(session, stack, lost, "the state does not know, and Keycloak has,"));
}

/** After a failure everything that was made is in the state, unless Terraform or a provider was ended. */
function savedItsState(error: unknown, { interruption }: Session): boolean {
  const isKilled = (error as ToolError).code === "terraform-killed";
  return (
    !interruption.aborted &&
    !isKilled &&
    !failedBecause(error, "state-not-saved") &&
    !failedBecause(error, "provider-ended")
  );
}

/** Is a server of this stack gone, or a database? Terraform cannot refresh what it held until it is back. */
async function serverIsLost(deployed: Deployed, env: Record<string, string>): Promise<boolean> {
  const { stack, state } = deployed;
  const own = serversOf(deployed, [deployed]).flatMap(({ containers }) => (containers ? [containers] : []));
  const databases = databasesIn(stack.json).map(({ container }) => container);
  const known = stateThings(state).filter(({ kind, name }) => kind === "container" && databases.includes(name));
  const running = await Promise.all([
    ...own.map((containers) => oneRuns(containers, env)),
    ...known.map(({ id }) => isRunning(id, env)),
  ]);
  const services = stateThings(state).filter(({ kind }) => kind === "service");
  const there = services.length === 0 ? [] : await existing(services, env);
  return !running.every(Boolean) || there.length < services.length;
}
