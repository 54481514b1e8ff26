import { createPrivateKey } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SIGNING_ALGORITHMS } from "../../../constructs/keys/algorithms";
import { keyId, readCertificate } from "../../../constructs/keys/certificate";
import { KeyError } from "../../../constructs/keys/errors";
import { ensureKeyPair } from "../../../constructs/keys/key-pair";
import type { KeyNotice, KeyPairRequest } from "../../../constructs/keys/key-pair-request";
import { filesOf } from "../../../constructs/keys/pair-files";
import { selfSign } from "../../../constructs/keys/self-sign";
import { rsaPair } from "../../generated-key";

const KEY = rsaPair().privateKey;
const PEM = KEY.export({ type: "pkcs8", format: "pem" }) as string;
const ISSUED = new Date("2026-01-01T00:00:00Z");
const END = new Date("2026-01-11T00:00:00Z");

let folder: string;
let request: KeyPairRequest;
let notices: KeyNotice[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "m2m-pair-"));
  notices = [];
  request = {
    name: "m",
    files: filesOf("/", { name: "m", directory: folder }),
    algorithm: "RS256",
    rsaBits: 2048,
    validityDays: 10,
    creation: "allowed",
    reissueExpired: false,
    notice: (notice) => void notices.push(notice),
    now: ISSUED,
  };
});
afterEach(() => rmSync(folder, { recursive: true }));

function write({ key, certificate }: { key?: boolean; certificate?: boolean }): void {
  if (key) writeFileSync(request.files.key, PEM);
  if (certificate) writeFileSync(request.files.certificate, selfSign(KEY, "m", 10, ISSUED));
}

describe("ensureKeyPair", () => {
  it("makes both halves only if neither exists", () => {
    const made = ensureKeyPair(request);
    expect(notices).toEqual([
      { event: "key-made", name: "m", kind: "RSA-2048", file: request.files.key },
      { event: "certificate-issued", name: "m", file: request.files.certificate, days: 10 },
    ]);
    expect(made.notAfter).toEqual(END);
    expect(ensureKeyPair(request)).toEqual(made);
    expect(notices).toHaveLength(2);
  });

  it("makes nothing if creation is refused, and says why", () => {
    expect(() => ensureKeyPair({ ...request, creation: { refusedBecause: "of this" } })).toThrow(
      new KeyError("CREATION_REFUSED", `${request.files.certificate} does not exist and no key is made here: of this`),
    );
    expect(existsSync(request.files.key)).toBe(false);
  });

  it("issues a certificate for a key without one, even if creation is refused", () => {
    write({ key: true });
    const facts = ensureKeyPair({ ...request, creation: { refusedBecause: "of this" } });
    expect(facts.kid).toBe(keyId(KEY));
    expect(readFileSync(request.files.key, "utf8")).toBe(PEM);
  });

  it("takes a certificate without its key", () => {
    write({ certificate: true });
    expect(ensureKeyPair(request).kid).toBe(keyId(KEY));
    expect(existsSync(request.files.key)).toBe(false);
  });

  it.each([
    { what: "before its end", now: new Date(END.getTime() - 1), reissueExpired: true, key: true, again: false },
    { what: "at its end", now: END, reissueExpired: true, key: true, again: true },
    { what: "at its end, unasked", now: END, reissueExpired: false, key: true, again: false },
    { what: "at its end, without the key", now: END, reissueExpired: true, key: false, again: false },
  ])("issues a certificate again $what: $again", ({ now, reissueExpired, key, again }) => {
    write({ key, certificate: true });
    const { notAfter, kid } = ensureKeyPair({ ...request, now, reissueExpired });
    expect(kid).toBe(keyId(KEY));
    expect(notAfter).toEqual(again ? new Date("2026-01-21T00:00:00Z") : END);
    expect(notices).toHaveLength(again ? 1 : 0);
  });

  it.each(SIGNING_ALGORITHMS)("makes, finds and issues again a pair for %s", (algorithm) => {
    const asked = { ...request, algorithm };
    const made = ensureKeyPair(asked);
    expect(made).toMatchObject({ algorithm, notAfter: END });
    expect(ensureKeyPair(asked)).toEqual(made);
    expect(ensureKeyPair({ ...asked, now: END, reissueExpired: true })).toMatchObject({
      algorithm,
      kid: made.kid,
      notAfter: new Date("2026-01-21T00:00:00Z"),
    });
  });

  it("serves RS256 and PS256 with one pair, as the certificate does not say which", () => {
    const { kid, pem } = ensureKeyPair(request);
    expect(ensureKeyPair({ ...request, algorithm: "PS256" })).toMatchObject({ kid, pem, algorithm: "PS256" });
  });

  it.each(["key", "certificate"])("leaves a %s that does not fit unchanged, and makes nothing", (half) => {
    const code = "ALGORITHM_MISMATCH";
    write({ [half]: true });
    const files = readdirSync(folder);
    expect(() => ensureKeyPair({ ...request, algorithm: "EdDSA" })).toThrow(expect.objectContaining({ code }));
    expect(readdirSync(folder)).toEqual(files);
  });

  it("does not issue a certificate for a key that the expired one is not for", () => {
    const other = rsaPair().privateKey;
    write({ key: true });
    const stale = selfSign(other, "m", 10, ISSUED);
    writeFileSync(request.files.certificate, stale);
    expect(() => ensureKeyPair({ ...request, now: END, reissueExpired: true })).toThrow(
      expect.objectContaining({ code: "CERTIFICATE_MISMATCH" }),
    );
    expect(readFileSync(request.files.certificate, "utf8")).toBe(stale);
  });
});

