import { rmSync } from "node:fs";
import { join } from "node:path";
import { m2mFolder } from "../../constructs/contract/project-files";
import { changesIn } from "../changes/changes";
import { inJson, markdown, plainText, printedLines, type StackInWords } from "../changes/print";
import { command, NEW_KEYS, usage } from "../cli/command";
import { announce, findMoves, withMoves } from "../deploy/moves";
import type { PlannedChange } from "../engines/terraform-events";
import type { Stack } from "../project/project";
import { EMPTY, type State } from "../project/state";
import { declared, openSession, type Session, terraform } from "../session";

export const diffCommand = command({
  name: "diff",
  help: "show what up would change; exit code 0: nothing, 2: changes, 1: error",
  options: {
    ...NEW_KEYS,
    full: { help: "Terraform's plan after it" },
    markdown: { help: "as a comment on a pull request" },
  },
  async run({ options, out, interruption }) {
    const { full, markdown, "new-keys": newKeys } = options;
    if (markdown && out.json) throw usage("diff takes --json or --markdown, not both");
    return await diff(await openSession(out, interruption), { newKeys, full, markdown });
  },
});

/** Exit codes of `terraform plan -detailed-exitcode`. */
export const NO_CHANGES = 0;
export const CHANGES_PENDING = 2;

interface DiffOptions {
  readonly newKeys: boolean;
  readonly full: boolean;
  readonly markdown: boolean;
}

/** What one stack's plan would do. */
interface StackDiff {
  readonly words: StackInWords;
  readonly pending: boolean;
  readonly changes: readonly PlannedChange[];
  /** Terraform's own text, where it is wanted. */
  readonly text?: string;
}

/** Shows what `up` would change; the result is the exit code. */
export async function diff(opened: Session, options: DiffOptions): Promise<number> {
  const { out } = opened;
  const switches = { createKeys: "outside CI", reissue: false, switchesKeys: true } as const;
  const { session, stacks, states } = await declared(opened, { ...switches, newKeys: options.newKeys });
  const isTextWanted = options.full && !out.json;
  const all: StackDiff[] = [];
  for (const stack of stacks) {
    all.push(
      await diffOf(session, stack, states.get(stack.name) ?? EMPTY, { isTextWanted, markdown: options.markdown }),
    );
  }
  const words = all.map((one) => one.words);
  const plans = all.flatMap(({ text }) => text ?? []);
  const changes = all.flatMap((one) => one.changes.map((change) => ({ stack: one.words.stack, ...change })));
  const text = options.markdown
    ? markdown(words, plans)
    : [plainText(printedLines(words), out.paint), ...plans.map((plan) => `\n${plan}`)].join("\n");
  out.result(text, { ...inJson(words), changes });
  return all.some(({ pending }) => pending) ? CHANGES_PENDING : NO_CHANGES;
}

async function diffOf(
  session: Session,
  stack: Stack,
  state: State,
  { isTextWanted, markdown }: { isTextWanted: boolean; markdown: boolean },
): Promise<StackDiff> {
  const tool = terraform(session, stack);
  await tool.init();
  const moves = findMoves(stack, state);
  announce(moves, session);
  const file = join(m2mFolder(session.project.folder), `diff-${stack.name}`);
  try {
    return await withMoves(stack, moves, async () => {
      const { pending, changes } = await tool.planToShow(file);
      const words = { stack: stack.name, ...changesIn(await tool.show(file), stack.json) };
      const text = isTextWanted ? await tool.showText(file, session.out.isColoured && !markdown) : undefined;
      return { words, pending, changes, ...(text !== undefined && { text: text.trim() }) };
    });
  } finally {
    rmSync(file, { force: true }); // it holds what the state holds
  }
}
