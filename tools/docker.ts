import { createServer } from "node:net";
import { execa } from "execa";
import { ToolError } from "./output";
import type { Stack } from "./project";
import type { State } from "./state";

/** What a stack makes in Docker, by the name it has there. */
export interface DockerThing {
  readonly kind: "container" | "network" | "volume";
  readonly name: string;
}

const LABEL = "cdktf-keycloak-m2m";
const KINDS = ["container", "network", "volume"] as const;
const STACK_FRAME = /^\s+(at |\.\.\. \d+ (more|common frames))/;
const LINES_PER_MESSAGE = 50;

export async function docker(args: readonly string[], env: Record<string, string>): Promise<string | undefined> {
  const result = await execa("docker", args, { env, reject: false, timeout: 60_000, stdin: "ignore" });
  return result.failed ? undefined : result.stdout;
}

/** Containers, networks and volumes that a synthesized stack names. */
export function declaredThings(stack: Stack): DockerThing[] {
  return KINDS.flatMap((kind) =>
    Object.values(stack.json.resource?.[`docker_${kind}`] ?? {}).map(({ name }) => ({ kind, name: String(name) })),
  );
}

/** Containers, networks and volumes that a state knows. */
export function stateThings(state: State): DockerThing[] {
  return KINDS.flatMap((kind) =>
    state.resources
      .filter(({ mode, type }) => mode === "managed" && type === `docker_${kind}`)
      .flatMap(({ instances }) => instances.map(({ attributes }) => ({ kind, name: String(attributes.name) }))),
  );
}

/** Those that exist in Docker and carry this package's label. */
export async function existing(things: readonly DockerThing[], env: Record<string, string>): Promise<DockerThing[]> {
  const found = await Promise.all(
    KINDS.filter((kind) => things.some((thing) => thing.kind === kind)).map(async (kind) => {
      const all = kind === "container" ? ["--all"] : [];
      const format = kind === "container" ? "{{.Names}}" : "{{.Name}}";
      const names = await docker([kind, "ls", ...all, "--filter", `label=${LABEL}`, "--format", format], env);
      return (names ?? "").split("\n").map((name) => ({ kind, name }));
    }),
  );
  const there = found.flat();
  return things.filter(({ kind, name }) => there.some((thing) => thing.kind === kind && thing.name === name));
}

export async function isRunning(container: string, env: Record<string, string>): Promise<boolean> {
  return (await docker(["container", "inspect", "--format", "{{.State.Running}}", container], env))?.trim() === "true";
}

/** Containers first: networks and volumes are in use until they are gone. */
export async function remove(things: readonly DockerThing[], env: Record<string, string>): Promise<void> {
  for (const kind of KINDS) {
    for (const { name } of things.filter((thing) => thing.kind === kind)) {
      await docker([kind, "rm", ...(kind === "container" ? ["--force"] : []), name], env);
    }
  }
}

/** The last lines of a container's log, both streams. */
export async function lastLogLines(container: string, lines: number, env: Record<string, string>): Promise<string> {
  const result = await execa("docker", ["logs", "--tail", String(lines), container], {
    env,
    reject: false,
    all: true,
    timeout: 10_000,
  });
  return result.failed ? "" : (result.all ?? "");
}

/** Its last lines that say something: of Java's stack traces the messages stay and the frames, dozens each, go. */
export async function lastMessages(container: string, lines: number, env: Record<string, string>): Promise<string> {
  const log = await lastLogLines(container, lines * LINES_PER_MESSAGE, env);
  const messages = log.split("\n").filter((line) => !STACK_FRAME.test(line));
  return messages.slice(-lines).join("\n");
}

/** Refuses a published port that something else holds, before Docker fails half-way. */
export async function checkPorts(stack: Stack, env: Record<string, string>): Promise<void> {
  for (const config of Object.values(stack.json.resource?.docker_container ?? {})) {
    if (await isRunning(String(config.name), env)) continue;
    const where = (config["//"] as { metadata: { path: string } } | undefined)?.metadata.path ?? String(config.name);
    for (const { external, ip } of (config.ports ?? []) as { external?: number; ip?: string }[]) {
      if (external !== undefined && !(await isFree(external, ip ?? "127.0.0.1"))) {
        throw new ToolError(
          "port-in-use",
          `[${where}] port ${external} of ${ip ?? "127.0.0.1"} is in use by another program; end it (\`ss -ltnp 'sport = :${external}'\` names it), or choose another port`,
        );
      }
    }
  }
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    // Whatever else keeps this program from the port, such as a privileged one, need not keep Docker from it.
    probe.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code !== "EADDRINUSE"));
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });
}
