import { type FileHandle, open } from "node:fs/promises";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { Decrypter, Encrypter } from "age-encryption";
import { checkRegularFile, UnreadableFile } from "../../constructs/keys/read-file";
import { shownPath } from "../../constructs/keys/shown";
import { ToolError } from "../output";

/** What pg_dump's custom format begins with, and what age's. */
const ARCHIVE = "PGDMP";
const ENCRYPTED = "age-encryption.org/v1\n";
/** A header of age for a passphrase has some 150 bytes. */
const HEADER_BYTES = 4096;

/** A backup that can be read as often as it takes, decrypted where it is encrypted. */
export interface BackupFile {
  readonly path: string;
  readonly isEncrypted: boolean;
  read(): Promise<Readable>;
}

/**
 * Looks at the beginning of a file.
 *
 * @throws {ToolError} `not-a-backup`, `passphrase-wrong`; {@link UnreadableFile}
 */
export async function openBackup(path: string, passphrase: string | undefined): Promise<BackupFile> {
  const where = shownPath(path);
  checkRegularFile(path);
  const handle = await openToRead(path);
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
  await handle.close();
  const beginning = buffer.subarray(0, bytesRead);
  const text = beginning.toString("latin1");
  if (text.startsWith(ARCHIVE)) {
    return { path, isEncrypted: false, read: async () => (await openToRead(path)).createReadStream() };
  }
  if (!text.startsWith(ENCRYPTED)) throw notABackup(where, text);
  if (passphrase === undefined) {
    throw new ToolError(
      "passphrase-wrong",
      `${where} is encrypted; give the file of its passphrase by --passphrase-file`,
    );
  }
  const fileKey = await fileKeyOf(where, beginning, passphrase);
  const read = async () => {
    const decrypter = new Decrypter();
    decrypter.addIdentity({ unwrapFileKey: () => fileKey });
    const encrypted = Readable.toWeb((await openToRead(path)).createReadStream()) as ReadableStream<Uint8Array>;
    const plain = await decrypter.decrypt(encrypted as never as globalThis.ReadableStream<Uint8Array>);
    return Readable.from(explained(plain as never as AsyncIterable<Uint8Array>, where), { objectMode: false });
  };
  return { path, isEncrypted: true, read };
}

/** The archive as it is to be written. The passphrase goes through age's own work factor. */
export async function encrypted(archive: Readable, passphrase: string): Promise<Readable> {
  const encrypter = new Encrypter();
  encrypter.setPassphrase(passphrase);
  const plain = Readable.toWeb(archive) as never as globalThis.ReadableStream<Uint8Array>;
  return Readable.fromWeb((await encrypter.encrypt(plain)) as never as ReadableStream<Uint8Array>);
}

/** Made once: it takes a second, as it is meant to. */
async function fileKeyOf(where: string, beginning: Buffer, passphrase: string): Promise<Uint8Array> {
  const header = /^[\s\S]*?\n--- [^\n]*\n/.exec(beginning.toString("latin1"))?.[0];
  if (header === undefined) throw damaged(where, "its header has no end");
  if (!/^-> scrypt /m.test(header)) {
    throw new ToolError(
      "not-a-backup",
      `${where} is encrypted for a key, not by a passphrase; decrypt it by \`age --decrypt --identity KEY_FILE\` first`,
    );
  }
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  try {
    return await decrypter.decryptHeader(beginning.subarray(0, header.length));
  } catch (cause) {
    const { message } = cause as Error;
    if (!message.includes("no identity matched")) throw damaged(where, message, cause);
    throw new ToolError(
      "passphrase-wrong",
      `${where} is encrypted with another passphrase than that of --passphrase-file`,
    );
  }
}

async function* explained(plain: AsyncIterable<Uint8Array>, where: string): AsyncIterable<Uint8Array> {
  try {
    yield* plain;
  } catch (cause) {
    throw damaged(where, (cause as Error).message, cause);
  }
}

function damaged(where: string, problem: string, cause?: unknown): ToolError {
  return new ToolError("not-a-backup", `${where} is damaged or cut off (${problem}); take another backup`, { cause });
}

function notABackup(where: string, beginning: string): ToolError {
  const got =
    beginning === ""
      ? "an empty file"
      : /^-----BEGIN AGE /.test(beginning)
        ? "age's form for mail; turn it into the plain one by `age --decrypt` and restore that"
        : /^(--|SET |CREATE )/m.test(beginning)
          ? "what looks like SQL; psql reads that"
          : "something else";
  return new ToolError(
    "not-a-backup",
    `${where} must be a backup of \`m2m backup\`, or of \`pg_dump --format=custom\`, got: ${got}`,
  );
}

async function openToRead(path: string): Promise<FileHandle> {
  return await open(path, "r").catch(({ code = "unknown error" }: NodeJS.ErrnoException) => {
    throw new UnreadableFile(path, code, code);
  });
}
