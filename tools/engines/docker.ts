import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { LABEL } from "../../constructs/contract/docker-names";
import { DOCKER } from "../../constructs/contract/sources";
import { ToolError } from "../output";
import { addresses, type Stack } from "../project/project";
import { localState, type State } from "../project/state";

/** What a stack makes in Docker, by the name it has there. */
export interface DockerThing {
  readonly kind: "service" | "container" | "config" | "network" | "volume";
  readonly name: string;
}

/** One that is there, or was. Docker's id tells it from another of the same name. The id of a volume is its name. */
export interface MadeThing extends DockerThing {
  readonly id: string;
}

const KINDS = ["service", "container", "config", "network", "volume"] as const;
const LINE = {
  service: "{{.ID}} {{.Name}}",
  config: "{{.ID}} {{.Name}}",
  container: "{{.ID}} {{.Names}}",
  network: "{{.ID}} {{.Name}}",
  volume: "{{.Name}} {{.Name}}",
} as const;
const NOT_THERE =
  /no such (service|container|config|network|volume)|(service|container|config|network|volume) \S+ not found|not a swarm manager/i;

/** Runs the Docker client. Gives `undefined` if the thing is not there, and fails if Docker does not answer. */
async function docker(args: readonly string[], env: Record<string, string>): Promise<string | undefined> {
  const result = await execa("docker", args, { env, reject: false, timeout: 60_000, stdin: "ignore" });
  if (!result.failed) return result.stdout;
  const problem = result.stderr?.trim() || result.shortMessage || "";
  if (NOT_THERE.test(problem)) return undefined;
  throw new ToolError("docker-unreachable", `\`docker ${args.join(" ")}\` failed:\n${problem}`);
}

/** Does a stack need Docker, by what it declares or by what its local state knows? */
export function usesDocker(stack: Stack): boolean {
  const providers = Object.values(stack.json.terraform.required_providers ?? {});
  return (
    addresses(stack, "docker_").length > 0 ||
    providers.some(({ source }) => source === DOCKER.source) ||
    stateThings(localState(stack)).length > 0
  );
}

/** Does a stack declare what only a manager of a swarm has? */
export function needsSwarm(stack: Stack): boolean {
  return declaredThings(stack).some(({ kind }) => kind === "service" || kind === "config");
}

/** Services, containers, configs, networks and volumes that a synthesized stack names. */
export function declaredThings(stack: Stack): DockerThing[] {
  return KINDS.flatMap((kind) =>
    Object.values(stack.json.resource?.[`docker_${kind}`] ?? {}).map(({ name }) => ({ kind, name: String(name) })),
  );
}

/** Services, containers, configs, networks and volumes that a state knows. */
export function stateThings(state: State): MadeThing[] {
  return KINDS.flatMap((kind) =>
    state.resources
      .filter(({ mode, type }) => mode === "managed" && type === `docker_${kind}`)
      .flatMap(({ instances }) =>
        instances.map(({ attributes }) => ({ kind, name: String(attributes.name), id: String(attributes.id) })),
      ),
  );
}

/** The services of a state, and its containers that are meant to run: some carry files alone. */
export function runningThings(state: State): MadeThing[] {
  const isStarted = ({ attributes }: { readonly attributes: object }) =>
    (attributes as { start?: boolean }).start !== false;
  const resources = state.resources.map((one) => ({ ...one, instances: one.instances.filter(isStarted) }));
  return stateThings({ ...state, resources }).filter(({ kind }) => kind === "service" || kind === "container");
}

/** Things of these names that exist in Docker with this package's label, whoever made them. */
export async function existing(things: readonly DockerThing[], env: Record<string, string>): Promise<MadeThing[]> {
  const found = await Promise.all(
    KINDS.filter((kind) => things.some((thing) => thing.kind === kind)).map(async (kind) => {
      const all = kind === "container" ? ["--all"] : [];
      const full = ["container", "network"].includes(kind) ? ["--no-trunc"] : [];
      const args = [kind, "ls", ...all, ...full, "--filter", `label=${LABEL}`, "--format", LINE[kind]];
      return ((await docker(args, env)) ?? "")
        .split("\n")
        .map((line) => line.split(" "))
        .map(([id = "", name = ""]) => ({ kind, name, id }));
    }),
  );
  const named = found
    .flat()
    .filter((thing) => things.some(({ kind, name }) => kind === thing.kind && name === thing.name));
  return await Promise.all(named.map((thing) => (thing.kind === "service" ? withWholeId(thing, env) : thing)));
}

