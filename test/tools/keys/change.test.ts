import { createPrivateKey } from "node:crypto";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keyId } from "../../../constructs/keys/certificate";
import { heldKey } from "../../../constructs/keys/key-store";
import { filesOf } from "../../../constructs/keys/pair-files";
import { selfSign } from "../../../constructs/keys/self-sign";
import { activateKey, prepareKey, retireKey, revokeKey } from "../../../tools/keys/change";
import { ed25519Pair } from "../../generated-key";
import { expectSettled, expectSound } from "./expect-sound";
import { CHANGES, type Change } from "./key-commands";
import { filesIn, heldIn, pairIn, privateHalves, recordIn, START, synthesizeIn } from "./living-pair";

const NOW = { now: new Date(START.getTime() + 86_400_000) };
const NEW = ed25519Pair().privateKey;
const ELSEWHERE = { file: "new.crt", pem: selfSign(NEW, "m", 90, START) };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "m2m-store-"));
  synthesizeIn(folder, "allowed");
});
afterEach(() => rmSync(folder, { recursive: true }));

async function did(...names: Change[]): Promise<void> {
  for (const name of names) await CHANGES[name](pairIn(folder));
}

function kid(place: number): string {
  return recordIn(folder).keys[place]!.kid;
}

async function refusal(action: Promise<unknown>) {
  return await action.then(
    () => expect.unreachable("nothing was refused"),
    ({ name, code, message }) => ({ name, code, message }),
  );
}

/** What has to be there for a command to have something to do. */
const NEEDS: [Change, Change[]][] = [
  ["prepare", []],
  ["activate", ["prepare"]],
  ["retire", ["prepare", "activate"]],
  ["revoke", ["prepare"]],
];

describe("a certificate of a key made elsewhere", () => {
  beforeEach(async () => {
    await prepareKey(pairIn(folder), { certificate: ELSEWHERE }, NOW);
  });

  it("leaves the key file unchanged when its key becomes active: the former key is still accepted", async () => {
    await did("activate");
    expect(recordIn(folder).keys.map(({ state }) => state)).toEqual(["retiring", "active"]);
    expect(heldIn(folder)).toBe(kid(0));
    expect(synthesizeIn(folder).isBehind).toBe(true);
  });

  it("keeps the key in the key file from being dropped until the new one is there", async () => {
    await did("activate");
    const { key } = filesIn(folder);
    const halves = privateHalves(folder);
    const refused = await refusal(CHANGES.retire(pairIn(folder)));
    expect(refused).toEqual({
      name: "KeyError",
      code: "KEY_HELD",
      message: `${key} holds key ${kid(0)}, which is to be dropped; put the active key ${kid(1)} there first, or remove the file if the machines get their key from elsewhere`,
    });
    expect(privateHalves(folder)).toEqual(halves);
    expectSound(folder);
    writeFileSync(key, NEW.export({ type: "pkcs8", format: "pem" }));
    await did("retire");
    expectSettled(folder);
  });

  it("does not put another key into the key file", async () => {
    const staged = filesIn(folder).staged(kid(1));
    const other = ed25519Pair().privateKey;
    const before = recordIn(folder);
    for (const [content, code] of [
      [other.export({ type: "pkcs8", format: "pem" }), "CERTIFICATE_MISMATCH"],
      ["no key", "KEY_CORRUPT"],
    ] as const) {
      writeFileSync(staged, content, { mode: 0o600 });
      expect(await refusal(CHANGES.activate(pairIn(folder)))).toMatchObject({
        code,
        message: expect.stringContaining(staged),
      });
      expect(recordIn(folder)).toEqual(before);
      expect(heldIn(folder)).toBe(kid(0));
    }
    writeFileSync(staged, NEW.export({ type: "pkcs8", format: "pem" }));
    await did("activate");
    expectSettled(folder);
  });

  it("lets the former key be dropped if no machine has its key from here", async () => {
    await did("activate");
    rmSync(filesIn(folder).key);
    await did("retire");
    expect(privateHalves(folder).size).toBe(0);
    expect(recordIn(folder).keys.map(({ kid: one }) => one)).toEqual([keyId(NEW)]);
  });

  it("takes the place of a revoked key, whose private half is removed from the key file", async () => {
    await did("revoke");
    expect(recordIn(folder).keys.map(({ state }) => state)).toEqual(["revoked", "active"]);
    expect(privateHalves(folder).size).toBe(0);
    expectSound(folder);
  });

  it("removes it also if the revoked key was retiring", async () => {
    await did("activate");
    await revokeKey(pairIn(folder), kid(0), NOW);
    expect(privateHalves(folder).size).toBe(0);
  });
});

