import { randomUUID } from "node:crypto";
import {
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  type Stats,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { KeyError } from "./errors";
import { kindOfFile, readTextIfThere, UnreadableFile } from "./read-file";
import { shown } from "./shown";

/** Reads a regular file; `undefined` if there is none. A link is never followed: it may lead anywhere. */
export function readRegularFile(path: string): string | undefined {
  return isFileThere(path) ? read(path, false) : undefined;
}

/**
 * Reads a file of public facts, which may be a link, as Kubernetes and certbot have certificates. A link that leads nowhere
 * is refused. Whoever writes the file refuses every link.
 */
export function readPublicFile(path: string): string | undefined {
  const text = isTaken(path) ? read(path, true) : undefined;
  if (text === undefined) isFileThere(path); // refuses a link that leads nowhere
  return text;
}

/** Whether something is at a path, whatever it is. */
export function isTaken(path: string): boolean {
  return statOf(path) !== undefined;
}

function read(path: string, followsLinks: boolean): string | undefined {
  try {
    return readTextIfThere(path, { followsLinks });
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    if (error.reason === "ENOTREG") throw notRegular(path, error.got);
    const remedy = error.reason === "EFBIG" ? "put the file itself there" : "make it readable for this user";
    throw new KeyError("KEY_UNREADABLE", `${shown(path)} cannot be read, got: ${error.got}; ${remedy}`);
  }
}

/** Writes a new file beside the target and renames it. A crash leaves the old file or the new one, never half of one. */
export function replaceFile(path: string, content: string, mode: number): void {
  const former = isFileThere(path) ? statOf(path) : undefined; // refuses a link or a folder in the way
  writeBeside(path, { content, mode, former }, (temporary) => renameSync(temporary, path));
}

/**
 * Writes a new file beside the target and links it, so that only one of several runs makes the file, and makes it whole.
 * Gives whether this run made it. A file that exists stays as it is.
 */
export function createFile(path: string, content: string, mode: number): boolean {
  if (isFileThere(path)) return false;
  try {
    writeBeside(path, { content, mode }, (temporary) => linkOrCopy(temporary, path));
    return true;
  } catch (error) {
    if (codeOf((error as Error).cause) === "EEXIST" && isFileThere(path)) return false; // and no file in a folder's place
    throw error;
  }
}

/** Removes a file if it exists. */
export function removeFile(path: string): void {
  if (!isFileThere(path)) return;
  try {
    unlinkSync(path); // the errors of `rmSync` have no code in Node.js 26
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return; // another run was first
    const remedy = "make the folder writable for this user, or remove the file";
    throw new KeyError(
      "FILE_NOT_WRITTEN",
      `${shown(path)} cannot be removed, got: ${codeOf(cause)}; ${remedy}`,
      withCode(cause),
    );
  }
}

/**
 * Removes the half-written files that crashed runs left beside a key file and its staged keys. Call it only while no other
 * run works on them.
 */
export function removeHalfWritten(keyFile: string): void {
  const folder = dirname(keyFile);
  const stem = basename(keyFile, ".key");
  if (!statOf(folder)?.isDirectory()) return;
  for (const name of namesIn(folder)) {
    const [, end] = /^\.[0-9a-f-]{36}\.(.+)\.key$/.exec(name) ?? [];
    if (end === stem || (end?.startsWith(`${stem}.`) && end.length === stem.length + 9)) removeFile(join(folder, name));
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    const remedy = "make it readable for this user";
    throw new KeyError(
      "KEY_UNREADABLE",
      `${shown(folder)} cannot be listed, got: ${codeOf(cause)}; ${remedy}`,
      withCode(cause),
    );
  }
}

/** Keeps the order of the writes over a loss of power. Some file systems cannot do it, such as shared folders. */
function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const opened = openSync(folder, constants.O_RDONLY);
  try {
    fsyncSync(opened);
  } catch (error) {
    if (!["EINVAL", "EBADF", ...UNSUPPORTED].includes(codeOf(error) ?? "")) throw error;
  } finally {
    closeSync(opened);
  }
}

/** The answers of a file system that lacks an operation. */
const UNSUPPORTED = ["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"];

/** Some file systems, such as folders shared with a virtual machine, have no hard links. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!UNSUPPORTED.includes(codeOf(error) ?? "")) throw error;
    copyFileSync(from, to, constants.COPYFILE_EXCL);
  }
}

/** Writes a new file beside the target and has `place` put it there. An error leaves the target unchanged. */
function writeBeside(target: string, file: NewFile, place: (temporary: string) => void): void {
  // No other run has this name. It ends like the file itself, so that `*.key` in .gitignore covers it too.
  const temporary = join(dirname(target), `.${randomUUID()}.${basename(target)}`);
  try {
    mkdirSync(dirname(target), { recursive: true });
    writeSynced(temporary, file);
    place(temporary);
    syncFolder(dirname(target));
  } catch (cause) {
    const remedy = "it is unchanged; make the folder writable for this user, or free space on its file system";
    throw new KeyError(
      "FILE_NOT_WRITTEN",
      `${shown(target)} cannot be written, got: ${codeOf(cause)}; ${remedy}`,
      withCode(cause),
    );
  } finally {
    if (statOf(temporary)) rmSync(temporary); // "force" does not help where the folder is no folder
  }
}

interface NewFile {
  readonly content: string;
  readonly mode: number;
  /** The file that it replaces, whose owner it keeps. */
  readonly former?: Stats;
}

/** Writes a file that does not exist, and has it on the disk before anything is done with it. */
function writeSynced(path: string, { content, mode, former }: NewFile): void {
  const file = openSync(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, mode);
  try {
    if (former) keepOwner(file, former);
    fchmodSync(file, mode); // the umask may have taken bits away from the certificate's mode
    writeFileSync(file, content); // all of it, or an error: a single write may stop half-way on a full disk
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Keeps the owner of a file that root replaces: a machine that runs as another user could not read its new key. */
function keepOwner(file: number, { uid, gid }: Stats): void {
  if (process.geteuid?.() !== 0) return; // only root can give a file away
  try {
    fchownSync(file, uid, gid);
  } catch {
    // root may lack that right, as in some containers; then root owns the file
  }
}

/** The cause without its text, which has the path: that may be a key. */
function withCode(cause: unknown): ErrorOptions {
  const code = codeOf(cause);
  return { cause: Object.assign(new Error(code), { code }) };
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

/** Whether there is a regular file. @throws {KeyError} `FILE_NOT_REGULAR` for anything else in its place */
export function isFileThere(path: string): boolean {
  const stat = statOf(path);
  if (!stat) return false;
  const kind = kindOfFile(stat);
  if (kind) throw notRegular(path, kind);
  return true;
}

function notRegular(path: string, got: string): KeyError {
  return new KeyError(
    "FILE_NOT_REGULAR",
    `${shown(path)} must be a regular file, got: ${got}; it is unchanged; put the file itself there, or remove it`,
  );
}

function statOf(path: string) {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (codeOf(error) === "ENOTDIR") return undefined; // what is in a folder's place says so when it is written to
    const remedy = "let this user look into its folder";
    throw new KeyError(
      "KEY_UNREADABLE",
      `${shown(path)} cannot be accessed, got: ${codeOf(error)}; ${remedy}`,
      withCode(error),
    );
  }
}
