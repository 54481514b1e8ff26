import { revoke } from "../../constructs/keys/key-life";
import { activeOf, type KeyEntry } from "../../constructs/keys/key-record";
import { hasPrepared, refuseUnclear, revokeKey } from "./change";
import type { ActionContext } from "./context";
import { refuseLockOut } from "./deployer";
import { refuseCreation } from "./new-key";
import { declareFirst, described, NOT_HERE, type Outcome, short } from "./outcome";
import type { Pair } from "./pairs";
import { isHere } from "./private-half";

/** Has Keycloak refuse a key for good: the active one, unless another is meant. */
export async function revokeAction(pair: Pair, kid: string | undefined, context: ActionContext): Promise<Outcome> {
  const { name, record } = pair;
  const active = activeOf(record);
  if (active.kid.startsWith(kid ?? active.kid)) {
    refuseLockOut(
      pair,
      record.keys.find(({ state }) => state === "prepared"),
    );
  }
  if (context.dryRun) {
    const key = wouldRevoke(pair, kid, context);
    return { name, action: "revoke", kid: key.kid, said: `would revoke key ${short(key)}` };
  }
  const done = await revokeKey(pair, kid, context);
  const whose = isHere(pair, done.active, context.passphrase) ? "" : NOT_HERE;
  return {
    name,
    action: "revoke",
    kid: done.gone.kid,
    said: `revoked key ${short(done.gone)}; key ${described(done.active)} signs${whose}`,
    next: `${declareFirst(pair, done.active)}m2m up, at once: until then Keycloak accepts the revoked key and refuses a new one`,
  };
}

/** The key that would be revoked. @throws what a revocation would be refused for */
function wouldRevoke(pair: Pair, kid: string | undefined, { now, passphrase }: ActionContext): KeyEntry {
  const { record } = pair;
  const active = activeOf(record);
  refuseUnclear(pair, kid, passphrase);
  if (kid !== undefined && !active.kid.startsWith(kid)) {
    const after = revoke(record, now, kid);
    return after.keys.find((entry, i) => entry !== record.keys[i])!;
  }
  if (!hasPrepared(record)) refuseCreation(pair); // one is made to take its place
  return active;
}
