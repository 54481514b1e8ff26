import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { PROVIDER_ENVIRONMENT } from "../../constructs/contract/first-administrator";
import { MachineError } from "../../machines/errors";
import { type CallResult, call, chooseCaller, type Environment, readEnvironment } from "../calls/machines";
import { command, NEW_KEYS } from "../cli/command";
import {
  declaresDeployer,
  forgetPassword,
  isUnfinished,
  keepPassword,
  keptPassword,
  passwordForFirstDeploy,
} from "../deploy/first-deploy";
import { beginAttempt, endAttempt, refuseWhileBusy } from "../deploy/interrupted";
import { type Deployed, serversOf } from "../deploy/servers";
import { checkPorts, declaredThings, existing, lastMessages, oneRuns, refuseForeign } from "../engines/docker";
import { settleKeys } from "../keys/settle";
import { ToolError } from "../output";
import { addresses, type Stack } from "../project/project";
import { localStates } from "../project/state";
import { synthesize } from "../project/synth";
import { openSession, type Session, terraform } from "../session";

export const upCommand = command({
  name: "up",
  help: "stand the environment up, or repair it; ends with machine-a's call answered",
  options: NEW_KEYS,
  async run({ options, out, interruption }) {
    await up(await openSession(out, interruption), { newKeys: options["new-keys"] });
    return 0;
  },
});

const FIRST_CALL_MS = 60_000;

/** Stands the environment up, or repairs it, and ends with machine-a's call answered. */
export async function up(session: Session, options: { newKeys: boolean }): Promise<void> {
  const { project, out } = session;
  refuseWhileBusy(project);
  out.say("synthesizing");
  const kept = keptPassword(project);
  const synth = () => synthesize(project, out, { createKeys: "always", reissue: true, newKeys: options.newKeys });
  let stacks = await synth();
  const there = stacks.some(declaresDeployer) ? await existing(stacks.flatMap(declaredThings), session.env) : [];
  const password = passwordForFirstDeploy(stacks, kept, there, isUnfinished(project));
  if (password !== undefined) {
    // For the programs that this one starts, and for nobody else.
    process.env[PROVIDER_ENVIRONMENT.password] = password;
    keepPassword(project, password);
    stacks = await synth();
  }
  await settleKeys(project, stacks, out);
  for (const stack of stacks) await deploy(session, stack);
  if (password !== undefined) stacks = await signInByKey(session, synth);
  forgetPassword(project);
  const environment = tryEnvironment(session);
  if (!environment) {
    out.result("up", { stacks: stacks.map(({ name }) => name) });
    return;
  }
  const caller = await chooseCaller(environment);
  if (caller === undefined) {
    const files = Object.values(environment.keyFiles).join(", ");
    out.result(`deployed; no call made: no key of a caller is here (${files})`, {
      stacks: stacks.map(({ name }) => name),
    });
    return;
  }
  out.say(`${caller} calls ${environment.api}`);
  const answer = await firstAnswer(environment, caller, session.interruption);
  out.result(`HTTP ${answer.status} from ${environment.api}\ncaller: ${caller}`, {
    stacks: stacks.map(({ name }) => name),
    issuer: environment.issuer,
    api: environment.api,
    status: answer.status,
    answer: answer.body,
  });
}

/** From now on without the password: the files forget it, and each stack is asked by the key whether it is as declared. */
async function signInByKey(session: Session, synth: () => Promise<Stack[]>): Promise<Stack[]> {
  delete process.env[PROVIDER_ENVIRONMENT.password];
  const stacks = await synth();
  session.out.say("signing in by the key");
  for (const stack of stacks) await terraform(session, stack).planJson();
  return stacks;
}

async function deploy(session: Session, stack: Stack): Promise<void> {
  const { env, out } = session;
  const tool = terraform(session, stack);
  await tool.init();
  const there = await beginAttempt(session, stack);
  try {
    const state = await tool.state();
    refuseForeign(there, state);
    await checkPorts(stack, env);
    if (await serverIsLost({ stack, state }, env)) {
      out.warn("a container of this environment is gone: bringing Docker's part back first, then the rest");
      await tool.apply(addresses(stack, "docker_"));
    }
    out.say(`applying stack ${stack.name}`);
    await tool.apply();
  } catch (error) {
    if (savedItsState(error, session)) endAttempt(session, stack);
    throw await withServerLog(error, stack, env);
  }
  endAttempt(session, stack);
}

/** Whatever a failed run made is in the state, unless it was broken off or could not write it. */
function savedItsState(error: unknown, { interruption }: Session): boolean {
  const { code, message } = error as ToolError;
  return !interruption.aborted && code !== "terraform-killed" && !message.includes("errored.tfstate");
}

/** Keycloak's entries cannot be refreshed while the server of this stack that holds them is not there. */
async function serverIsLost(deployed: Deployed, env: Record<string, string>): Promise<boolean> {
  const own = serversOf(deployed, [deployed]).flatMap(({ containers }) => (containers ? [containers] : []));
  const running = await Promise.all(own.map((containers) => oneRuns(containers, env)));
  return !running.every(Boolean);
}

/** A server that does not become healthy says why in its log. */
async function withServerLog(error: unknown, stack: Stack, env: Record<string, string>): Promise<unknown> {
  if (!(error instanceof ToolError) || !/healthy/.test(error.message)) return error;
  const waiting = Object.values(stack.json.resource?.docker_container ?? {}).filter(({ wait }) => wait === true);
  const logs = await Promise.all(
    waiting.map(async ({ name }) => `The last lines of ${name}'s log:\n${await lastMessages(String(name), 20, env)}`),
  );
  return new ToolError("not-healthy", [error.message, ...logs].join("\n\n"), { cause: error });
}

function tryEnvironment({ project }: Session) {
  try {
    return readEnvironment(project, localStates(project));
  } catch (error) {
    // A project of the user's own, without the outputs of main.ts.
    if (error instanceof ToolError && error.code === "not-deployed") return undefined;
    throw error;
  }
}

/**
 * The API was started beside Keycloak: it may need a moment to see the realm, and its new keys. What is wrong with the
 * caller, its key or its token's audience, does not change by waiting.
 */
async function firstAnswer(environment: Environment, caller: string, interruption: AbortSignal) {
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
