import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { activateKey, prepareKey } from "../../../tools/keys/change";
import { ed25519Pair } from "../../generated-key";
import { expectSettled } from "./expect-sound";
import { filesIn, heldIn, pairIn, recordIn, START, synthesizeIn } from "./living-pair";

const NOW = { now: new Date(START.getTime() + 86_400_000) };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "m2m-contents-"));
  synthesizeIn(folder, "allowed");
});
afterEach(() => rmSync(folder, { recursive: true }));

const prepare = () => prepareKey(pairIn(folder), {}, NOW);
const activate = async () => activateKey(pairIn(folder), undefined, NOW);

async function refusal(action: Promise<unknown>) {
  return await action.then(
    () => expect.unreachable("nothing was refused"),
    ({ code, message }) => ({ code, message }),
  );
}

describe("a file with other content", () => {
  const other = () => ed25519Pair().privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const stagedAt = (place: number) => filesIn(folder).staged(recordIn(folder).keys[place]!.kid);

  it.each([
    ["is none", "no key", "KEY_CORRUPT"],
    ["is another", other(), "CERTIFICATE_MISMATCH"],
  ])("stops activate from overwriting it with the former key: a key that %s", async (_, content, code) => {
    await prepare();
    const before = recordIn(folder);
    writeFileSync(stagedAt(0), content, { mode: 0o600 });
    const path = stagedAt(0);
    expect(await refusal(activate())).toMatchObject({ code, message: expect.stringContaining(path) });
    expect([recordIn(folder), heldIn(folder)]).toEqual([before, before.keys[0]!.kid]);
    expect(readFileSync(path, "utf8")).toBe(content);
    rmSync(path);
    await activate();
    expectSettled(folder);
  });

  it("is not removed with a crash's leftovers: it may be the only copy of a key", async () => {
    const content = other();
    writeFileSync(stagedAt(0), content, { mode: 0o600 });
    expect(await refusal(prepare())).toMatchObject({ code: "CERTIFICATE_MISMATCH" });
    expect(readFileSync(stagedAt(0), "utf8")).toBe(content);
  });

  it("keeps what stands beside the certificate, whatever is done to other keys", async () => {
    const { certificate } = filesIn(folder);
    const text = `subject=CN = m\n${readFileSync(certificate, "utf8").replaceAll("\n", "\r\n")}# by hand\n`;
    writeFileSync(certificate, text);
    expect(await refusal(activate())).toMatchObject({ code: "KEY_NOT_FOUND" });
    await prepare();
    expect(readFileSync(certificate, "utf8")).toBe(text);
    await activate();
    expectSettled(folder);
  });
});
