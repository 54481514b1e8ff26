import { activate, refuseSecond, retire, retiringOf, revoke } from "../../constructs/keys/key-life";
import { activeOf, type KeyEntry, stamp } from "../../constructs/keys/key-record";
import { isCutOff } from "../../constructs/keys/key-store";
import { ToolError } from "../output";
import {
  activateKey,
  algorithmOfNext,
  type ChangeOptions,
  type NewKey,
  prepareKey,
  refuseCreation,
  refuseKnown,
  refuseUnclear,
  retireKey,
  revokeKey,
  withoutLeftovers,
} from "./change";
import { refuseLockOut, whyAnotherAlgorithm } from "./deployer";
import { deployedOf, type Pair } from "./pairs";
import { heldBy, isHere } from "./private-half";
import { ASSERTION_MS, isDeployed, nextStep, type Step, short, shortOfAll } from "./steps";
import { isSwitchDeployed, refuseEarly, whyNotDropped } from "./still-used";

/** After the key that is to sign. */
const NOT_HERE = ", whose private half is not here: bring it to where the machine signs";

/** What an action did to one pair, in words and as data. */
export interface Outcome {
  readonly name: string;
  readonly action: string;
  /** The key that was prepared, activated, retired or revoked. */
  readonly kid?: string;
  readonly said: string;
  /** What to run next; nothing where nothing is left to do. */
  readonly next?: string;
}

export interface ActionOptions extends ChangeOptions, NewKey {
  /** The one key that is meant. */
  readonly kid?: string;
  /** Does what is refused otherwise: a key that Keycloak does not accept yet, or that is still in use. */
  readonly force: boolean;
  /** Says what would be done, and does nothing. */
  readonly dryRun: boolean;
  readonly overlapMs: number;
  readonly whenDue: boolean;
}

export async function prepareAction(pair: Pair, options: ActionOptions): Promise<Outcome> {
  const outcome = { name: pair.name, action: "prepare" };
  refuseSecond(pair.record);
  const problem = whyAnotherAlgorithm(pair, algorithmOfNext(pair, options));
  if (problem) throw new ToolError("deployer-locked-out", problem);
  if (options.dryRun) {
    const isImported = options.certificate !== undefined;
    if (!isImported) refuseCreation(pair);
    else refuseKnown(pair, options);
    return { ...outcome, said: `would ${isImported ? "take" : "make"} a key and publish it beside the active one` };
  }
  const entry = await prepareKey(pair, options, options);
  return {
    ...outcome,
    kid: entry.kid,
    said: `prepared key ${described(entry)}; nothing signs with it yet`,
    next: `m2m up publishes it; then ${declareFirst(pair, entry)}m2m keys activate ${pair.name}`,
  };
}

export async function activateAction(pair: Pair, options: ActionOptions): Promise<Outcome> {
  const { name, record } = pair;
  const possible = record.keys.filter(({ state }) => state === "prepared" || (options.kid && state === "retiring"));
  const next = possible.find(({ kid }) => kid.startsWith(options.kid ?? ""));
  if (next) refuseUndeclared(pair, next);
  if (next) refuseLockOut(pair, next); // also where it is forced
  if (next && !options.force) refuseUndeployed(pair, next);
  const outcome = { name, action: "activate" };
  if (options.dryRun) {
    // A switch that was cut off is what would be ended.
    const isHeld = heldBy(pair, options.passphrase) === activeOf(record).kid;
    const isEnded = next === undefined && options.kid === undefined && isCutOff(pair.files, record) && !isHeld;
    const { kid } = activeOf(isEnded ? record : activate(record, options.now, options.kid));
    return { ...outcome, kid, said: `would sign with key ${short({ kid })}` };
  }
  const before = activeOf(record);
  const entry = activateKey(pair, options.kid, options);
  const still = before.kid === entry.kid ? "" : `; key ${short(before)} is accepted still`;
  const signs = isHere(pair, entry, options.passphrase)
    ? `signs with key ${described(entry)} from the next assertion on`
    : `is to sign with key ${described(entry)}${NOT_HERE}`;
  return {
    ...outcome,
    kid: entry.kid,
    said: `${signs}${still}`,
    next: `m2m up, then m2m keys retire ${name} after ${ASSERTION_MS / 1000} s`,
  };
}

/** What `next` says where the declaration has another algorithm than a key: the app fails once it signs. */
function declareFirst({ description }: Pair, { algorithm }: KeyEntry): string {
  return description.algorithm === algorithm ? "" : `set \`algorithm: "${algorithm}"\` in the declaration; `;
}

function refuseUndeclared(pair: Pair, next: KeyEntry): void {
  const { name, description } = pair;
  if (declareFirst(pair, next) === "") return;
  throw new ToolError(
    "algorithm-undeclared",
    `${name}: key ${short(next)} signs with ${next.algorithm}, and \`algorithm\` of the declaration is ${description.algorithm}; set it to "${next.algorithm}" first`,
  );
}

