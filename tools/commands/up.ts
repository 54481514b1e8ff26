import { PROVIDER_ENVIRONMENT } from "../../constructs/contract/first-administrator";
import { chooseCaller } from "../calls/call";
import { readEnvironment } from "../calls/environment";
import { firstAnswer } from "../calls/first-answer";
import { command, NEW_KEYS } from "../cli/command";
import { applyStack } from "../deploy/apply-stack";
import { checkIssuers } from "../deploy/check-issuers";
import {
  declaresDeployer,
  forgetPassword,
  isUnfinished,
  keepPassword,
  keptPassword,
  passwordForFirstDeploy,
} from "../deploy/first-deploy";
import { refuseWhileBusy } from "../deploy/interrupted";
import { declaredThings, existing } from "../engines/docker";
import { settleKeys, switchKeys } from "../keys/settle";
import { ToolError } from "../output";
import type { Stack } from "../project/project";
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

/** Stands the environment up, or repairs it, and ends with machine-a's call answered. */
export async function up(session: Session, { newKeys }: { newKeys: boolean }): Promise<void> {
  const { project, out } = session;
  refuseWhileBusy(project);
  const stacks = await deploy(session, () =>
    synthesize(project, out, { createKeys: "always", reissue: true, switchesKeys: true, newKeys }),
  );
  forgetPassword(project);
  await checkIssuers(stacks, out);
  await callOnce(
    session,
    stacks.map(({ name }) => name),
  );
}

/** Applies all stacks. The deploy that makes a server needs a password, and then asks again without it. */
async function deploy(session: Session, synth: () => Promise<Stack[]>): Promise<Stack[]> {
  const { project, out, env } = session;
  out.say("synthesizing");
  const kept = keptPassword(project);
  let stacks = await synth();
  const there = stacks.some(declaresDeployer) ? await existing(stacks.flatMap(declaredThings), env) : [];
  const password = passwordForFirstDeploy(stacks, kept, there, isUnfinished(project));
  if (password !== undefined) {
    // For the programs that this one starts, and for nobody else.
    process.env[PROVIDER_ENVIRONMENT.password] = password;
    keepPassword(project, password);
    stacks = await synth();
  }
  await settleKeys(project, stacks, out);
  for (const stack of stacks) await applyStack(session, stack, () => switchKeys(project, stacks, stack, out));
  return password === undefined ? stacks : await signInByKey(session, synth);
}

/** Removes the password from what is synthesized, and checks each stack with the key. */
async function signInByKey(session: Session, synth: () => Promise<Stack[]>): Promise<Stack[]> {
  delete process.env[PROVIDER_ENVIRONMENT.password];
  const stacks = await synth();
  session.out.say("signing in by the key");
  for (const stack of stacks) await terraform(session, stack).planJson();
  return stacks;
}

/** Calls the API as one of its clients, if the project has what that takes, and prints the result of `up`. */
async function callOnce(session: Session, stacks: readonly string[]): Promise<void> {
  const { out, interruption } = session;
  const environment = tryEnvironment(session);
  if (!environment) return out.result("up", { stacks });
  const { issuer, api, keyFiles } = environment;
  const caller = await chooseCaller(environment);
  if (caller === undefined) {
    const files = Object.values(keyFiles).join(", ");
    return out.result(`deployed; no call made: no caller's key is here (${files})`, { stacks });
  }
  out.say(`${caller} calls ${api}`);
  const { status, body } = await firstAnswer(environment, caller, interruption);
  out.result(`HTTP ${status} from ${api}\ncaller: ${caller}`, { stacks, issuer, api, status, answer: body });
}

function tryEnvironment({ project }: Session) {
  try {
    return readEnvironment(project, localStates(project));
  } catch (error) {
    // A project of one's own need not have these outputs.
    if (error instanceof ToolError && error.code === "not-deployed") return undefined;
    throw error;
  }
}
