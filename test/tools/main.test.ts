import { join } from "node:path";
import { build } from "esbuild";
import { execa } from "execa";
import { expect, it } from "vitest";
import { temporaryFolder } from "./parts";

const folder = temporaryFolder();

it("ends without a word when nobody reads on, as in `m2m events --follow | head`", async () => {
  const outfile = join(folder.path, "m2m.cjs");
  const root = join(__dirname, "..", "..");
  const entryPoints = [join(root, "tools", "main.ts")];
  await build({ absWorkingDir: root, entryPoints, outfile, bundle: true, platform: "node", logLevel: "silent" });
  // The reader is gone before the program writes.
  const script = `(sleep 0.5; "${process.execPath}" "${outfile}" --help; echo "code $?" >&2) | true`;
  const { stderr } = await execa("bash", ["-c", script]);
  expect(stderr).toBe("code 141");
});
