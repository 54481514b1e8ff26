import { activate } from "../../constructs/keys/key-life";
import { activeOf, type KeyEntry } from "../../constructs/keys/key-record";
import { isCutOff } from "../../constructs/keys/key-store";
import { ToolError } from "../output";
import { activateKey } from "./change";
import type { ActionContext } from "./context";
import { refuseLockOut } from "./deployer";
import { declareFirst, described, NOT_HERE, type Outcome, short } from "./outcome";
import { deployedOf, type Pair } from "./pairs";
import { heldBy, isHere } from "./private-half";
import { ASSERTION_MS, isDeployed } from "./steps";
import { sayWhoMayBeRefused } from "./without-kid";

/** Which key is meant, and whether it is to sign at once, although Keycloak may not accept it yet. */
export interface Activation {
  readonly kid?: string;
  readonly force: boolean;
}

/**
 * Has a key sign that Keycloak accepts. The machine gets it with the deploy that puts it first in Keycloak, or at once if it
 * is first already.
 */
export async function activateAction(pair: Pair, { kid, force }: Activation, context: ActionContext): Promise<Outcome> {
  const next = candidate(pair, kid);
  if (next) refuseUndeclared(pair, next);
  if (next) refuseLockOut(pair, next); // also where it is forced
  if (next && !force) refuseUndeployed(pair, next);
  const outcome = { name: pair.name, action: "activate" };
  if (next) await sayWhoMayBeRefused(pair, next, context);
  if (context.dryRun) {
    const key = wouldSign(pair, kid, next, context);
    return { ...outcome, kid: key.kid, said: `would sign with key ${short(key)}` };
  }
  const before = activeOf(pair.record);
  const entry = activateKey(pair, kid, { ...context, waits: !force });
  const still = before.kid === entry.kid ? "" : `; key ${short(before)} is still accepted`;
  return {
    ...outcome,
    kid: entry.kid,
    said: `${whenItSigns(pair, entry, context)}${still}`,
    next: `m2m up, then m2m keys retire ${pair.name} after ${ASSERTION_MS / 1000} s`,
  };
}

function whenItSigns(pair: Pair, entry: KeyEntry, { passphrase }: ActionContext): string {
  if (!isHere(pair, entry, passphrase)) return `is to sign with key ${described(entry)}${NOT_HERE}`;
  const isInFile = heldBy(pair, passphrase) === entry.kid;
  return `signs with key ${described(entry)} from the next ${isInFile ? "assertion" : "deploy"} on`;
}

/** The key that is meant: the prepared one, or a retiring one by its id. */
function candidate({ record }: Pair, kid: string | undefined): KeyEntry | undefined {
  const possible = record.keys.filter(({ state }) => state === "prepared" || (kid && state === "retiring"));
  return possible.find((entry) => entry.kid.startsWith(kid ?? ""));
}

/** Without a next key, a switch that a crash cut off would be ended. */
function wouldSign(pair: Pair, kid: string | undefined, next: KeyEntry | undefined, context: ActionContext): KeyEntry {
  const { files, record } = pair;
  const active = activeOf(record);
  const isHeld = heldBy(pair, context.passphrase) === active.kid;
  const isEnded = next === undefined && kid === undefined && isCutOff(files, record) && !isHeld;
  return isEnded ? active : activeOf(activate(record, context.now, kid));
}

function refuseUndeclared(pair: Pair, next: KeyEntry): void {
  const { name, description } = pair;
  if (declareFirst(pair, next) === "") return;
  throw new ToolError(
    "algorithm-undeclared",
    `${name}: key ${short(next)} signs with ${next.algorithm}, but the declaration says \`algorithm: "${description.algorithm}"\`; set it to "${next.algorithm}" first`,
  );
}

function refuseUndeployed(pair: Pair, next: KeyEntry): void {
  const { name, clients } = pair;
  if (isDeployed(next.kid, deployedOf(pair))) return;
  if (clients.length === 0) {
    throw new ToolError(
      "key-not-deployed",
      `${name}: no declared client signs with this pair, so Keycloak accepts none of its keys; declare a client, or pass --force`,
    );
  }
  // A client declared elsewhere may have the certificate alone, and a deploy does not change that.
  const some = clients.filter(({ deployed }) => !deployed.includes(next.kid)).map(({ clientId }) => clientId);
  const from = some.length > 0 && some.length < clients.length ? ` from ${some.join(", ")}` : "";
  throw new ToolError(
    "key-not-deployed",
    `${name}: Keycloak does not accept key ${short(next)} yet${from}, as the state says; run \`m2m up\` first, or pass --force`,
  );
}
