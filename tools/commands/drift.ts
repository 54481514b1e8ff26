import { command, NEW_KEYS } from "../cli/command";
import type { Change } from "../events/admin-events";
import { findDrift, type StackDrift } from "../events/find-drift";
import { printDrift } from "../events/print-drift";
import { otherChanges, readChanges } from "../events/realm-changes";
import { watchedRealms } from "../events/realms";
import { EMPTY } from "../project/state";
import { declared, openSession, type Session } from "../session";
import { CHANGES_PENDING, NO_CHANGES } from "./diff";

export const driftCommand = command({
  name: "drift",
  help: "what was changed by hand, by whom, and what up does about it; exit code 0: nothing, 2: changes, 1: error",
  options: NEW_KEYS,
  async run({ options, out, interruption }) {
    return await drift(await openSession(out, interruption), { newKeys: options["new-keys"] });
  },
});

/** Shows what was changed outside Terraform; the result is the exit code. */
export async function drift(opened: Session, { newKeys }: { newKeys: boolean }): Promise<number> {
  const { out } = opened;
  const switches = { createKeys: "outside CI", reissue: false, switchesKeys: true } as const;
  const { session, stacks, states } = await declared(opened, { ...switches, newKeys });
  const changes = await readChanges(watchedRealms(session.project), stacks);
  const all: StackDrift[] = [];
  for (const stack of stacks) all.push(await findDrift(session, stack, states.get(stack.name) ?? EMPTY, changes));
  for (const { realm } of changes.filter((one) => one.changes === undefined)) {
    out.warn(`who changes realm ${realm} is not known: declare \`adminEventsSeconds\`, and run \`m2m up\``);
  }
  const others = otherChanges(changes, new Set(all.flatMap(({ found }) => found.flatMap(({ by }) => by ?? []))));
  out.result(printDrift(all, others), {
    drift: all.flatMap(({ found }) =>
      found.map(({ before: _before, type: _type, by, ...one }) => ({ ...one, ...(by && { by: by.map(inJson) }) })),
    ),
    others: others.map(({ realm, ...change }) => ({ realm, ...inJson(change) })),
    pending: all.reduce((sum, { pending }) => sum + pending, 0),
  });
  return all.some(({ found }) => found.length > 0) ? CHANGES_PENDING : NO_CHANGES;
}

function inJson({ event, ...change }: Change) {
  const { operationType: operation, resourceType: resource, resourcePath: path } = event;
  return { ...change, operation, resource, ...(path && { path }) };
}
