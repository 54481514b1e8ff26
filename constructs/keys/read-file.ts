import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { shown } from "./shown";

const MIB = 1024 * 1024;

/** Enough for every file that people write, such as keys, certificates and configurations. */
const USUAL_BYTES = MIB;
/** Enough for what Terraform and a synthesis write. */
export const MOST_STATE_BYTES = 256 * MIB;

/** A file that is not read. `code` is stable. */
export class UnreadableFile extends Error {
  readonly code = "file-unreadable";

  constructor(
    path: string,
    /** The system's code, such as `ENOENT`, or `ENOTREG` and `EFBIG` for what could be read and is not. */
    readonly reason: string,
    /** What there is in words, for messages. */
    readonly got: string,
  ) {
    super(`${shown(path)} cannot be read, got: ${got}; put a regular file there that this user may read`);
    this.name = "UnreadableFile";
  }
}

/** How a file is read. */
export interface ReadFileOptions {
  /** @default 1 MiB */
  readonly mostBytes?: number;
  /** @default true */
  readonly followsLinks?: boolean;
}

/**
 * Reads a regular file of a bounded size as UTF-8. All files are read by this: a pipe or a device in a file's place would
 * stop the program for ever, and a huge file would end it.
 *
 * @throws {UnreadableFile}
 */
export function readTextFile(path: string, options: ReadFileOptions = {}): string {
  return readBytes(path, options).toString("utf8");
}

/** The same for a file that may be missing. */
export function readTextIfThere(path: string, options: ReadFileOptions = {}): string | undefined {
  try {
    return readTextFile(path, options);
  } catch (error) {
    if (error instanceof UnreadableFile && ["ENOENT", "ENOTDIR"].includes(error.reason)) return undefined;
    throw error;
  }
}

/** The same as bytes. */
export function readBytes(
  path: string,
  { mostBytes = USUAL_BYTES, followsLinks = true }: ReadFileOptions = {},
): Buffer {
  let file: number | undefined;
  try {
    // Opening a device may already do something. Where one takes the file's place afterwards, no open waits for it.
    if (followsLinks) refuseOthers(path, statSync(path), mostBytes);
    const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (followsLinks ? 0 : (constants.O_NOFOLLOW ?? 0));
    file = openSync(path, flags);
    refuseOthers(path, fstatSync(file), mostBytes);
    return readAtMost(path, file, mostBytes);
  } catch (error) {
    if (error instanceof UnreadableFile) throw error;
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    throw new UnreadableFile(path, code, code);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Looks at a file that another program is to read, or that is read bit by bit. @throws {UnreadableFile} */
export function checkRegularFile(path: string): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat) refuseOthers(path, stat, Number.POSITIVE_INFINITY);
}

/** What stands in the place of a regular file, in words; `undefined` for a regular file. */
export function kindOfFile(stat: Stats): string | undefined {
  if (stat.isFile()) return undefined;
  if (stat.isSymbolicLink()) return "a symbolic link";
  if (stat.isDirectory()) return "a folder";
  if (stat.isFIFO()) return "a named pipe";
  return stat.isSocket() ? "a socket" : "a device";
}

function refuseOthers(path: string, stat: Stats, mostBytes: number): void {
  const kind = kindOfFile(stat);
  if (kind) throw new UnreadableFile(path, "ENOTREG", kind);
  if (stat.size > mostBytes) throw tooLarge(path, `${stat.size} bytes`, mostBytes);
}

/** Does not trust the size: a file may grow, and those of /proc have none. */
function readAtMost(path: string, file: number, mostBytes: number): Buffer {
  const chunks: Buffer[] = [];
  for (let total = 0; ; ) {
    const chunk = Buffer.alloc(64 * 1024);
    const length = readSync(file, chunk);
    if (length === 0) return Buffer.concat(chunks);
    total += length;
    if (total > mostBytes) throw tooLarge(path, "more bytes", mostBytes);
    chunks.push(chunk.subarray(0, length));
  }
}

function tooLarge(path: string, size: string, mostBytes: number): UnreadableFile {
  return new UnreadableFile(path, "EFBIG", `${size}, and at most ${mostBytes} are read`);
}
