import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type DockerThing, declaredThings, existing, remove, stateThings } from "./docker";
import type { Stack } from "./project";
import { type Session, terraform } from "./session";
import { keycloakEntries, type State } from "./state";

/**
 * An `up` that was killed may have made things in Docker that the state never heard of, and their names are then taken.
 * Before it applies, `up` writes down which things do not exist yet; a later run that finds this record knows that
 * whatever is there now and not in the state is a leftover of that run, and that nobody else can miss it.
 */
export async function recordAttempt(session: Session, stack: Stack): Promise<void> {
  const declared = declaredThings(stack);
  const there = await existing(declared, session.env);
  const missing = declared.filter(
    ({ kind, name }) => !there.some((thing) => thing.kind === kind && thing.name === name),
  );
  if (missing.length === 0) return;
  const file = recordFile(session, stack);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, JSON.stringify(missing));
}

export function forgetAttempt(session: Session, stack: Stack): void {
  rmSync(recordFile(session, stack), { force: true });
}

/** Removes what an interrupted run left; true where the state was changed for it. */
export async function removeInterrupted(session: Session, stack: Stack, state: State): Promise<boolean> {
  const file = recordFile(session, stack);
  if (!existsSync(file)) return false;
  const made = JSON.parse(readFileSync(file, "utf8")) as DockerThing[];
  const known = stateThings(state);
  const leftovers = (await existing(made, session.env)).filter(
    (thing) => !known.some(({ kind, name }) => kind === thing.kind && name === thing.name),
  );
  if (leftovers.length === 0) return false;
  session.out.warn(
    `removing what an interrupted run left: ${leftovers.map(({ kind, name }) => `${kind} ${name}`).join(", ")}`,
  );
  await remove(leftovers, session.env);
  if (leftovers.every(({ kind }) => kind !== "volume")) return false;
  await terraform(session, stack).forget(keycloakEntries(state)); // they were in that volume
  return true;
}

function recordFile({ project }: Session, stack: Stack): string {
  return join(project.folder, ".m2m", `attempt-${stack.name}.json`);
}
