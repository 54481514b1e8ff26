import {
  chmodSync,
  chownSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  type PathLike,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createFile, readRegularFile, replaceFile } from "../../../constructs/keys/key-files";

/** The real one, beside a stand-in that lets a test choose what happens between looking and linking. */
const links = vi.hoisted((): { real?: typeof linkSync } => ({}));
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  links.real = fs.linkSync;
  return { ...fs, linkSync: vi.fn(fs.linkSync), fsyncSync: vi.fn(fs.fsyncSync) };
});

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
    ["a device", () => undefined],
  ])("fails on %s", (got, make) => {
    writeFileSync(join(folder, "real"), "secret");
    make();
    const path = got === "a device" ? "/dev/null" : file;
    expect(() => readRegularFile(path)).toThrow(
      expect.objectContaining({
        code: "FILE_NOT_REGULAR",
        message: `${path} must be a regular file, got: ${got}; it is unchanged; put the file itself there, or remove it`,
      }),
    );
  });
});

describe("replaceFile", () => {
  it("makes the folder and leaves nothing else in it", () => {
    const path = join(folder, "new", "deep", "m.key");
    replaceFile(path, "text", 0o600);
    expect(readFileSync(path, "utf8")).toBe("text");
    expect(readdirSync(join(folder, "new", "deep"))).toEqual(["m.key"]);
  });

  it("sets the mode exactly, under any umask and over a file that had another", () => {
    const before = process.umask(0o077);
    try {
      replaceFile(file, "text", 0o644);
      expect(statSync(file).mode & 0o777).toBe(0o644);
    } finally {
      process.umask(before);
    }
    replaceFile(file, "text", 0o600);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("puts a new file in place of the old one, so that a reader of the old one keeps it whole", () => {
    replaceFile(file, "old", 0o600);
    linkSync(file, join(folder, "held"));
    replaceFile(file, "new", 0o600);
    expect(readFileSync(join(folder, "held"), "utf8")).toBe("old");
    expect(readFileSync(file, "utf8")).toBe("new");
  });

  it.runIf(process.getuid?.() === 0)("leaves a file to its owner where root writes it", () => {
    replaceFile(file, "old", 0o600);
    expect(statSync(file)).toMatchObject({ uid: 0, gid: 0 });
    chownSync(file, 1234, 4321);
    replaceFile(file, "new", 0o600);
    expect(statSync(file)).toMatchObject({ uid: 1234, gid: 4321 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).toBe("new");
  });

  it("replaces another user's file in this user's folder, and owns the new one", () => {
    replaceFile(file, "old", 0o644);
    chmodSync(folder, 0o777);
    withoutRights(() => replaceFile(file, "new", 0o644));
    expect(readFileSync(file, "utf8")).toBe("new");
  });

  it("ignores the leftovers of a crashed run, and a running one with the same process id", () => {
    writeFileSync(join(folder, `.${process.pid}.m-signing.key`), "half");
    replaceFile(file, "whole", 0o600);
    expect(readdirSync(folder).sort()).toEqual([`.${process.pid}.m-signing.key`, "m-signing.key"]);
    expect(readFileSync(file, "utf8")).toBe("whole");
  });

  it.each([
    ["does without folders that are written through", "EINVAL", false],
    ["fails where that fails", "EIO", true],
  ])("%s: %s", (_, code, fails) => {
    vi.mocked(fsyncSync)
      .mockImplementationOnce(() => undefined)
      .mockImplementationOnce(() => {
        throw Object.assign(new Error(code), { code });
      });
    const write = () => replaceFile(file, "text", 0o600);
    if (fails) expect(write).toThrow(expect.objectContaining({ code: "FILE_NOT_WRITTEN" }));
    else expect(write).not.toThrow();
    expect(readFileSync(file, "utf8")).toBe("text");
    expect(readdirSync(folder)).toEqual(["m-signing.key"]);
  });

  it("fails where a link is in the way, and writes nothing behind it", () => {
    symlinkSync(join(folder, "elsewhere"), file);
    expect(() => replaceFile(file, "text", 0o600)).toThrow("must be a regular file, got: a symbolic link");
    expect(existsSync(join(folder, "elsewhere"))).toBe(false);
    expect(readdirSync(folder)).toEqual(["m-signing.key"]);
  });

  it("fails where the folder cannot be written, and leaves the old file", () => {
    replaceFile(file, "old", 0o644);
    chmodSync(folder, 0o555);
    withoutRights(() => expect(() => replaceFile(file, "new", 0o600)).toThrow("EACCES"));
    chmodSync(folder, 0o755);
    expect(readFileSync(file, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["m-signing.key"]);
  });
});

describe("createFile", () => {
  beforeEach(() => void vi.mocked(linkSync).mockReset().mockImplementation(links.real!));

  it("makes the folder and the file, with the mode exactly, and leaves nothing else", () => {
    const path = join(folder, "new", "m.key");
    expect(createFile(path, "text", 0o644)).toBe(true);
    expect(readFileSync(path, "utf8")).toBe("text");
    expect(statSync(path).mode & 0o777).toBe(0o644);
    expect(statSync(path).nlink).toBe(1);
    expect(readdirSync(dirname(path))).toEqual(["m.key"]);
  });

  it("leaves an existing file, even one that was made after it looked", () => {
    const late = (from: PathLike, to: PathLike) => {
      writeFileSync(to, "first");
      links.real!(from, to);
    };
    vi.mocked(linkSync).mockImplementation(late);
    expect(createFile(file, "second", 0o600)).toBe(false);
    expect(createFile(file, "third", 0o600)).toBe(false);
    expect(readFileSync(file, "utf8")).toBe("first");
    expect(readdirSync(folder)).toEqual(["m-signing.key"]);
  });

  it("works on a file system without hard links", () => {
    vi.mocked(linkSync).mockImplementation(() => {
      throw Object.assign(new Error("no links"), { code: "EPERM" });
    });
    expect(createFile(file, "text", 0o600)).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(createFile(file, "other", 0o600)).toBe(false);
    expect(readFileSync(file, "utf8")).toBe("text");
    expect(readdirSync(folder)).toEqual(["m-signing.key"]);
  });

  it("fails where a link is in the way", () => {
    symlinkSync(join(folder, "elsewhere"), file);
    expect(() => createFile(file, "text", 0o600)).toThrow("must be a regular file, got: a symbolic link");
  });
});
