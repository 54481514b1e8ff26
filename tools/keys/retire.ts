import { retire, retiringOf } from "../../constructs/keys/key-life";
import type { KeyEntry, KeyRecord } from "../../constructs/keys/key-record";
import { retireKey } from "./change";
import type { ActionContext } from "./context";
import { withoutLeftovers } from "./leftovers";
import { type Outcome, shortOfAll } from "./outcome";
import type { Pair } from "./pairs";
import { refuseEarly } from "./still-used";

/** Which key is meant, and whether it is to go although it may still be in use. */
export interface Retirement {
  readonly kid?: string;
  readonly force: boolean;
}

/** Has keys dropped that no machine signs with any more. */
export async function retireAction(found: Pair, { kid, force }: Retirement, context: ActionContext): Promise<Outcome> {
  const pair = context.dryRun ? found : withoutLeftovers(found, { ...context, waits: !force });
  const going = retiringOf(pair.record).filter((entry) => entry.kid.startsWith(kid ?? ""));
  if (!force) await refuseEarly(pair, going, context.now);
  return drop(pair, kid, context);
}

/** Drops keys that are known to be out of use: the one of a `kid`, or all that retire. */
export function drop(pair: Pair, kid: string | undefined, context: ActionContext): Outcome {
  const outcome = { name: pair.name, action: "retire" };
  if (context.dryRun) {
    const going = wouldGo(pair.record, kid);
    return { ...outcome, kid: going[0]!.kid, said: `would drop key ${shortOfAll(going)}` };
  }
  const gone = retireKey(pair, kid, context);
  return {
    ...outcome,
    kid: gone[0]!.kid,
    said: `dropped key ${shortOfAll(gone)}`,
    next: "m2m up, so that Keycloak refuses it",
  };
}

function wouldGo(record: KeyRecord, kid: string | undefined): KeyEntry[] {
  const after = retire(record, kid);
  return record.keys.filter((entry) => !after.keys.includes(entry));
}
