import { createPrivateKey } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { printPrivateKey } from "../../../constructs/keys/private-key";
import { settleKeys } from "../../../tools/keys/settle";
import { readStacks } from "../../../tools/project/project";
import { projectIn, recordOutput } from "../parts";
import { keysProject } from "./keys-project";

const project = keysProject();

/** Leaves the files as a revocation does that was killed right behind the record's write. */
async function cutOffRevocation(passphrase: string): Promise<string> {
  vi.stubEnv("KEY_PASSPHRASE", passphrase);
  const { key, staged } = project.filesFor("one");
  writeFileSync(key, printPrivateKey(createPrivateKey(readFileSync(key)), passphrase));
  await project.run("prepare one");
  const next = staged(project.recordFor("one").keys[1]!.kid);
  const [keyBefore, nextBefore] = [readFileSync(key), readFileSync(next)];
  await project.run("revoke one");
  writeFileSync(key, keyBefore);
  writeFileSync(next, nextBefore, { mode: 0o600 });
  return next;
}

describe("what a killed command left, at the next deploy", () => {
  it("is completed, or reported if that needs a passphrase", async () => {
    await cutOffRevocation("secret enough");
    const checkout = projectIn(process.cwd());
    const settle = async () => {
      const out = recordOutput();
      await settleKeys(checkout, readStacks(checkout), out);
      return out.warned;
    };
    const { key } = project.filesFor("one");
    const held = readFileSync(key, "utf8");
    vi.stubEnv("KEY_PASSPHRASE", undefined);
    expect(await settle()).toEqual([
      `one: a change of keys is unfinished: ${key} is encrypted; give its passphrase in KEY_PASSPHRASE, or a file that holds it in KEY_PASSPHRASE_FILE`,
    ]);
    expect(readFileSync(key, "utf8")).toBe(held);
    vi.stubEnv("KEY_PASSPHRASE", "secret enough");
    expect(await settle()).toEqual([]);
    expect(readFileSync(key, "utf8")).not.toBe(held);
  });
});
