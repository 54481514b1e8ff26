import { rmSync } from "node:fs";
import { join } from "node:path";
import { m2mFolder } from "../../constructs/contract/project-files";
import { confirm } from "../confirm";
import type { SavedPlan } from "../engines/saved-plan";
import type { Stack } from "../project/project";
import { type Session, terraform } from "../session";
import { destroyedInWords, destroysSomething } from "./destroyed";
import { aboutToMake, makesInKeycloak } from "./half-made";
import { noteInKeycloak } from "./interrupted";
import { refuseKnownToFail } from "./known-to-fail";

/** How a stack is applied. */
export interface ApplyOptions {
  /** Destroy without asking. */
  readonly yes: boolean;
  /** Some addresses, and what they need; all without. */
  readonly targets?: readonly string[];
  /** Comes right before the changes are made. Says whether it changed files that the plan may have read. */
  readonly before?: () => Promise<boolean>;
  /** Is told each plan that was applied. */
  readonly applied?: (stack: Stack, plan: SavedPlan) => void;
  /**
   * How long is waited for what Keycloak says exists, and does not show yet, in milliseconds.
   *
   * @default 60000
   */
  readonly lookForMs?: number;
}

/** Plans, asks if something would be destroyed that nobody brings back, and does what was shown. */
export async function planAndApply(session: Session, stack: Stack, options: ApplyOptions): Promise<void> {
  const { interruption } = session;
  const tool = terraform(session, stack);
  const file = planFile(session, stack);
  let isConfirmed = options.yes;
  let resources = 0;
  let plan: SavedPlan;
  try {
    do {
      const changes = await tool.planInto(file, options.targets);
      resources = changes.filter(({ address }) => !address.startsWith("output.")).length;
      const destroys = destroysSomething(changes);
      const isRead = destroys || makesInKeycloak(changes) || (changes.length > 0 && options.applied !== undefined);
      plan = isRead ? await tool.show(file) : {};
      if (destroys) {
        await refuseKnownToFail(stack, plan);
        if (!isConfirmed) await confirmDestruction(stack, plan, interruption);
        isConfirmed = true;
      }
      await noteInKeycloak(session, stack, await aboutToMake(stack, plan));
    } while (await options.before?.());
    await tool.applyPlan(file, resources);
    options.applied?.(stack, plan);
  } finally {
    rmSync(file, { force: true }); // it holds what the state holds
  }
}

async function confirmDestruction(stack: Stack, plan: SavedPlan, interruption: AbortSignal): Promise<void> {
  const lines = destroyedInWords(plan);
  if (lines.length === 0) return;
  const text = [`this destroys, in stack ${stack.name}:`, ...lines].join("\n  ");
  await confirm(text, "Enter yes to destroy them: ", interruption);
}

/** A plan holds what the state holds: its place is known, so that the next run removes what a killed one left. */
function planFile({ project }: Session, stack: Stack): string {
  return join(m2mFolder(project.folder), `plan-${stack.name}`);
}
