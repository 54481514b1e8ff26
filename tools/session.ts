import { needsImage } from "../constructs/contract/build-context";
import {
  DOCKER,
  EMBEDDED_KEYCLOAK,
  LOCAL_HAPROXY_IMAGE,
  LOCAL_MONITORING_IMAGE,
  LOCAL_POSTGRES_IMAGE,
  makesImages,
  readSources,
  type Sources,
} from "../constructs/contract/sources";
import { cacheFolder } from "./bring/cache";
import { bringDockerEngine } from "./bring/docker-engine";
import { bringDockerProvider } from "./bring/docker-provider";
import { bringImages } from "./bring/images";
import { settleAll } from "./bring/settle-all";
import { findTerraform } from "./bring/terraform";
import { writeCliConfig } from "./engines/cli-config";
import { stateThings, usesDocker } from "./engines/docker";
import { renewMachineImage, settleSources } from "./engines/settle-sources";
import { Terraform } from "./engines/terraform";
import type { Output } from "./output";
import { knownKeys } from "./project/known-keys";
import { openProject, type Project, type Stack } from "./project/project";
import { refuseLostKeys } from "./project/refuse-other-keys";
import { keycloakProviderAddresses, localStateFile, localStates, named, readState, type State } from "./project/state";
import { type SynthOptions, synthesize } from "./project/synth";

/** What every command works with: the project, and the environment that programs are started with. */
export interface Session {
  readonly project: Project;
  readonly out: Output;
  /** Aborted by Ctrl-C. */
  readonly interruption: AbortSignal;
  readonly env: Record<string, string>;
  readonly terraformBinary: string;
  /**
   * Brings something of Docker, of which a session has nothing at first: a project may do without it. Gives the session
   * that has it. Without `stacks` every image is brought, else those that the stacks need.
   */
  bringDocker(part: DockerPart, stacks?: readonly Stack[]): Promise<Session>;
}

/** Terraform's provider for Docker; that and the engine; both, and the images that containers are made of. */
export type DockerPart = "provider" | "engine" | "images";

/** Opens the project and brings what the machine lacks, but for Docker. */
export async function openSession(out: Output, interruption: AbortSignal): Promise<Session> {
  const project = openProject();
  const cache = cacheFolder();
  const { binary } = await findTerraform();
  const sources = await settle(project, out);
  const session: Session = {
    project,
    out,
    interruption,
    terraformBinary: binary,
    env: await writeCliConfig(cache, sources),
    bringDocker: (part, stacks) => bringDocker(session, cache, part, stacks),
  };
  return session;
}

export function terraform({ terraformBinary, env, out }: Session, stack: Stack): Terraform {
  return new Terraform(terraformBinary, stack, env, out);
}

/** What a project declares, and what its states know. */
export interface Declared {
  /** The session, with what the stacks need of Docker. */
  readonly session: Session;
  readonly stacks: Stack[];
  /** By the stacks' names. */
  readonly states: ReadonlyMap<string, State>;
}

/**
 * Synthesizes, brings what the stacks need of Docker, and refuses keys that any state knows under another kid, wherever the
 * state is kept.
 */
export async function declared(session: Session, options: SynthOptions): Promise<Declared> {
  const { project, out } = session;
  const image = () => readSources(project.folder)?.machineImage;
  const before = image();
  let synthesis = await synthesize(project, out, options);
  let ready = session;
  if (synthesis.stacks.some(usesDocker)) {
    ready = await session.bringDocker("images", synthesis.stacks);
    if (image() !== before) synthesis = await synthesize(project, out, options); // it has another name now
  }
  const { stacks } = synthesis;
  const states = await statesOf(ready, stacks);
  if (ready === session && [...states.values()].some((state) => stateThings(state).length > 0)) {
    ready = await session.bringDocker("engine", stacks); // to destroy what is not declared any more
  }
  if (!options.newKeys) refuseLostKeys(project, synthesis, knownKeys(named(states)));
  return { session: ready, stacks, states };
}

/** The states of some stacks, by their names. */
async function statesOf(session: Session, stacks: readonly Stack[]): Promise<Map<string, State>> {
  const states = new Map<string, State>();
  for (const stack of stacks) {
    try {
      states.set(stack.name, await stateOf(session, stack));
    } catch (error) {
      // A state elsewhere that knows things in Docker which are not declared any more.
      if (usesDocker(stack) || !(error as Error).message.includes(DOCKER.source)) throw error;
      states.set(stack.name, await stateOf(await session.bringDocker("provider"), stack));
    }
  }
  return states;
}

/** The state of a stack, wherever it is kept: a file is read at once, and Terraform asked for any other. */
export async function stateOf(session: Session, stack: Stack): Promise<State> {
  const file = localStateFile(stack);
  if (file !== undefined) return readState(file);
  const tool = terraform(usesDocker(stack) ? await session.bringDocker("provider") : session, stack);
  await tool.init();
  return await tool.state();
}

async function bringDocker(
  session: Session,
  cache: string,
  part: DockerPart,
  stacks?: readonly Stack[],
): Promise<Session> {
  const { project, out } = session;
  const recorded = readSources(project.folder);
  const wanted = part === "images";
  const engine = part === "provider" ? undefined : await bringDockerEngine(cache, out);
  const sources = recorded && wanted ? await renewMachineImage(project, recorded, out) : recorded;
  const isNeeded = (image: string | undefined) =>
    image !== undefined && (!stacks || stacks.some(({ json, folder }) => needsImage(json, folder, image)));
  const keycloakImage = isNeeded(recorded?.keycloakImage) ? sources?.keycloakImage : undefined;
  const machineImage = isNeeded(recorded?.machineImage) ? sources?.machineImage : undefined;
  // Without stacks it is said what every project needs, and few are watched, or have a database.
  const ifNeeded = (image: string) => (stacks && makesImages(recorded) && isNeeded(image) ? image : undefined);
  const monitoring = ifNeeded(LOCAL_MONITORING_IMAGE);
  const postgres = ifNeeded(LOCAL_POSTGRES_IMAGE);
  const haproxy = ifNeeded(LOCAL_HAPROXY_IMAGE);
  await settleAll([
    wanted
      ? bringImages(cache, { keycloak: keycloakImage, machine: machineImage, monitoring, postgres, haproxy }, out)
      : undefined,
    sources?.dockerProvider === "built" ? bringDockerProvider(cache, out) : undefined,
  ]);
  return { ...session, env: { ...session.env, ...(engine?.host && { DOCKER_HOST: engine.host }) } };
}

/** Settles where things come from, and tells if another Keycloak provider is used than before, or the embedded one. */
async function settle(project: Project, out: Output): Promise<Sources> {
  const recorded = readSources(project.folder);
  const sources = await settleSources(project, keycloakProviderAddresses(localStates(project)));
  if (recorded && recorded.keycloakProvider !== sources.keycloakProvider) {
    out.warn(`the Keycloak provider is ${sources.keycloakProvider} now: ${sources.why}`);
  }
  if (!recorded && sources.keycloakProvider === EMBEDDED_KEYCLOAK.source) {
    out.warn(`the provider keycloak/keycloak cannot be reached (${sources.why}); using the embedded Keycloak provider`);
  }
  return sources;
}
