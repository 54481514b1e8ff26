import { PROVIDER_ENVIRONMENT } from "../../constructs/contract/first-administrator";
import { chooseCaller } from "../calls/call";
import { readEnvironment } from "../calls/environment";
import { firstAnswer } from "../calls/first-answer";
import { command, NEW_KEYS } from "../cli/command";
import { applyStack } from "../deploy/apply-stack";
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
import { settleKeys } from "../keys/settle";
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
  for (const stack of stacks) await applyStack(session, stack);
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

function tryEnvironment({ project }: Session) {
  try {
    return readEnvironment(project, localStates(project));
  } catch (error) {
    // A project of the user's own, without the outputs of main.ts.
    if (error instanceof ToolError && error.code === "not-deployed") return undefined;
    throw error;
  }
}
