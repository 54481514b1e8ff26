import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { execa } from "execa";
import type { DatabaseDescription } from "../../constructs/contract/markers";
import { ToolError } from "../output";

/** Where PostgreSQL's own programs are: they fit its version, and its administrator needs no password there. */
export interface Place extends DatabaseDescription {
  readonly env: Record<string, string>;
}

/** The role that Keycloak has there. */
export const ROLE = "keycloak";

const AS_ADMINISTRATOR = "--username=postgres";

/**
 * Runs SQL as PostgreSQL's administrator, several statements as one transaction. Gives the rows, each with its columns.
 * Ctrl-C does not reach it: it is short, and half of it is of no use.
 */
export async function query({ container, env }: Place, database: string, sql: string): Promise<string[][]> {
  const options = ["--no-psqlrc", "--tuples-only", "--no-align", "--field-separator=\t", "--set=ON_ERROR_STOP=1"];
  const args = ["exec", container, "psql", AS_ADMINISTRATOR, `--dbname=${database}`, ...options, `--command=${sql}`];
  const result = await execa("docker", args, {
    env,
    reject: false,
    stdin: "ignore",
    detached: true,
    timeout: 120_000,
  });
  if (result.failed) throw failure("psql", container, result.stderr || result.shortMessage || "");
  return result.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t"));
}

/** Has pg_dump write the database: all as it is at one moment, while Keycloak goes on working. */
export async function dump(place: Place, write: (archive: Readable) => Promise<void>): Promise<void> {
  const { container, database, env } = place;
  const args = ["exec", container, "pg_dump", AS_ADMINISTRATOR, "--format=custom", database];
  const running = execa("docker", args, { env, reject: false, stdin: "ignore", buffer: { stdout: false } });
  const written = write(running.stdout).catch((error: Error) => {
    running.kill(); // nobody takes what it has to say
    return error;
  });
  const [problem, result] = await Promise.all([written, running]);
  if (problem) throw problem;
  if (result.failed) throw failure("pg_dump", container, result.stderr || result.shortMessage || "");
}

/** What pg_restore is to do with an archive. */
export type RestoreTask = { readonly list: true } | { readonly check: true } | { readonly into: string };

/**
 * Has pg_restore read an archive to its end; the list of what is in it, and the time, are at its beginning. It restores all
 * in one transaction, or nothing.
 *
 * @param where the archive's file, for messages
 * @throws {ToolError} `not-a-backup`; whatever reading the archive throws
 */
export async function readArchive(place: Place, archive: Readable, where: string, task: RestoreTask): Promise<string> {
  const args = ["exec", "--interactive", place.container, "pg_restore", ...taskOptions(task)];
  const running = execa("docker", args, { env: place.env, reject: false, stdin: "pipe" });
  const given = pipeline(archive, running.stdin).catch((error: NodeJS.ErrnoException) => {
    // pg_restore has read what it wanted, or says itself why it reads no further.
    return ["EPIPE", "ERR_STREAM_PREMATURE_CLOSE", "ECONNRESET"].includes(error.code ?? "") ? undefined : error;
  });
  const [problem, result] = await Promise.all([given, running]);
  if (problem) throw problem;
  if (!result.failed) return result.stdout;
  const said = result.stderr || result.shortMessage || "";
  if (NOT_THERE.test(said)) throw failure("pg_restore", place.container, said);
  const why = /unsupported version/.test(said)
    ? "was made by a newer PostgreSQL than the one here"
    : "is damaged or cut off, or no database of Keycloak";
  throw new ToolError("not-a-backup", `${where} ${why}; pg_restore in ${place.container} says:\n${said.trim()}`);
}

/** Owner and rights are those of the database here, whatever they were where the backup was made. */
function taskOptions(task: RestoreTask): string[] {
  if ("list" in task) return ["--list"];
  if ("check" in task) return ["--file=/dev/null"];
  const whole = ["--single-transaction", "--exit-on-error"];
  return [AS_ADMINISTRATOR, `--dbname=${task.into}`, ...whole, "--no-owner", "--no-privileges", `--role=${ROLE}`];
}

const NOT_THERE = /no such container|is not running/i;

function failure(program: string, container: string, said: string): ToolError {
  const problem = said.trim();
  if (NOT_THERE.test(problem)) {
    return new ToolError("not-deployed", `the container ${container} does not run; run \`m2m up\` first`);
  }
  return new ToolError("database-failed", `${program} in ${container} failed:\n${problem}`);
}
