import { activeOf, stamp } from "../../constructs/keys/key-record";
import { activateAction } from "./activate";
import type { ActionContext } from "./context";
import { whyAnotherAlgorithm } from "./deployer";
import { withoutLeftovers } from "./leftovers";
import { algorithmOfNext, type NewKey } from "./new-key";
import { type Outcome, short } from "./outcome";
import { deployedOf, type Pair } from "./pairs";
import { prepareAction } from "./prepare";
import { isHere } from "./private-half";
import { drop } from "./retire";
import { nextStep, type Step } from "./steps";
import { isSwitchDeployed, whyNotDropped } from "./still-used";

/** How a rotation goes on. */
export interface Rotation {
  /** What the next key is to be like. */
  readonly wanted: NewKey;
  /** How long two keys are accepted before the next step. */
  readonly overlapMs: number;
  /** Whether a rotation begins only when the key is due. */
  readonly whenDue: boolean;
}

/** Takes the next step of a rotation, if its time has come. */
export async function rotateAction(found: Pair, rotation: Rotation, context: ActionContext): Promise<Outcome> {
  const pair = context.dryRun ? found : withoutLeftovers(found, context);
  const step = await stepOf(pair, rotation, context);
  if (step.act === "wait") {
    const until = step.until ? ` until ${stamp(step.until)}` : "";
    return { name: pair.name, action: "wait", said: `nothing to do${until}: ${step.because}` };
  }
  const problem = step.act === "prepare" && whyNotByItself(pair, rotation.wanted, context);
  if (problem) return { name: pair.name, action: "wait", said: `nothing done by itself: ${problem}` };
  const outcome = await take(step.act, pair, rotation.wanted, context);
  return { ...outcome, said: `${outcome.said} (${step.because})` };
}

async function stepOf(pair: Pair, { overlapMs, whenDue }: Rotation, { now }: ActionContext): Promise<Step> {
  const { record } = pair;
  const deployed = deployedOf(pair);
  const step = nextStep({ record, deployed, isSwitchDeployed: isSwitchDeployed(pair), now, overlapMs, whenDue });
  const because = step.act === "retire" ? await whyNotDropped(pair) : undefined;
  return because === undefined ? step : { act: "wait", because };
}

/** Why a rotation makes no key although it is time for one. */
function whyNotByItself(pair: Pair, wanted: NewKey, { passphrase }: ActionContext): string | undefined {
  const { name, record } = pair;
  const active = activeOf(record);
  if (wanted.certificate === undefined && !isHere(pair, active, passphrase)) {
    return `the private half of key ${short(active)} is not here, so a new key must be made where the machine is: rotate it there, or prepare a key that was made there (\`m2m keys prepare ${name} --certificate FILE\`)`;
  }
  return whyAnotherAlgorithm(pair, algorithmOfNext(pair, wanted));
}

async function take(act: Exclude<Step["act"], "wait">, pair: Pair, wanted: NewKey, context: ActionContext) {
  if (act === "prepare") return await prepareAction(pair, wanted, context);
  if (act === "activate") return await activateAction(pair, { force: false }, context);
  return drop(pair, undefined, context); // whether keys may go has been asked by the step itself
}