/** Docker lists services by the beginning of their ids. */
async function withWholeId(service: MadeThing, env: Record<string, string>): Promise<MadeThing> {
  const id = await docker(["service", "inspect", "--format", "{{.ID}}", service.id], env);
  return { ...service, id: id?.trim() ?? service.id };
}

/** Whether a container or a service is there, running or not. */
export async function isThere(
  { kind, id }: Pick<MadeThing, "kind" | "id">,
  env: Record<string, string>,
): Promise<boolean> {
  return (await docker([kind, "inspect", "--format", "{{.ID}}", id], env)) !== undefined;
}

/** What became of a container, by its name or id. */
export async function containerStatus(
  container: string,
  env: Record<string, string>,
): Promise<"running" | "stopped" | "gone"> {
  const answer = await docker(["container", "inspect", "--format", "{{.State.Running}}", container], env);
  if (answer === undefined) return "gone";
  return answer.trim() === "true" ? "running" : "stopped";
}

export async function isRunning(container: string, env: Record<string, string>): Promise<boolean> {
  return (await containerStatus(container, env)) === "running";
}

export async function oneRuns(containers: readonly MadeThing[], env: Record<string, string>): Promise<boolean> {
  return (await Promise.all(containers.map(({ id }) => isRunning(id, env)))).some(Boolean);
}

/** Services and containers first: configs, networks and volumes are in use until they are gone. */
export async function remove(things: readonly MadeThing[], env: Record<string, string>): Promise<void> {
  for (const kind of KINDS) {
    for (const { id } of things.filter((thing) => thing.kind === kind)) {
      await docker([kind, "rm", ...(kind === "container" ? ["--force"] : []), id], env);
    }
  }
}

/** Stops a container in order. It stays stopped, also when the engine starts again. */
export async function stop(container: string, env: Record<string, string>): Promise<void> {
  await toItsEnd(["stop", container], env);
}

/** Starts a container that is there. */
export async function start(container: string, env: Record<string, string>): Promise<void> {
  await toItsEnd(["start", container], env);
}

/** Has a service run as many replicas, and waits until they are ready. */
export async function scale(
  service: string,
  replicas: number,
  env: Record<string, string>,
  waitMs: number,
): Promise<void> {
  await toItsEnd(["service", "scale", `${service}=${replicas}`], env, waitMs);
  while (replicas === 0 && (await hasTasks(service, env))) await sleep(500);
}

/** A task that is to end may take its time. */
async function hasTasks(service: string, env: Record<string, string>): Promise<boolean> {
  const states = await docker(["service", "ps", "--format", "{{.CurrentState}}", service], env);
  return /^(running|starting|preparing)/im.test(states ?? "");
}

/** How a container is that is to become healthy. */
export interface Health {
  /** `starting`, `healthy`, `unhealthy`, empty where nobody looks, or the container's status where it does not run. */
  readonly status: string;
  /** How often the engine has started it again, because it ended by itself. */
  readonly restarts: number;
}

export async function healthOf(container: string, env: Record<string, string>): Promise<Health> {
  const status = "{{if .State.Running}}{{with .State.Health}}{{.Status}}{{end}}{{else}}{{.State.Status}}{{end}}";
  const format = `{{.RestartCount}} ${status}`;
  const answer = (await docker(["container", "inspect", "--format", format, container], env)) ?? "0 gone";
  const [restarts = "", found = ""] = answer.trim().split(" ");
  return { status: found, restarts: Number(restarts) };
}

/** Ctrl-C does not reach it. A container has a minute or two to stop. */
async function toItsEnd(args: readonly string[], env: Record<string, string>, timeout = 180_000): Promise<void> {
  const result = await execa("docker", args, { env, reject: false, detached: true, timeout, stdin: "ignore" });
  if (!result.failed) return;
  const problem = result.stderr?.trim() || result.shortMessage || "";
  throw new ToolError("docker-unreachable", `\`docker ${args.join(" ")}\` failed:\n${problem}`);
}
