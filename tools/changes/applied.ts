import type { SavedPlan } from "../engines/saved-plan";
import type { Output } from "../output";
import type { Stack } from "../project/project";
import { changesIn } from "./changes";
import { inJson, plainText, type StackInWords, summary } from "./print";

/** What a run has applied. */
export interface Applied {
  /** Notes a plan once it is applied, and says what it has changed. */
  readonly note: (stack: Stack, plan: SavedPlan) => void;
  /** All of it, for a program. */
  changes(): ReturnType<typeof inJson>["inWords"];
}

/** Says of each plan what it has changed, in a log too, and keeps it. */
export function recordApplied(out: Output): Applied {
  const all: StackInWords[] = [];
  return {
    note(stack, plan) {
      const words = { stack: stack.name, ...changesIn(plan, stack.json) };
      all.push(words);
      if (!out.json) out.warn(plainText(summary(words), out.paintWarned));
    },
    changes() {
      const { inWords, byHand } = inJson(all);
      return [...inWords, ...byHand];
    },
  };
}
