import { PROVIDER_ENVIRONMENT } from "../../constructs/contract/first-administrator";
import { refuseDowngrades } from "../backup/refuse-downgrade";
import { bringSwarm } from "../bring/swarm";
import { chooseCaller } from "../calls/call";
import { readEnvironment } from "../calls/environment";
import { firstAnswer } from "../calls/first-answer";
import { recordApplied } from "../changes/applied";
import { command, NEW_KEYS } from "../cli/command";
import { addressesOf, printAddresses } from "../deploy/addresses";
import type { ApplyOptions } from "../deploy/apply-plan";
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
import { declaredThings, existing, needsSwarm } from "../engines/docker";
import { settleKeys, switchKeys } from "../keys/settle";
import { ToolError } from "../output";
import type { Stack } from "../project/project";
import { localStates } from "../project/state";
import { type SynthOptions, synthesize } from "../project/synth";
import { type Declared, declared, openSession, type Session, terraform } from "../session";

export const upCommand = command({
  name: "up",
  help: "stand the environment up, or repair it; ends with machine-a's call answered",
  options: {
    ...NEW_KEYS,
    yes: { help: "destroy what the code no longer declares without asking" },
    "init-swarm": { help: "make the Docker engine a swarm on 127.0.0.1, if a cluster needs one" },
  },
  async run({ options, out, interruption }) {
    const { "new-keys": newKeys, yes, "init-swarm": initSwarm } = options;
    await up(await openSession(out, interruption), { newKeys, yes, initSwarm });
    return 0;
  },
});

/** Stands the environment up, or repairs it, and ends with machine-a's call answered. */
export async function up(
  opened: Session,
  { newKeys, yes, initSwarm = false }: { newKeys: boolean; yes: boolean; initSwarm?: boolean },
): Promise<void> {
  const { project, out } = opened;
  refuseWhileBusy(project);
  const switches = { createKeys: "always", reissue: true, switchesKeys: true } as const;
  const applied = recordApplied(out);
  const { session, stacks } = await deploy(opened, { ...switches, newKeys }, { yes, initSwarm, applied: applied.note });
  forgetPassword(project);
  await checkIssuers(stacks, out);
  const addresses = addressesOf(stacks);
  if (!out.json && addresses.length > 0) out.warn(printAddresses(addresses));
  await callOnce(session, {
    stacks: stacks.map(({ name }) => name),
    applied: applied.changes(),
    addresses,
  });
}

/** Applies all stacks. The deploy that makes a server needs a password, and then asks again without it. */
async function deploy(
  opened: Session,
  options: SynthOptions,
  { initSwarm, ...applying }: Pick<ApplyOptions, "yes" | "applied"> & { initSwarm: boolean },
): Promise<Pick<Declared, "session" | "stacks">> {
  const { project, out } = opened;
  const kept = keptPassword(project);
  let { session, stacks } = await declared(opened, options);
  const synth = async () => (await synthesize(project, out, options)).stacks;
  if (stacks.some(needsSwarm)) await bringSwarm(initSwarm, session.env, out);
  const there = stacks.some(declaresDeployer) ? await existing(stacks.flatMap(declaredThings), session.env) : [];
  const password = passwordForFirstDeploy(stacks, kept, there, isUnfinished(project));
  if (password !== undefined) {
    // For the programs that this one starts, and for nobody else.
    process.env[PROVIDER_ENVIRONMENT.password] = password;
    keepPassword(project, password);
    stacks = await synth();
  }
  await refuseDowngrades(stacks, session.env);
  await settleKeys(project, stacks, out);
  for (const stack of stacks) {
    await applyStack(session, stack, { ...applying, before: () => switchKeys(project, stacks, stack, out) });
  }
  return { session, stacks: password === undefined ? stacks : await signInByKey(session, synth) };
}

/** Removes the password from what is synthesized, and checks each stack with the key. */
async function signInByKey(session: Session, synth: () => Promise<Stack[]>): Promise<Stack[]> {
  delete process.env[PROVIDER_ENVIRONMENT.password];
  const stacks = await synth();
  await session.out.step("signing in by the key", async () => {
    for (const stack of stacks) await terraform(session, stack).planJson();
  });
  return stacks;
}

/** Calls the API as one of its clients, if the project has what that takes, and prints the result of `up`. */
async function callOnce(session: Session, done: object): Promise<void> {
  const { out, interruption } = session;
  const environment = tryEnvironment(session);
  if (!environment) return out.result("up", done);
  const { issuer, api, keyFiles } = environment;
  const caller = await chooseCaller(environment);
  if (caller === undefined) {
    const files = Object.values(keyFiles).join(", ");
    return out.result(`deployed; no call made: no caller's key is here (${files})`, done);
  }
  const { status, body } = await out.step(`${caller} calls ${api}`, () =>
    firstAnswer(environment, caller, interruption),
  );
  const text = `HTTP ${status} from ${api}\ncaller: ${caller}`;
  out.result(text, { ...done, issuer, api, status, answer: body });
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
