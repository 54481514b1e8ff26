import { command, NEW_KEYS } from "../cli/command";
import { announce, findMoves, withMoves } from "../deploy/moves";
import { EMPTY } from "../project/state";
import { declared, openSession, type Session, terraform } from "../session";

export const diffCommand = command({
  name: "diff",
  help: "show what up would change; exit code 0: nothing, 2: changes, 1: error",
  options: NEW_KEYS,
  async run({ options, out, interruption }) {
    return await diff(await openSession(out, interruption), { newKeys: options["new-keys"] });
  },
});

/** Exit codes of `terraform plan -detailed-exitcode`. */
export const NO_CHANGES = 0;
export const CHANGES_PENDING = 2;

/** Shows what `up` would change; the result is the exit code. */
export async function diff(opened: Session, { newKeys }: { newKeys: boolean }): Promise<number> {
  const { out } = opened;
  const switches = { createKeys: "outside CI", reissue: false, switchesKeys: true } as const;
  const { session, stacks, states } = await declared(opened, { ...switches, newKeys });
  const changes: { stack: string; action: string; address: string }[] = [];
  let pending = false;
  for (const stack of stacks) {
    const tool = terraform(session, stack);
    await tool.init();
    const moves = findMoves(stack, states.get(stack.name) ?? EMPTY);
    announce(moves, session);
    await withMoves(stack, moves, async () => {
      if (out.json) {
        const plan = await tool.planJson();
        pending ||= plan.pending;
        changes.push(...plan.changes.map((change) => ({ stack: stack.name, ...change })));
      } else if (await tool.plan(process.stdout.isTTY === true)) {
        pending = true;
      }
    });
  }
  if (out.json) out.result("", { changes });
  return pending ? CHANGES_PENDING : NO_CHANGES;
}
