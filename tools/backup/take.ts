import { createWriteStream, existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { kindOfFile, UnreadableFile } from "../../constructs/keys/read-file";
import { shownPath } from "../../constructs/keys/shown";
import { placeAtomically } from "../atomic-file";
import { type Output, ToolError } from "../output";
import { encrypted, openBackup } from "./backup-file";
import { factsOf } from "./facts";
import { dump, type Place, readArchive } from "./in-container";
import { realmsInWords, size } from "./words";

export interface TakeOptions {
  readonly file: string;
  /** Without it the file is not encrypted. */
  readonly passphrase?: string;
  /** Replace a file that is there. */
  readonly yes: boolean;
  /** Aborted by Ctrl-C, which ends pg_dump too. */
  readonly interruption?: AbortSignal;
}

/** Writes a backup, and reads it again to its end before it gets its name. */
export async function takeBackup(place: Place, out: Output, options: TakeOptions): Promise<void> {
  await take(place, out, options).catch((error: NodeJS.ErrnoException) => {
    if (options.interruption?.aborted) throw new ToolError("interrupted", "no backup was written");
    if (error instanceof ToolError || error.syscall === undefined) throw error;
    const text = `${shownPath(options.file)} could not be written (${error.code}); name another file, or make room`;
    throw new ToolError("file-unwritable", text, { cause: error });
  });
}

async function take(place: Place, out: Output, options: TakeOptions): Promise<void> {
  const { file, passphrase } = options;
  const where = shownPath(file);
  refuseTaken(file, options.yes);
  removeHalves(file, out);
  const facts = await factsOf(place, place.database);
  if (facts === undefined) {
    throw new ToolError(
      "no-database",
      `no Keycloak has used the database of ${place.container} yet; run \`m2m up\` first`,
    );
  }
  const make = async (half: string) => {
    await out.step(`backing up the database of ${place.container}`, () =>
      dump(place, async (archive) => {
        const content = passphrase === undefined ? archive : await encrypted(archive, passphrase);
        await pipeline(content, createWriteStream(half, { flags: "wx", mode: 0o600 }));
      }),
    );
    await out.step(`reading ${where} again`, async () => {
      await readArchive(place, await (await openBackup(half, passphrase)).read(), where, { check: true });
    });
    refuseTaken(file, options.yes); // somebody may have been quicker
  };
  await placeAtomically(file, 0o600, make);
  if (place.states) {
    out.warn(
      `note: the Terraform states beside it (${place.states.join(", ")}) are not in the backup; \`m2m up\` of their projects makes them again`,
    );
  }
  const bytes = statSync(file).size;
  const { realms, keycloak } = facts;
  const how = passphrase === undefined ? "not encrypted" : "encrypted";
  out.result(
    `${where}: ${size(bytes)}, ${how}; ${realmsInWords(realms)} of Keycloak ${keycloak} in ${place.container}`,
    { file, bytes, encrypted: passphrase !== undefined, database: place.container, realms, keycloak },
  );
}

function refuseTaken(file: string, yes: boolean): void {
  const stat = statSync(file, { throwIfNoEntry: false });
  const kind = stat && kindOfFile(stat);
  if (kind) throw new UnreadableFile(file, "ENOTREG", kind);
  if (!stat || yes) return;
  throw new ToolError(
    "backup-exists",
    `${shownPath(file)} is there already; name another file, or pass --yes to replace it`,
  );
}

/** What a killed backup into the same file left beside it. */
function removeHalves(file: string, out: Output): void {
  const folder = dirname(file);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  for (const name of names) {
    const pid = name.startsWith(`.${basename(file)}.`) ? /\.(\d+)\.[0-9a-f]{8}\.half$/.exec(name)?.[1] : undefined;
    if (pid === undefined || isAlive(Number(pid))) continue;
    rmSync(join(folder, name), { force: true });
    out.warn(`note: removed what a killed backup left: ${shownPath(join(folder, name))}`);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
