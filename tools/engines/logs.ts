import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import type { MadeThing } from "./docker";

/** What writes a log: a container, or a service, whose log is that of all its replicas. */
export type Logging = Pick<MadeThing, "kind" | "id">;

/** A container by its name or id. */
export function container(id: string): Logging {
  return { kind: "container", id };
}

const STACK_FRAME = /^\s+(at |\.\.\. \d+ (more|common frames))/;
const LINES_PER_MESSAGE = 50;
/** On a busy machine a program may not have written its first line when somebody asks why it does not run. */
const FIRST_LINE_MS = 30_000;

/** The arguments of the Docker client for a log. */
export function logArguments({ kind, id }: Logging, options: readonly string[]): string[] {
  return [...(kind === "service" ? ["service"] : []), "logs", ...options, id];
}

/** The last lines of a log, both streams; those of a service begin with the replica. */
export async function lastLogLines(one: Logging, lines: number, env: Record<string, string>): Promise<string> {
  return await read(one, ["--tail", String(lines)], env, 10_000);
}

/** A log since a time, each line with its time before it; the end of it, where that is longer. */
export async function logSince(one: Logging, since: Date, lines: number, env: Record<string, string>): Promise<string> {
  const raw = one.kind === "service" ? ["--raw"] : []; // without the replica before each line
  const options = [...raw, "--timestamps", "--since", since.toISOString(), "--tail", String(lines)];
  return await read(one, options, env, 30_000);
}

async function read(
  one: Logging,
  options: readonly string[],
  env: Record<string, string>,
  timeout: number,
): Promise<string> {
  const result = await execa("docker", logArguments(one, options), { env, reject: false, all: true, timeout });
  // A service's log ends with an error where a node, or a replica that ended, does not give its own.
  const isPart = one.kind === "service" && (result.stdout ?? "") !== "";
  if (isPart) return result.stdout;
  return result.failed ? "" : (result.all ?? "");
}

/** The end of a log, with a heading. Waits for the first line, or says that there is none yet. */
export async function endOfLog(
  one: Logging & { readonly name?: string },
  lines: number,
  env: Record<string, string>,
  waitMs = FIRST_LINE_MS,
): Promise<string> {
  const { name = one.id } = one;
  for (const end = Date.now() + waitMs; ; await sleep(500)) {
    const messages = await lastMessages(one, lines, env);
    if (messages.trim() !== "") return `The last lines of ${name}'s log:\n${messages}`;
    if (Date.now() >= end) return `${name} has written nothing to its log yet`;
  }
}

/** The last lines of a log without the frames of Java's stack traces, of which there are dozens each. */
async function lastMessages(one: Logging, lines: number, env: Record<string, string>): Promise<string> {
  const log = await lastLogLines(one, lines * LINES_PER_MESSAGE, env);
  const messages = log.split("\n").filter((line) => !STACK_FRAME.test(line));
  return messages.slice(-lines).map(readable).join("\n");
}

/** `NAME.1.ID@NODE    | `, before each line of a service's log. */
const REPLICA = /^(\S+@\S+ +\| )?(.*)$/s;

/** A line of a log in JSON as Keycloak writes it in text; any other as it is. */
export function readable(line: string): string {
  const [, replica = "", text = ""] = REPLICA.exec(line) ?? [];
  if (!text.startsWith("{")) return line;
  try {
    const { timestamp, level, loggerName, message } = JSON.parse(text);
    return message === undefined ? line : `${replica}${timestamp} ${level} [${loggerName}] ${message}`;
  } catch {
    return line; // cut off
  }
}
