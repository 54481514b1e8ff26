import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { Encrypter, generateIdentity, identityToRecipient } from "age-encryption";
import { describe, expect, it } from "vitest";
import { encrypted, openBackup } from "../../../tools/backup/backup-file";
import { temporaryFolder } from "../parts";
import { ARCHIVE, encryptedFile, fileOf, PASSPHRASE } from "./parts";

const folder = temporaryFolder();
const refused = (code: string, message: string) => ({ code, message: expect.stringContaining(message) });

describe("a backup", () => {
  it("is read as it is, as often as it takes", async () => {
    const backup = await openBackup(fileOf(folder.path, "b.dump", ARCHIVE), undefined);
    expect(backup.isEncrypted).toBe(false);
    expect(await text(await backup.read())).toBe(ARCHIVE);
    expect(await text(await backup.read())).toBe(ARCHIVE);
  });

  it("that is encrypted is decrypted by its passphrase", async () => {
    const content = `${ARCHIVE}${"x".repeat(200_000)}`; // of several pieces
    const backup = await openBackup(await encryptedFile(folder.path, content), PASSPHRASE);
    expect(backup.isEncrypted).toBe(true);
    expect(await text(await backup.read())).toBe(content);
    expect(await text(await backup.read())).toBe(content);
  });

  it("is encrypted with age's own work factor", async () => {
    const file = fileOf(
      folder.path,
      "b.age",
      await buffer(await encrypted(Readable.from([Buffer.from(ARCHIVE)], { objectMode: false }), PASSPHRASE)),
    );
    expect(readFileSync(file, "latin1")).toMatch(/^age-encryption\.org\/v1\n-> scrypt \S+ 18\n/);
    expect(await text(await (await openBackup(file, PASSPHRASE)).read())).toBe(ARCHIVE);
  });
});

describe("a file is refused", () => {
  it("that needs a passphrase, or has another one", async () => {
    const file = await encryptedFile(folder.path);
    await expect(openBackup(file, undefined)).rejects.toMatchObject(
      refused("passphrase-wrong", "is encrypted; give the file of its passphrase by --passphrase-file"),
    );
    await expect(openBackup(file, "another passphrase")).rejects.toMatchObject(
      refused("passphrase-wrong", "is encrypted with another passphrase than that of --passphrase-file"),
    );
  });

  it("that is encrypted for a key", async () => {
    const encrypter = new Encrypter();
    encrypter.addRecipient(await identityToRecipient(await generateIdentity()));
    const file = fileOf(folder.path, "b.age", await encrypter.encrypt(ARCHIVE));
    await expect(openBackup(file, PASSPHRASE)).rejects.toMatchObject(
      refused("not-a-backup", "is encrypted for a key, not by a passphrase; decrypt it by"),
    );
  });

  it("that is cut off, or was changed, when it is read", async () => {
    const whole = readFileSync(await encryptedFile(folder.path, `${ARCHIVE}${"x".repeat(200_000)}`));
    const changed = Buffer.from(whole);
    changed[changed.length - 1]! ^= 1;
    const cut = [whole.subarray(0, 100_000), whole.subarray(0, -(200_000 % 65_536)), changed];
    for (const [at, content] of cut.entries()) {
      const backup = await openBackup(fileOf(folder.path, `${at}.age`, content), PASSPHRASE);
      await expect(backup.read().then(text)).rejects.toMatchObject(refused("not-a-backup", "is damaged or cut off"));
    }
    await expect(openBackup(fileOf(folder.path, "h.age", whole.subarray(0, 60)), PASSPHRASE)).rejects.toMatchObject(
      refused("not-a-backup", "is damaged or cut off (its header has no end)"),
    );
  });

  it.each([
    ["", "got: an empty file"],
    ["-- PostgreSQL database dump\nSET x = 0;\n", "got: what looks like SQL; psql reads that"],
    ["-----BEGIN AGE ENCRYPTED FILE-----\n", "got: age's form for mail"],
    ["\x1f\x8b", "got: something else"],
  ])("that is something else: %j", async (content, got) => {
    await expect(openBackup(fileOf(folder.path, "b", content), undefined)).rejects.toMatchObject(
      refused("not-a-backup", got),
    );
  });

  it("that is none", async () => {
    await expect(openBackup(folder.path, undefined)).rejects.toMatchObject({ code: "file-unreadable" });
    await expect(openBackup(join(folder.path, "none"), undefined)).rejects.toMatchObject({ code: "file-unreadable" });
  });
});
