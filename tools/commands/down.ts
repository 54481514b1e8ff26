import { rmSync } from "node:fs";
import { join } from "node:path";
import { protectedVolumes, withoutProtection } from "../../constructs/contract/data-protection";
import { DECLARED_SERVER, isPasswordGiven, PROVIDER_ENVIRONMENT } from "../../constructs/contract/first-administrator";
import { replaceFile } from "../../constructs/keys/key-files";
import { command } from "../cli/command";
import { canAnswer, confirm } from "../confirm";
import { destroyStacks } from "../deploy/destroy-stacks";
import { declaresDeployer, forgetPassword, keptPassword } from "../deploy/first-deploy";
import { hasTraces, refuseWhileBusy } from "../deploy/interrupted";
import { containerStatus, type DockerThing, stateThings, usesDocker } from "../engines/docker";
import { settleSources } from "../engines/settle-sources";
import { type Output, ToolError } from "../output";
import { openProject, type Project, readStacks, type Stack } from "../project/project";
import {
  keycloakProviderAddresses,
  localState,
  localStateFile,
  localStates,
  type State,
  withBackups,
} from "../project/state";
import { synthesize } from "../project/synth";
import { openSession, type Session } from "../session";

export const downCommand = command({
  name: "down",
  help: "destroy all that up made; asks, unless --yes is given",
  options: {
    yes: { help: "destroy without asking" },
    "destroy-data": { help: "destroy the volumes of databases too, which are protected" },
  },
  async run({ options, out, interruption }) {
    const { yes, "destroy-data": destroyData } = options;
    await down(openProject(), out, { yes, destroyData }, () => openSession(out, interruption));
    return 0;
  },
});

/**
 * Destroys all that the project's stacks made, even if Keycloak is gone. Keys, images and the cache stay. What this needs
 * is brought only if there is something to destroy.
 */
export async function down(
  project: Project,
  out: Output,
  options: { yes: boolean; destroyData: boolean },
  open: () => Promise<Session>,
): Promise<void> {
  const states = localStates(project);
  // A synthesis would make keys for something that is not there.
  if (readStacks(project).length === 0 && states.length === 0) {
    out.result(
      "nothing to destroy: nothing was synthesized here, and there is no local state; if the state is kept elsewhere, run `m2m diff` first",
      { destroyed: [] },
    );
    return;
  }
  refuseWhileBusy(project);
  const kept = keptPassword(project);
  const stacks = await stacksOf(project, out, states);
  // A first deploy was interrupted: Terraform still signs in with its password.
  if (kept !== undefined && !isPasswordGiven(DECLARED_SERVER) && stacks.some(declaresDeployer)) {
    process.env[PROVIDER_ENVIRONMENT.password] = kept;
  }
  const work = stacks.filter((stack) => mayHoldSomething(project, stack));
  if (work.length > 0) {
    freeData(work, options.destroyData);
    if (!options.yes) refuseWithoutTerminal(work);
    const opened = await open();
    const session = work.some(usesDocker) ? await opened.bringDocker("engine", work) : opened;
    if (!options.yes) await confirmed(work, session);
    await destroyStacks(session, stacks, work);
  }
  for (const stack of stacks) removeTraces(stack);
  forgetPassword(project);
  rmSync(project.outdir, { recursive: true, force: true });
  out.result(
    work.length > 0 ? "destroyed; keys and certificates, images and the cache are kept" : "nothing to destroy",
    { destroyed: work.map(({ name }) => name) },
  );
}

async function stacksOf(project: Project, out: Output, states: readonly State[]): Promise<Stack[]> {
  const stacks = readStacks(project);
  if (stacks.length > 0) return stacks;
  await settleSources(project, keycloakProviderAddresses(states)); // the constructs read them
  return (await synthesize(project, out, { createKeys: "outside CI", reissue: false, newKeys: true })).stacks;
}

/** Of a state that is kept elsewhere nothing is known here. */
function mayHoldSomething(project: Project, stack: Stack): boolean {
  return localStateFile(stack) === undefined || localState(stack).resources.length > 0 || hasTraces(project, stack);
}

/** What the local states know, without containers that are gone. */
async function thereNow(stacks: readonly Stack[], env: Record<string, string>): Promise<DockerThing[]> {
  const things = stacks.flatMap((stack) => stateThings(localState(stack)));
  const there = await Promise.all(
    things.map(async ({ kind, id }) => kind !== "container" || (await containerStatus(id, env)) !== "gone"),
  );
  return things.filter((_, index) => there[index]);
}

/** Data is not destroyed by the way. Nothing is destroyed where that is refused. */
function freeData(stacks: readonly Stack[], destroyData: boolean): void {
  const held = stacks.flatMap((stack) => protectedVolumes(stack.json).filter((name) => mayBeThere(stack, name)));
  if (held.length === 0) return;
  if (!destroyData) {
    throw new ToolError(
      "data-protected",
      `this would destroy data that is protected (volume ${held.join(", ")}); back it up by \`m2m backup FILE\`, and pass --destroy-data to destroy it`,
    );
  }
  for (const { folder, json } of stacks) {
    replaceFile(join(folder, "cdk.tf.json"), JSON.stringify(withoutProtection(json), null, 2), 0o644);
  }
}

/** Of a state that is kept elsewhere nothing is known here. */
function mayBeThere(stack: Stack, volume: string): boolean {
  const isIt = ({ kind, name }: DockerThing) => kind === "volume" && name === volume;
  return localStateFile(stack) === undefined || stateThings(localState(stack)).some(isIt);
}

function refuseWithoutTerminal(stacks: readonly Stack[]): void {
  if (canAnswer()) return;
  throw new ToolError(
    "not-confirmed",
    `this destroys all that ${inWords(stacks)} made, and there is no terminal to ask for confirmation; pass --yes to go on`,
  );
}

function inWords(stacks: readonly Stack[]): string {
  const names = stacks.map(({ name }) => name).join(", ");
  return stacks.length === 1 ? `stack ${names}` : `the stacks ${names}`;
}

async function confirmed(stacks: readonly Stack[], { env, interruption }: Session): Promise<void> {
  const things = await thereNow(stacks, env);
  const list = things.map(({ kind, name }) => `\n  ${kind} ${name}`).join("");
  const text = `This destroys all that ${inWords(stacks)} made:${list}`;
  await confirm(text, "Enter yes to destroy them: ", interruption);
}

/** Removes state files in which nothing is left. */
function removeTraces(stack: Stack): void {
  const file = localStateFile(stack);
  if (file === undefined || localState(stack).resources.length > 0) return;
  for (const state of withBackups(file)) rmSync(state, { force: true });
}
