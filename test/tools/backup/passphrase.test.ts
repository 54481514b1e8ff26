import { expect, it } from "vitest";
import { readPassphrase } from "../../../tools/backup/passphrase";
import { temporaryFolder } from "../parts";
import { fileOf, PASSPHRASE } from "./parts";

const folder = temporaryFolder();

it("a passphrase is the only line of its file", () => {
  expect(readPassphrase(undefined)).toBeUndefined();
  for (const end of ["", "\n", "\r\n"]) {
    expect(readPassphrase(fileOf(folder.path, "p", PASSPHRASE + end))).toBe(PASSPHRASE);
  }
});

it.each([
  ["", "one of 0 characters"],
  ["short\n", "one of 5 characters"],
  ["a long passphrase\nand another\n", "2 lines"],
])("a passphrase is refused, and not shown: %j", (content, got) => {
  const file = fileOf(folder.path, "p", content);
  const message = `must hold a passphrase of at least 12 characters in one line, got: ${got}`;
  expect(() => readPassphrase(file)).toThrow(
    expect.objectContaining({ code: "passphrase-wrong", message: expect.stringMatching(`${message}$`) }),
  );
});
