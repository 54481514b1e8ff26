import { rmSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { DECLARED_SERVER, isPasswordGiven, PROVIDER_ENVIRONMENT } from "../../constructs/contract/first-administrator";
import { nobodySignsIn } from "../../constructs/contract/provider-errors";
import { command } from "../cli/command";
import { declaresDeployer, forgetPassword, keptPassword } from "../deploy/first-deploy";
import { endAttempt, findLeftovers, hasTraces, refuseWhileBusy } from "../deploy/interrupted";
import { type Deployed, type ServerEntries, serversOf } from "../deploy/servers";
import { containerStatus, type DockerThing, declaredThings, oneRuns, remove, stateThings } from "../engines/docker";
import { type Output, ToolError } from "../output";
import { openProject, type Project, readStacks, type Stack } from "../project/project";
import { answers, settleSources } from "../project/sources";
import {
  EMPTY,
  keycloakEntries,
  keycloakProviderAddresses,
  localState,
  localStateFile,
  localStates,
  type State,
  withBackups,
} from "../project/state";
import { synthesize } from "../project/synth";
import { type Needs, openSession, type Session, terraform } from "../session";

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
 * Destroys all that the project's stacks made, also where Keycloak is gone. Keys, images and the cache stay. What this
 * takes is brought only where there is something to destroy.
 */
export async function down(
  project: Project,
  out: Output,
  options: { yes: boolean },
  open: (needs: Needs) => Promise<Session>,
): Promise<void> {
  const states = localStates(project);
  // Synthesizing a fresh checkout would make keys, for something that is not there.
  if (readStacks(project).length === 0 && states.length === 0) {
    out.result(
      "nothing to destroy: nothing was synthesized here and there is no local state; where the state is kept elsewhere, run `m2m diff` first",
      { destroyed: [] },
    );
    return;
  }
  refuseWhileBusy(project);
  const kept = keptPassword(project);
  const stacks = await stacksOf(project, out, states);
  // Of a first deploy that was broken off: Terraform signs in by it still.
  if (kept !== undefined && !isPasswordGiven(DECLARED_SERVER) && stacks.some(declaresDeployer)) {
    process.env[PROVIDER_ENVIRONMENT.password] = kept;
  }
  const work = stacks.filter((stack) => mayHoldSomething(project, stack));
  if (work.length > 0) {
    if (!options.yes) refuseWithoutTerminal();
    const session = await open({ docker: work.some(usesDocker), images: false });
    if (!options.yes) await confirm(work, session.env);
    await destroyAll(session, stacks, work);
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

/** A state that is kept elsewhere has to be asked. */
function mayHoldSomething(project: Project, stack: Stack): boolean {
  return localStateFile(stack) === undefined || localState(stack).resources.length > 0 || hasTraces(project, stack);
}

function usesDocker(stack: Stack): boolean {
  return declaredThings(stack).length > 0 || stateThings(localState(stack)).length > 0;
}

async function destroyAll(session: Session, stacks: readonly Stack[], work: readonly Stack[]): Promise<void> {
  const deployed: Deployed[] = [];
  for (const stack of stacks) {
    if (!work.includes(stack)) {
      deployed.push({ stack, state: EMPTY });
      continue;
    }
    const tool = terraform(session, stack);
    await tool.init();
    deployed.push({ stack, state: await tool.state() });
  }
  for (const one of deployed.filter(({ stack }) => work.includes(stack)).reverse()) {
    await destroy(session, one, deployed);
  }
}

async function destroy(session: Session, deployed: Deployed, all: readonly Deployed[]): Promise<void> {
  const { stack, state } = deployed;
  const tool = terraform(session, stack);
  const leftovers = await findLeftovers(session, stack);
  const isContainer = ({ kind }: DockerThing) => kind === "container";
  await remove(leftovers.filter(isContainer), session.env); // they may hold what the state knows
  if (state.resources.length > 0) {
    const servers = serversOf(deployed, all);
    await tool.forget(await entriesOfLostServers(servers, session.env));
    session.out.say(`destroying stack ${stack.name}`);
    await tool.destroy().catch(async (error) => {
      if (!(await destroyedWithoutSigningIn(error, session, stack, servers))) {
        throw await withWayOut(error, session, stack, servers);
      }
    });
  }
  await remove(
    leftovers.filter((thing) => !isContainer(thing)),
    session.env,
  );
  endAttempt(session, stack);
}

/**
 * Whoever may remove a server and its volume needs no right in it. Where nobody can sign in any more, as after a first
 * deploy that was broken off, or to a server whose volume was made anew, what it holds goes with its volume.
 */
async function destroyedWithoutSigningIn(
  error: unknown,
  session: Session,
  stack: Stack,
  servers: readonly ServerEntries[],
): Promise<boolean> {
  const own = servers.filter(({ containers }) => containers !== undefined).flatMap(({ addresses }) => addresses);
  if (own.length === 0 || !(error instanceof ToolError) || !nobodySignsIn(error.message)) return false;
  session.out.warn("nobody can sign in to Keycloak here: what it holds is removed with its volume");
  const tool = terraform(session, stack);
  const left = keycloakEntries(await tool.state()).map(({ address }) => address);
  await tool.forget(own.filter((address) => left.includes(address)));
  await tool.destroy({ refresh: false });
  return true;
}

/** A provider would wait for a server that is not there; what it held goes with its volume. */
async function entriesOfLostServers(servers: readonly ServerEntries[], env: Record<string, string>): Promise<string[]> {
  const lost = await Promise.all(
    servers.map(async ({ containers }) => containers !== undefined && !(await oneRuns(containers, env))),
  );
  return servers.filter((_, index) => lost[index]).flatMap(({ addresses }) => addresses);
}

/** A server that exists elsewhere keeps what it holds, so its entries are forgotten only by whoever knows better. */
async function withWayOut(
  error: unknown,
  { terraformBinary }: Session,
  { folder }: Stack,
  servers: readonly ServerEntries[],
): Promise<unknown> {
  if (!(error instanceof ToolError)) return error;
  const elsewhere = servers.filter(({ url, containers }) => URL.canParse(url) && containers === undefined);
  const there = await Promise.all(elsewhere.map(({ url }) => answers(url, Number.POSITIVE_INFINITY)));
  const hints = elsewhere
    .filter((_, index) => !there[index])
    .map(
      ({ url, addresses }) =>
        `${url} does not answer. Start it and run \`m2m down\` again; or, if it is gone for good, forget what it held first:\n  (cd ${folder} && ${terraformBinary} state rm ${addresses.join(" ")})`,
    );
  if (hints.length === 0) return error;
  return new ToolError(error.code, [error.message, ...hints].join("\n\n"), { cause: error });
}

/** What the local states know, but for containers that are gone. */
async function thereNow(stacks: readonly Stack[], env: Record<string, string>): Promise<DockerThing[]> {
  const things = stacks.flatMap((stack) => stateThings(localState(stack)));
  const there = await Promise.all(
    things.map(async ({ kind, id }) => kind !== "container" || (await containerStatus(id, env)) !== "gone"),
  );
  return things.filter((_, index) => there[index]);
}

function refuseWithoutTerminal(): void {
  if (!process.stdin.isTTY) {
    throw new ToolError("not-confirmed", "`down` destroys the environment and nobody can be asked here; pass --yes");
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

/** State files are removed only where nothing is left in them. */
function removeTraces(stack: Stack): void {
  const file = localStateFile(stack);
  if (file === undefined || localState(stack).resources.length > 0) return;
  for (const state of withBackups(file)) rmSync(state, { force: true });
}
