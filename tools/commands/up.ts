import { setTimeout as sleep } from "node:timers/promises";
import { checkPorts, lastMessages, oneRuns, refuseForeign } from "../docker";
import { beginAttempt, endAttempt, refuseWhileBusy } from "../interrupted";
import { call, readEnvironment } from "../machines";
import { ToolError } from "../output";
import { addresses, type Stack } from "../project";
import { type Deployed, serversOf } from "../servers";
import { type Session, terraform } from "../session";
import { localStates } from "../state";
import { synthesize } from "../synth";

const FIRST_CALL_MS = 60_000;

/** Stands the environment up, or repairs it, and ends with machine-a's call answered. */
export async function up(session: Session, options: { newKeys: boolean }): Promise<void> {
  const { project, out } = session;
  refuseWhileBusy(project);
  out.say("synthesizing");
  const stacks = await synthesize(project, out, { createKeys: true, reissue: true, newKeys: options.newKeys });
  for (const stack of stacks) await deploy(session, stack);
  const environment = tryEnvironment(session);
  if (!environment) {
    out.result("up", { stacks: stacks.map(({ name }) => name) });
    return;
  }
  const caller = Object.keys(environment.keyFiles)[0]!;
  out.say(`${caller} calls ${environment.api}`);
  const answer = await firstAnswer(environment, caller);
  out.result(`HTTP ${answer.status} from ${environment.api}\ncaller: ${caller}`, {
    stacks: stacks.map(({ name }) => name),
    issuer: environment.issuer,
    api: environment.api,
    status: answer.status,
    answer: answer.body,
  });
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

/** The API was started beside Keycloak: it may need a moment to see the realm. */
async function firstAnswer(environment: ReturnType<typeof readEnvironment>, caller: string) {
  const end = Date.now() + FIRST_CALL_MS;
  for (;;) {
    const outcome = await call(environment, caller, false).catch((error: unknown) => error as Error);
    if (!(outcome instanceof Error) && outcome.status === 200) return outcome;
    if (Date.now() > end) {
      const got = outcome instanceof Error ? outcome.message : `HTTP ${outcome.status} ${JSON.stringify(outcome.body)}`;
      throw new ToolError(
        "call-failed",
        `${environment.api} did not answer ${caller} with 200 within 60 s, got: ${got}`,
      );
    }
    await sleep(200);
  }
}
