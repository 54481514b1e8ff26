import { activeOf, type KeyEntry, stamp } from "../../constructs/keys/key-record";
import type { ActionContext } from "./context";
import type { KeyUse } from "./live-use";
import { short } from "./outcome";
import type { Pair } from "./pairs";
import { liveUses } from "./still-used";

/** Sign-ins of so long ago still tell who the machines are. */
const LOOK_BACK_MS = 24 * 3600 * 1000;

/**
 * Tells which programs may be refused by a switch to the next key. Of two keys of one algorithm Keycloak tries only the
 * first for an assertion without a `kid`. The login events do not have the `kid`, but a program that begins its `jti` with
 * the key's id, as this library does, sends it.
 */
export async function sayWhoMayBeRefused(pair: Pair, next: KeyEntry, { now, notice }: ActionContext): Promise<void> {
  if (next.algorithm !== activeOf(pair.record).algorithm) return; // each is the first of its own algorithm
  const uses = await liveUses(pair, new Date(now.getTime() - LOOK_BACK_MS), false).catch((error: Error) => {
    notice?.(`${pair.name}: whether a program signs in without a kid is not known: ${error.message}`);
    return undefined;
  });
  const unknown = (uses ?? []).filter(({ key }) => !pair.record.keys.some((entry) => short(entry) === key));
  if (unknown.length > 0) notice?.(`${pair.name}: ${whoMayBeRefused(unknown, next)}`);
}

function whoMayBeRefused(uses: readonly KeyUse[], next: KeyEntry): string {
  const places = uses.map(({ address, last }) => `${address} at ${stamp(last)}`).join(", ");
  return `a program did not say which key it signed with: ${places}; if it sends no kid, Keycloak refuses it from the next deploy on until it has key ${short(next)}`;
}
