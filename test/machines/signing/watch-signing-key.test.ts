import { mkdirSync, openSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { loadSigningKey } from "../../../machines/signing/signing-key";
import { type WatchOptions, watchSigningKey } from "../../../machines/signing/watch-signing-key";
import { ecPair, type GeneratedPair, rsaPair } from "../../generated-key";
import { pemBlock } from "../../pem";
import { type Algorithm, testFolder } from "../issuer-fixture";

const folder = testFolder();
afterAll(() => folder.remove());

const lines: string[] = [];
let serial = 0;
/** The path of a file of this test's own. */
let file = "";
beforeEach(() => {
  lines.length = 0;
  file = folder.path(`watched-${serial++}.key`);
});

const pem = ({ privateKey }: GeneratedPair) => privateKey.export({ type: "pkcs8", format: "pem" }) as string;
const ec = (namedCurve?: string) => pem(ecPair(namedCurve));
const rsa = (modulusLength?: number) => pem(rsaPair(modulusLength));
const kidOf = (text: string) => loadSigningKey(folder.write("other.key", text)).kid;
const write = (text: string) => writeFileSync(file, text);
const watch = (options: WatchOptions = {}) => watchSigningKey(file, { log: (line) => lines.push(line), ...options });
/** Until the file counts as settled: its ctime cannot be set, so that this takes real time. */
const settle = () => sleep(1050);
const changedTo = (text: string) => `machine: key file ${file} has changed; key ${kidOf(text)} signs from now on`;

describe("watchSigningKey", () => {
  it("uses a key that replaces the file by a rename, and logs it once", async () => {
    const [first, second] = [ec(), ec()];
    write(first);
    const key = watch();
    await settle();
    expect([key().kid, key()]).toEqual([kidOf(first), key()]);
    expect(key()).toBe(key()); // settled: not read again
    renameSync(folder.write("next.key", second), file);
    for (let i = 0; i < 5; i++) expect(key().kid).toBe(kidOf(second));
    expect(lines).toEqual([changedTo(second)]);
  });

  it("uses a key that is written in place, with the same size and times", () => {
    const texts = [ec(), ec(), ec(), ec()];
    expect(new Set(texts.map(({ length }) => length)).size).toBe(1);
    write(texts[0]!);
    const then = new Date(1_700_000_000_000);
    utimesSync(file, then, then);
    const key = watch();
    const kids = texts.map(kidOf);
    // Often enough that file systems whose times move in steps of some milliseconds have several in one step.
    for (let i = 1; i < 100; i++) {
      write(texts[i % 4]!);
      utimesSync(file, then, then);
      expect(key().kid).toBe(kids[i % 4]);
    }
    expect(lines).toHaveLength(99);
    expect(lines.slice(0, 3)).toEqual(texts.slice(1).map(changedTo));
  });

  it("uses a key behind a link that is moved, as Kubernetes mounts secrets", async () => {
    const texts = [ec(), ec()];
    const at = (name: string) => folder.path(`mount/${name}`);
    ["v1", "v2"].forEach((version, i) => {
      mkdirSync(at(version), { recursive: true });
      writeFileSync(at(`${version}/tls.key`), texts[i]!);
    });
    symlinkSync("v1", at("..data"));
    symlinkSync("..data/tls.key", at("tls.key"));
    file = at("tls.key");
    const key = watch();
    await settle();
    expect(key().kid).toBe(kidOf(texts[0]!));
    symlinkSync("v2", at("..data_tmp"));
    renameSync(at("..data_tmp"), at("..data"));
    rmSync(at("v1"), { recursive: true });
    expect(key().kid).toBe(kidOf(texts[1]!));
    expect(lines).toEqual([changedTo(texts[1]!)]);
  });

  it("still signs with the old key while the file is missing, and logs it once each time", () => {
    const [first, second] = [ec(), ec()];
    write(first);
    const key = watch();
    for (const text of [first, second]) {
      rmSync(file);
      const { kid } = key();
      expect([key().kid, key().kid]).toEqual([kid, kid]);
      write(text);
      expect(key().kid).toBe(kidOf(text));
    }
    const gone = (text: string) =>
      `machine: the changed key file is refused; key ${kidOf(text)} still signs: key file ${file} cannot be read (ENOENT); check the path and that this user may read it [ERR_KEY_UNREADABLE]`;
    expect(lines).toEqual([gone(first), gone(first), changedTo(second)]);
  });

  it("still signs with the old key while the file is half-written, and uses the new one when it is complete", () => {
    const [first, second] = [ec(), ec()];
    write(first);
    const key = watch();
    const handle = openSync(file, "w");
    const seen = [second.slice(0, 20), second.slice(20, 90), second.slice(90, 200), second.slice(200)].map((part) => {
      writeSync(handle, part);
      return [key().kid, key().kid][1];
    });
    expect(new Set(seen.slice(0, -1))).toEqual(new Set([kidOf(first)]));
    expect(seen.at(-1)).toBe(kidOf(second));
    expect(lines.at(-1)).toBe(changedTo(second));
    expect(lines.length).toBeLessThanOrEqual(seen.length);
  });

  it.each<[string, () => string, WatchOptions, string]>([
    ["a kind nobody signs with", () => ec("secp256k1"), {}, "ERR_KEY_TYPE"],
    ["a short RSA key", () => rsa(1024), {}, "ERR_KEY_SIZE"],
    ["another kind than the algorithm asked for", () => ec(), { algorithm: "PS256" }, "ERR_KEY_TYPE"],
    ["no PEM", () => "text", {}, "ERR_KEY_FORMAT"],
    ["an empty file", () => "", {}, "ERR_KEY_FORMAT"],
  ])("refuses %s, logs it once, and still signs with the old key", (_name, text, options, code) => {
    const first = rsa();
    write(first);
    const key = watch(options);
    write(text());
    for (let i = 0; i < 5; i++) expect(key().kid).toBe(kidOf(first));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`[${code}]`);
  });

  it.each<[Algorithm | undefined, string]>([
    ["PS256", "PS256"],
    [undefined, "RS256"],
  ])("keeps to the algorithm it was given: %s", (algorithm, expected) => {
    write(rsa());
    const key = watch({ algorithm });
    const next = rsa();
    write(next);
    expect([key().kid, key().algorithm]).toEqual([kidOf(next), expected]);
  });

  it("never throws, whatever is at the path", () => {
    const first = ec();
    const place = folder.path(`place-${serial++}`);
    mkdirSync(place);
    file = `${place}/a.key`;
    write(first);
    const key = watch();
    const becomes = [
      () => mkdirSync(file),
      () => symlinkSync(file, file),
      () => symlinkSync("/missing/a.key", file),
      () => {
        rmSync(place, { recursive: true });
        writeFileSync(place, "");
      },
    ];
    for (const change of becomes) {
      rmSync(file, { recursive: true, force: true });
      change();
      for (let i = 0; i < 3; i++) expect(key().kid).toBe(kidOf(first));
    }
    const codes = lines.map((line) => /cannot be read \(([\w ]+)\)/.exec(line)?.[1]);
    expect(codes).toEqual(["a folder", "ELOOP", "ENOENT", "ENOTDIR"]);
  });

  it("says nothing of what is in a file", () => {
    const texts = [ec(), rsa(1024), ec("secp256k1"), pemBlock("PRIVATE KEY", "c2VjcmV0"), ec()];
    write(texts[0]!);
    const key = watch();
    for (const text of texts) {
      for (const part of [text, text.slice(0, -40)]) {
        write(part);
        key();
      }
    }
    expect(lines.length).toBeGreaterThan(5);
    const secrets = texts.flatMap((text) => text.split("\n").filter((line) => !line.startsWith("-")));
    for (const secret of secrets) expect(secret === "" || !lines.join("\n").includes(secret)).toBe(true);
  });

  it("does not start with a file that cannot be used, and names it", () => {
    write("text");
    expect(() => watch()).toThrow(expect.objectContaining({ code: "ERR_KEY_FORMAT" }));
    for (const [path, reason] of [
      ["/missing.key", "ENOENT"],
      [`${file}/inside.key`, "ENOTDIR"],
    ] as const) {
      const message = `key file ${path} cannot be read (${reason}); check the path and that this user may read it`;
      expect(() => watchSigningKey(path)).toThrow(expect.objectContaining({ code: "ERR_KEY_UNREADABLE", message }));
    }
    expect(lines).toEqual([]);
  });
});
