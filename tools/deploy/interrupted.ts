import { existsSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { execaSync } from "execa";
import { m2mFolder } from "../../constructs/contract/project-files";
import { readTextFile } from "../../constructs/keys/read-file";
import { writeAtomically } from "../atomic-file";
import { type DockerThing, declaredThings, existing, type MadeThing, remove, stateThings } from "../engines/docker";
import { withLock } from "../lock";
import { ToolError } from "../output";
import type { Project, Stack } from "../project/project";
import { localStateFile } from "../project/state";
import { type Session, terraform } from "../session";

/**
 * What an `up` is about to make. A run that was killed may have made things in Docker that the state does not know, and
 * their names are taken then. Its leftovers are the things of these names that were not there before and that the state
 * does not know. Everything else belongs to somebody else.
 */
interface Attempt {
  /** The process at work, and when it started: process ids are used again. */
  readonly pid: number;
  readonly started: string;
  readonly things: readonly DockerThing[];
  /** Docker's ids of what was there before. */
  readonly before: readonly string[];
  /** The addresses of what is about to be made in Keycloak, and was not there before. */
  readonly inKeycloak?: readonly string[];
}

const CLAIM_MS = 60_000;

/** Refuses to go on while another run works on a stack of this checkout. */
export function refuseWhileBusy(project: Project): void {
  const folder = m2mFolder(project.folder);
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const stack = /^attempt-(.+)\.json$/.exec(name)?.[1];
    if (stack !== undefined) refuseLive(readAttempt(join(folder, name)), stack, join(folder, name));
  }
}

/**
 * Removes what a killed run left, then writes down what is about to be made. Refuses while another run works on the
 * stack. Gives what is in Docker under the stack's names already, and what a killed run may have made in Keycloak.
 */
export async function beginAttempt(
  session: Session,
  stack: Stack,
): Promise<{ there: MadeThing[]; inKeycloak: readonly string[] }> {
  const { project, env, out } = session;
  const lock = { say: out.say, waitMs: CLAIM_MS };
  return await withLock(m2mFolder(project.folder), `attempt-${stack.name}`, lock, async () => {
    const leftovers = await findLeftovers(session, stack);
    if (leftovers.length > 0) {
      const list = leftovers.map(({ kind, name }) => `${kind} ${name}`).join(", ");
      out.warn(`removing what an interrupted run left: ${list}`);
      await remove(leftovers, env);
    }
    const things = declaredThings(stack);
    const there = await existing(things, env);
    const before = there.map(({ id }) => id);
    const inKeycloak = halfMadeInKeycloak(session, stack);
    const attempt: Attempt = { pid: process.pid, started: startOf(process.pid), things, before, inKeycloak };
    await writeAtomically(recordFile(project, stack), JSON.stringify(attempt));
    return { there, inKeycloak };
  });
}

/** Adds to the record what is about to be made in Keycloak. */
export async function noteInKeycloak({ project }: Session, stack: Stack, inKeycloak: readonly string[]): Promise<void> {
  const attempt = readAttempt(recordFile(project, stack));
  if (attempt) await writeAtomically(recordFile(project, stack), JSON.stringify({ ...attempt, inKeycloak }));
}

/** What the last run may have made in Keycloak without having written it down, by addresses. */
export function halfMadeInKeycloak({ project }: Session, stack: Stack): readonly string[] {
  return readAttempt(recordFile(project, stack))?.inKeycloak ?? [];
}

/** For the end of a run whose state is saved, also a failed one. Only a killed run leaves its record. */
export function endAttempt({ project }: Session, stack: Stack): void {
  rmSync(recordFile(project, stack), { force: true });
}

/** What a killed run of this checkout left in Docker. Refuses while another run is at work on the stack. */
export async function findLeftovers(session: Session, stack: Stack): Promise<MadeThing[]> {
  const file = recordFile(session.project, stack);
  const attempt = readAttempt(file);
  refuseLive(attempt, stack.name, file);
  if (!attempt && !hasLockFile(stack)) return [];
  const tool = terraform(session, stack);
  // If only m2m was killed, Terraform still runs. If Terraform was killed, its lock file is still there.
  if (await tool.isLocked()) {
    throw new ToolError(
      "busy",
      `another run is at work on the state of stack ${stack.name}; wait for it to end and try again`,
    );
  }
  if (!attempt) return [];
  const known = [...attempt.before, ...stateThings(await tool.state()).map(({ id }) => id)];
  return (await existing(attempt.things, session.env)).filter(({ id }) => !known.includes(id));
}

function refuseLive(attempt: Attempt | undefined, stack: string, file: string): void {
  if (!attempt || attempt.pid === process.pid || startOf(attempt.pid) !== attempt.started) return;
  throw new ToolError(
    "busy",
    `another run, process ${attempt.pid}, is at work on stack ${stack}; wait for it to end, or end it, and try again (record: ${file})`,
  );
}

/** A record that an older version wrote in another form counts as none. */
function readAttempt(file: string): Attempt | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const attempt = JSON.parse(readTextFile(file));
    return Array.isArray(attempt.before) ? attempt : undefined;
  } catch {
    return undefined;
  }
}

/** Has a run left its record or a lock? */
export function hasTraces(project: Project, stack: Stack): boolean {
  return readAttempt(recordFile(project, stack)) !== undefined || hasLockFile(stack);
}

function hasLockFile(stack: Stack): boolean {
  const file = localStateFile(stack);
  return file !== undefined && existsSync(join(dirname(file), `.${basename(file)}.lock.info`));
}

/** When a process started, in the system's own terms; empty if it has ended. */
function startOf(pid: number): string {
  if (!existsSync("/proc/self/stat")) {
    return execaSync("ps", ["-o", "lstart=", "-p", String(pid)], { reject: false }).stdout.trim();
  }
  try {
    // Fields 3 and 22 of proc(5). The program's name before them may hold anything, so they are counted after it.
    const fields = readTextFile(`/proc/${pid}/stat`).split(") ").at(-1)!.split(" ");
    return fields[0] === "Z" ? "" : fields[19]!;
  } catch {
    return "";
  }
}

function recordFile(project: Project, stack: Stack): string {
  return join(m2mFolder(project.folder), `attempt-${stack.name}.json`);
}
