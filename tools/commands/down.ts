import { rmSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { DECLARED_SERVER, isPasswordGiven, PROVIDER_ENVIRONMENT } from "../../constructs/contract/first-administrator";
import { command } from "../cli/command";
import { destroyStacks } from "../deploy/destroy-stacks";
import { declaresDeployer, forgetPassword, keptPassword } from "../deploy/first-deploy";
import { hasTraces, refuseWhileBusy } from "../deploy/interrupted";
import { containerStatus, type DockerThing, declaredThings, stateThings } from "../engines/docker";
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
import { type Needs, openSession, type Session } from "../session";

export const downCommand = command({
  name: "down",
  help: "destroy all that up made; asks, unless --yes is given",
  options: { yes: { help: "destroy without asking" } },
  async run({ options, out, interruption }) {
    await down(openProject(), out, options, (needs) => openSession(out, interruption, needs));
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
  options: { yes: boolean },
  open: (needs: Needs) => Promise<Session>,
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
    if (!options.yes) refuseWithoutTerminal();
    const session = await open({ docker: work.some(usesDocker), images: false });
    if (!options.yes) await confirm(work, session.env);
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
  return await synthesize(project, out, { createKeys: "outside CI", reissue: false, newKeys: true });
}

/** Of a state that is kept elsewhere nothing is known here. */
function mayHoldSomething(project: Project, stack: Stack): boolean {
  return localStateFile(stack) === undefined || localState(stack).resources.length > 0 || hasTraces(project, stack);
}

function usesDocker(stack: Stack): boolean {
  return declaredThings(stack).length > 0 || stateThings(localState(stack)).length > 0;
}

/** What the local states know, without containers that are gone. */
async function thereNow(stacks: readonly Stack[], env: Record<string, string>): Promise<DockerThing[]> {
  const things = stacks.flatMap((stack) => stateThings(localState(stack)));
  const there = await Promise.all(
    things.map(async ({ kind, id }) => kind !== "container" || (await containerStatus(id, env)) !== "gone"),
  );
  return things.filter((_, index) => there[index]);
}

function refuseWithoutTerminal(): void {
  if (!process.stdin.isTTY) {
    throw new ToolError(
      "not-confirmed",
      "`down` destroys the environment, and there is no terminal to ask for confirmation; pass --yes",
    );
  }
}

async function confirm(stacks: readonly Stack[], env: Record<string, string>): Promise<void> {
  const things = await thereNow(stacks, env);
  const list = things.map(({ kind, name }) => `  ${kind} ${name}\n`).join("");
  process.stderr.write(`This destroys ${stacks.map(({ name }) => name).join(", ")}:\n${list}`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question("Enter yes to destroy them: ");
  terminal.close();
  if (answer.trim() !== "yes") throw new ToolError("not-confirmed", "nothing was destroyed");
}

/** Removes state files in which nothing is left. */
function removeTraces(stack: Stack): void {
  const file = localStateFile(stack);
  if (file === undefined || localState(stack).resources.length > 0) return;
  for (const state of withBackups(file)) rmSync(state, { force: true });
}