function refuseUndeployed(pair: Pair, next: KeyEntry): void {
  const { name, clients } = pair;
  if (isDeployed(next.kid, deployedOf(pair))) return;
  if (clients.length === 0) {
    throw new ToolError(
      "key-not-deployed",
      `${name}: no client that is declared signs with this pair, so that Keycloak accepts no key of it; declare one, or pass --force`,
    );
  }
  // Another declaration of a client may have the certificate alone, which a deploy does not change.
  const some = clients.filter(({ deployed }) => !deployed.includes(next.kid)).map(({ clientId }) => clientId);
  const from = some.length > 0 && some.length < clients.length ? ` from ${some.join(", ")}` : "";
  throw new ToolError(
    "key-not-deployed",
    `${name}: Keycloak does not accept key ${short(next)} yet${from}, as the state says; run \`m2m up\` first, or pass --force`,
  );
}

export async function retireAction(found: Pair, options: ActionOptions): Promise<Outcome> {
  const pair = options.dryRun ? found : withoutLeftovers(found, options);
  const going = retiringOf(pair.record).filter(({ kid }) => kid.startsWith(options.kid ?? ""));
  if (!options.force) await refuseEarly(pair, going, options.now);
  return drop(pair, going, options);
}

function drop(pair: Pair, going: readonly KeyEntry[], options: ActionOptions): Outcome {
  const { name, record } = pair;
  const outcome = { name, action: "retire" };
  if (options.dryRun) {
    retire(record, options.kid); // refuses what it would
    return { ...outcome, kid: going[0]!.kid, said: `would drop key ${shortOfAll(going)}` };
  }
  const gone = retireKey(pair, options.kid, options);
  return {
    ...outcome,
    kid: gone[0]!.kid,
    said: `dropped key ${shortOfAll(gone)}`,
    next: "m2m up has Keycloak refuse it",
  };
}

export async function revokeAction(pair: Pair, options: ActionOptions): Promise<Outcome> {
  const outcome = { name: pair.name, action: "revoke" };
  const active = activeOf(pair.record);
  if (active.kid.startsWith(options.kid ?? active.kid)) {
    refuseLockOut(
      pair,
      pair.record.keys.find(({ state }) => state === "prepared"),
    );
  }
  if (options.dryRun) {
    refuseUnclear(pair, options.kid, options.passphrase);
    const { kid } = toRevoke(pair, options);
    if (kid === active.kid && pair.record.keys.every(({ state }) => state !== "prepared")) refuseCreation(pair);
    return { ...outcome, kid, said: `would revoke key ${short({ kid })}` };
  }
  const done = await revokeKey(pair, options.kid, options);
  return {
    ...outcome,
    kid: done.gone.kid,
    said: `revoked key ${short(done.gone)}; key ${described(done.active)} signs${isHere(pair, done.active, options.passphrase) ? "" : NOT_HERE}`,
    next: `${declareFirst(pair, done.active)}m2m up, at once: until then Keycloak accepts the revoked key and refuses a new one`,
  };
}

/** The key that a revocation would take. @throws {KeyError} `KEY_NOT_FOUND` */
function toRevoke({ record }: Pair, { kid, now }: ActionOptions): KeyEntry {
  const active = activeOf(record);
  if (kid === undefined || active.kid.startsWith(kid)) return active; // where none is prepared for it, one is made
  const after = revoke(record, now, kid);
  return after.keys.find((entry, i) => entry !== record.keys[i])!;
}

/** The next step of a rotation, where its time has come. */
export async function rotateAction(found: Pair, options: ActionOptions): Promise<Outcome> {
  const pair = options.dryRun ? found : withoutLeftovers(found, options);
  const step = await stepOf(pair, options);
  if (step.act === "wait") {
    const until = step.until ? ` until ${stamp(step.until)}` : "";
    return { name: pair.name, action: "wait", said: `nothing to do${until}: ${step.because}` };
  }
  const problem = step.act === "prepare" && whyNotByItself(pair, options);
  if (problem) return { name: pair.name, action: "wait", said: `nothing to do by itself: ${problem}` };
  const outcome = await take(step.act, pair, options);
  return { ...outcome, said: `${outcome.said} (${step.because})` };
}

/** Whether keys may go has been asked by the step itself. */
async function take(act: "prepare" | "activate" | "retire", pair: Pair, options: ActionOptions): Promise<Outcome> {
  if (act === "retire") return drop(pair, retiringOf(pair.record), options);
  return await (act === "prepare" ? prepareAction : activateAction)(pair, options);
}

/** Why a rotation makes no key, where it is time for one. */
function whyNotByItself(pair: Pair, options: ActionOptions): string | undefined {
  const { name, record } = pair;
  const active = activeOf(record);
  if (options.certificate === undefined && !isHere(pair, active, options.passphrase)) {
    return `the private half of key ${short(active)} is not here, and a new key is wanted where the machine is: rotate it there, or prepare one that was made there (\`m2m keys prepare ${name} --certificate FILE\`)`;
  }
  return whyAnotherAlgorithm(pair, algorithmOfNext(pair, options));
}

async function stepOf(pair: Pair, options: ActionOptions): Promise<Step> {
  const { record } = pair;
  const step = nextStep({
    ...options,
    record,
    deployed: deployedOf(pair),
    isSwitchDeployed: isSwitchDeployed(pair),
  });
  const because = step.act === "retire" ? await whyNotDropped(pair) : undefined;
  return because === undefined ? step : { act: "wait", because };
}

function described(entry: KeyEntry): string {
  return `${short(entry)} (${entry.algorithm}, certificate until ${entry.until.slice(0, 10)})`;
}