describe("what crashed runs left half-written", () => {
  const left = (name: string) => join(folder, `.01234567-89ab-cdef-0123-456789abcdef.${name}`);

  it("is removed by the next command, as it may hold a key that is gone", async () => {
    const names = ["m-signing.key", "m-signing.abcd_-12.key"];
    for (const name of names) writeFileSync(left(name), "half", { mode: 0o600 });
    await did("prepare");
    expect(names.filter((name) => existsSync(left(name)))).toEqual([]);
  });

  it("stays if it belongs to another pair or to somebody else", async () => {
    const others = ["other-m-signing.key", "m-signing.abcd.key", "m.b-signing.key"].map(left);
    others.push(join(folder, ".m-signing.key"), join(folder, ".1.m-signing.key"));
    for (const path of others) writeFileSync(path, "half", { mode: 0o600 });
    await did("prepare");
    expect(others.filter((path) => !existsSync(path))).toEqual([]);
  });
});

it("does not write through a hard link: the linked copy is unchanged", async () => {
  await did("prepare");
  const { key } = filesIn(folder);
  const copy = join(folder, "copy");
  linkSync(key, copy);
  const pem = readFileSync(key, "utf8");
  await did("activate");
  expect(readFileSync(copy, "utf8")).toBe(pem);
  rmSync(copy);
  expectSettled(folder);
});

describe("encrypted key files", () => {
  const passphrase = "correct horse";
  const withIt = { ...NOW, passphrase };

  beforeEach(() => {
    const { key } = filesIn(folder);
    const cipher = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase } as const;
    writeFileSync(key, createPrivateKey(readFileSync(key)).export(cipher));
  });

  it("stay encrypted through a whole life, with their passphrase", async () => {
    const expectEncrypted = () => {
      const names = readdirSync(folder).filter((name) => name.endsWith(".key"));
      for (const name of names) expect(readFileSync(join(folder, name), "utf8")).toContain("BEGIN ENCRYPTED PRIVATE");
      expect(heldKey(filesIn(folder), recordIn(folder), passphrase)).toBe(synthesizeIn(folder).kid);
    };
    expectEncrypted();
    await prepareKey(pairIn(folder), {}, withIt);
    expectEncrypted();
    activateKey(pairIn(folder), undefined, withIt);
    expectEncrypted();
    retireKey(pairIn(folder), undefined, withIt);
    expectEncrypted();
    await revokeKey(pairIn(folder), undefined, withIt);
    expectEncrypted();
    expect(readdirSync(folder).sort()).toEqual(["m-signing.crt", "m-signing.key", "m-signing.keys.json"]);
  });

  it.each(NEEDS)("make %s refuse without the passphrase, before any file is written", async (name, needs) => {
    for (const need of needs) {
      if (need === "prepare") await prepareKey(pairIn(folder), {}, withIt);
      else activateKey(pairIn(folder), undefined, withIt);
    }
    const before = readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")]);
    const { key } = filesIn(folder);
    expect(await refusal(CHANGES[name](pairIn(folder)))).toEqual({
      name: "KeyError",
      code: "KEY_UNREADABLE",
      message: `${key} is encrypted; give its passphrase in KEY_PASSPHRASE, or a file that holds it in KEY_PASSPHRASE_FILE`,
    });
    const wrong = await refusal(prepareKey(pairIn(folder), {}, { ...NOW, passphrase: "wrong horse" }));
    expect(wrong).toMatchObject({ code: "KEY_CORRUPT", message: expect.stringContaining("that the passphrase opens") });
    expect(wrong.message).not.toContain("horse");
    expect(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")])).toEqual(before);
  });
});

describe("private halves in a folder of their own", () => {
  const place = () => ({ name: "m", directory: folder, privateKeyDirectory: "private" });
  const pair = () => ({ ...pairIn(folder), files: filesOf(folder, place()) });

  it("stay there through a whole life", async () => {
    mkdirSync(join(folder, "private"));
    renameSync(filesIn(folder).key, filesOf(folder, place()).key);
    await prepareKey(pair(), {}, NOW);
    expect(readdirSync(join(folder, "private"))).toHaveLength(2);
    activateKey(pair(), undefined, NOW);
    retireKey(pair(), undefined, NOW);
    await revokeKey(pair(), undefined, NOW);
    expect(readdirSync(join(folder, "private"))).toEqual(["m-signing.key"]);
    expect(readdirSync(folder).filter((name) => name.endsWith(".key"))).toEqual([]);
    expect(heldKey(pair().files, recordIn(folder))).toBe(synthesizeIn(folder).kid);
  });

  it("need not be here: a new one stays where it was made", async () => {
    rmSync(filesIn(folder).key);
    await prepareKey(pair(), {}, NOW);
    expect(readdirSync(join(folder, "private"))).toEqual([`m-signing.${kid(1).slice(0, 8)}.key`]);
    activateKey(pair(), undefined, NOW);
    retireKey(pair(), undefined, NOW);
    expect(readdirSync(join(folder, "private"))).toEqual(["m-signing.key"]);
    chmodSync(join(folder, "private"), 0o700);
  });

  it("get a new folder if one is needed, and only then", async () => {
    rmSync(filesIn(folder).key);
    await prepareKey(pair(), { certificate: ELSEWHERE }, NOW);
    activateKey(pair(), undefined, NOW);
    retireKey(pair(), undefined, NOW);
    expect(existsSync(join(folder, "private"))).toBe(false);
  });
});
