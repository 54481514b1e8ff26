import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readRegularFile, writeFileAtomically } from "../../constructs/keys/key-files";

/** A user without rights, where the tests run as root: root reads everything. */
const NOBODY = 65_534;

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "m2m-keys-"));
  file = join(folder, "m-signing.key");
});
afterEach(() => rmSync(folder, { recursive: true }));

function withoutRights(action: () => void): void {
  const root = process.getuid?.() === 0;
  if (root) process.seteuid?.(NOBODY);
  try {
    action();
  } finally {
    if (root) process.seteuid?.(0);
  }
}

describe("readRegularFile", () => {
  it("gives the text, and nothing where there is no file or folder", () => {
    writeFileSync(file, "text");
    expect(readRegularFile(file)).toBe("text");
    expect(readRegularFile(join(folder, "none"))).toBeUndefined();
    expect(readRegularFile(join(folder, "none", "either"))).toBeUndefined();
  });

  it("fails on a file that this user may not read, and leaves it", () => {
    writeFileSync(file, "secret", { mode: 0o000 });
    chmodSync(folder, 0o755);
    withoutRights(() => {
      expect(() => readRegularFile(file)).toThrow(
        expect.objectContaining({
          code: "KEY_UNREADABLE",
          message: `${file} cannot be read, got: EACCES; make it readable for this user`,
        }),
      );
    });
    chmodSync(file, 0o600);
    expect(readFileSync(file, "utf8")).toBe("secret");
  });

  it.each([
    ["a symbolic link", () => symlinkSync("real", file)],
    ["a folder", () => mkdirSync(file)],
    ["a special file", () => undefined],
  ])("fails on %s", (got, make) => {
    writeFileSync(join(folder, "real"), "secret");
    make();
    const path = got === "a special file" ? "/dev/null" : file;
    expect(() => readRegularFile(path)).toThrow(
      expect.objectContaining({
        code: "FILE_NOT_REGULAR",
        message: `${path} must be a regular file, got: ${got}; it is left as it is: replace it by the file itself, or remove it`,
      }),
    );
  });
});

describe("writeFileAtomically", () => {
  it("makes the folder and leaves nothing else in it", () => {
    const path = join(folder, "new", "deep", "m.key");
    writeFileAtomically(path, "text", 0o600);
    expect(readFileSync(path, "utf8")).toBe("text");
    expect(readdirSync(join(folder, "new", "deep"))).toEqual(["m.key"]);
  });

  it("sets the mode exactly, under any umask and over a file that had another", () => {
    const before = process.umask(0o077);
    try {
      writeFileAtomically(file, "text", 0o644);
      expect(statSync(file).mode & 0o777).toBe(0o644);
    } finally {
      process.umask(before);
    }
    writeFileAtomically(file, "text", 0o600);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("puts a new file in place of the old one: whoever has that open keeps it whole", () => {
    writeFileAtomically(file, "old", 0o600);
    linkSync(file, join(folder, "held"));
    writeFileAtomically(file, "new", 0o600);
    expect(readFileSync(join(folder, "held"), "utf8")).toBe("old");
    expect(readFileSync(file, "utf8")).toBe("new");
  });

  it("takes away what a crashed run of the same process id left, and gets through", () => {
    writeFileSync(join(folder, `.${process.pid}.m-signing.key`), "half");
    writeFileAtomically(file, "whole", 0o600);
    expect(readdirSync(folder)).toEqual(["m-signing.key"]);
    expect(readFileSync(file, "utf8")).toBe("whole");
  });

  it("fails where a link is in the way, and writes nothing behind it", () => {
    symlinkSync(join(folder, "elsewhere"), file);
    expect(() => writeFileAtomically(file, "text", 0o600)).toThrow("must be a regular file, got: a symbolic link");
    expect(existsSync(join(folder, "elsewhere"))).toBe(false);
    expect(readdirSync(folder)).toEqual(["m-signing.key"]);
  });

  it("fails where the folder cannot be written, and leaves the old file", () => {
    writeFileAtomically(file, "old", 0o644);
    chmodSync(folder, 0o555);
    withoutRights(() => expect(() => writeFileAtomically(file, "new", 0o600)).toThrow("EACCES"));
    chmodSync(folder, 0o755);
    expect(readFileSync(file, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["m-signing.key"]);
  });
});