describe("several runs at once", () => {
  it("take the pair that another run made in the meantime, without a notice", () => {
    const late = {
      ...request,
      get creation() {
        write({ key: true, certificate: true });
        return "allowed" as const;
      },
    };
    expect(ensureKeyPair(late).kid).toBe(keyId(KEY));
    expect(readFileSync(request.files.key, "utf8")).toBe(PEM);
    expect(notices).toEqual([]);
  });

  it("certify the key on disk if another run made only the key", () => {
    const late = {
      ...request,
      get creation() {
        write({ key: true });
        return "allowed" as const;
      },
    };
    expect(ensureKeyPair(late).kid).toBe(keyId(KEY));
    expect(notices.map(({ event }) => event)).toEqual(["certificate-issued"]);
  });

  it("end with one matching pair each time", { timeout: 60_000 }, async () => {
    const rounds = 8;
    const script = await program();
    const start = Date.now() + 1000;
    const runs = await Promise.all(
      [1, 2].map(async () => {
        const { stdout } = await execa(process.execPath, [script, folder, String(rounds), String(start)]);
        return stdout.split("\n");
      }),
    );
    for (let round = 0; round < rounds; round++) {
      const at = join(folder, String(round));
      const kid = keyId(createPrivateKey(readFileSync(join(at, "m-signing.key"))));
      expect(runs.map((kids) => kids[round])).toEqual([kid, kid]);
      expect(readCertificate(readFileSync(join(at, "m-signing.crt"), "utf8"), "m-signing.crt").kid).toBe(kid);
      expect(readdirSync(at).sort()).toEqual(["m-signing.crt", "m-signing.key"]);
    }
  });

  /** Makes a pair in each of some folders, all processes at the same times; prints the key ids. */
  async function program(): Promise<string> {
    const outfile = join(folder, "race.cjs");
    const keyPair = JSON.stringify(resolve(__dirname, "../../../constructs/keys/key-pair"));
    const contents = `
      import { join } from "node:path";
      import { ensureKeyPair } from ${keyPair};
      const [folder, rounds, start] = process.argv.slice(2);
      for (let round = 0; round < Number(rounds); round++) {
        while (Date.now() < Number(start) + round * 250);
        const at = (name) => join(folder, String(round), name);
        const facts = ensureKeyPair({
          name: "m", files: { certificate: at("m-signing.crt"), key: at("m-signing.key"), record: at("m.keys.json") }, algorithm: "RS256", rsaBits: 2048, validityDays: 1,
          creation: "allowed", reissueExpired: false, notice: () => undefined,
        });
        console.log(facts.kid);
      }`;
    const stdin = { contents, resolveDir: __dirname };
    await build({ stdin, outfile, bundle: true, platform: "node", format: "cjs", logLevel: "warning" });
    return outfile;
  }
});
