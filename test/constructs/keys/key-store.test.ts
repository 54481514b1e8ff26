import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { stagePrivateKey } from "../../../constructs/keys/key-store";
import { filesOf } from "../../../constructs/keys/pair-files";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "m2m-store-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("does not overwrite a staged private key that exists", () => {
  const files = filesOf("/", { name: "m", directory: folder });
  const kid = "0123456789abcdef";
  stagePrivateKey(files, kid, "a key");
  const path = files.staged(kid);
  expect(() => stagePrivateKey(files, kid, "other")).toThrow(
    expect.objectContaining({
      code: "KEY_KNOWN",
      message: `${path} already exists; move it away, or prepare another key`,
    }),
  );
  expect(readFileSync(path, "utf8")).toBe("a key");
});
