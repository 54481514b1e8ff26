import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { MachineError } from "../../machines/errors";
import { ToolError } from "../output";
import { type CallResult, call } from "./call";
import type { Environment } from "./environment";

const FIRST_CALL_MS = 60_000;

/**
 * Calls until the API answers with 200. It started together with Keycloak and may need a moment to see the realm and its
 * keys. A problem of the caller, with its key or the audience of its token, does not go away: it ends the waiting.
 */
export async function firstAnswer(environment: Environment, caller: string, interruption: AbortSignal) {
  const end = Date.now() + FIRST_CALL_MS;
  interruption.throwIfAborted();
  const interrupted = once(interruption, "abort").then(() => interruption.throwIfAborted());
  interrupted.catch(() => undefined); // the sleep may hear of it first
  for (;;) {
    const answer = call(environment, caller, false).catch((error: unknown) => error as Error);
    const outcome = (await Promise.race([answer, interrupted])) as Awaited<typeof answer>;
    if (!(outcome instanceof Error) && outcome.status === 200) return outcome;
    if (isFinal(outcome) || Date.now() > end) {
      const got = outcome instanceof Error ? outcome.message : `HTTP ${outcome.status} ${JSON.stringify(outcome.body)}`;
      const waited = isFinal(outcome) ? "" : " within 60 s";
      throw new ToolError(
        "call-failed",
        `deployed, but ${environment.api} did not answer ${caller} with 200${waited}, got: ${got}`,
        { cause: outcome },
      );
    }
    await sleep(200, undefined, { signal: interruption });
  }
}

function isFinal(outcome: CallResult | Error): boolean {
  if (outcome instanceof Error) {
    return outcome instanceof MachineError && !["ERR_UNREACHABLE", "ERR_ISSUER_RESPONSE"].includes(outcome.code);
  }
  return (outcome.body as { code?: string } | undefined)?.code === "ERR_TOKEN_CLAIM";
}
