import { refuseSecond } from "../../constructs/keys/key-life";
import { ToolError } from "../output";
import { prepareKey } from "./change";
import type { ActionContext } from "./context";
import { whyAnotherAlgorithm } from "./deployer";
import { algorithmOfNext, type NewKey, refuseNewKey } from "./new-key";
import { declareFirst, described, type Outcome } from "./outcome";
import type { Pair } from "./pairs";

/** Makes or takes a key that Keycloak is to accept beside the active one. */
export async function prepareAction(pair: Pair, wanted: NewKey, context: ActionContext): Promise<Outcome> {
  const { name } = pair;
  refuseSecond(pair.record);
  const problem = whyAnotherAlgorithm(pair, algorithmOfNext(pair, wanted));
  if (problem) throw new ToolError("deployer-locked-out", problem);
  if (context.dryRun) {
    refuseNewKey(pair, wanted, context.now);
    const verb = wanted.certificate ? "take" : "make";
    return { name, action: "prepare", said: `would ${verb} a key and publish it beside the active one` };
  }
  const entry = await prepareKey(pair, wanted, context);
  return {
    name,
    action: "prepare",
    kid: entry.kid,
    said: `prepared key ${described(entry)}; nothing signs with it yet`,
    next: `m2m up publishes it; then ${declareFirst(pair, entry)}m2m keys activate ${name}`,
  };
}
