import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { writeAtomically } from "../../tools/atomic-file";
import { temporaryFolder } from "./parts";

const folder = temporaryFolder();

it("a file is written whole, with the mode that was asked for", async () => {
  const file = join(folder.path, "sub", "file");
  await writeAtomically(file, "text", 0o600);
  expect(readFileSync(file, "utf8")).toBe("text");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(folder.path, "sub"))).toEqual(["file"]);
});
