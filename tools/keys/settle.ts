import { m2mFolder } from "../../constructs/contract/project-files";
import { KeyError } from "../../constructs/keys/errors";
import { isCutOff } from "../../constructs/keys/key-store";
import { readPassphrase } from "../../machines/settings";
import { withLock } from "../lock";
import type { Output } from "../output";
import type { Project, Stack } from "../project/project";
import { settled } from "./leftovers";
import { type Pair, readPairs } from "./pairs";

/** How long one command on keys waits for another. */
const WAIT_MS = 10_000;

/** Lets one command change keys at a time: two at once would both start from the same record. */
export function oneAtATime<T>(project: Project, out: Output, work: () => Promise<T>): Promise<T> {
  return withLock(m2mFolder(project.folder), "keys", { say: out.warn, waitMs: WAIT_MS }, work);
}

/**
 * Ends what a crashed command left half done. Otherwise a deploy could lock out a machine whose key was revoked. A key
 * file that cannot be opened here is left to its owner.
 */
export function settleKeys(project: Project, stacks: readonly Stack[], out: Output): Promise<boolean> {
  return settleAll(() => readPairs(project, stacks, new Map()), { project, out, waits: true });
}

/**
 * Brings the active keys of a stack's clients into their key files. The deploy that puts them first in Keycloak comes
 * right after, so that a machine that sends no `kid` is refused for a moment only. Says whether a key file has changed.
 */
export function switchKeys(project: Project, stacks: readonly Stack[], stack: Stack, out: Output): Promise<boolean> {
  const isIn = ({ clients }: Pair) => clients.some((client) => client.stack.name === stack.name);
  return settleAll(() => readPairs(project, stacks, new Map()).filter(isIn), { project, out, waits: false });
}

interface Settling {
  readonly project: Project;
  readonly out: Output;
  readonly waits: boolean;
}

/** Says whether an active key came into its key file. */
async function settleAll(read: () => Pair[], { project, out, waits }: Settling): Promise<boolean> {
  const pairsWithMany = () => read().filter(({ record }) => record.keys.length > 1);
  if (pairsWithMany().length === 0) return false;
  return await oneAtATime(project, out, async () => {
    let isMoved = false;
    // Read now, as the command that was waited for may have changed them.
    for (const pair of pairsWithMany()) {
      try {
        const context = { now: new Date(), passphrase: readPassphrase(process.env), notice: out.warn, waits };
        isMoved = settled(pair, context).isMoved || isMoved;
      } catch (error) {
        if (!(error instanceof KeyError && error.code === "KEY_UNREADABLE")) throw error;
        if (isCutOff(pair.files, pair.record))
          out.warn(`${pair.name}: a change of keys is unfinished: ${error.message}`);
      }
    }
    return isMoved;
  });
}
