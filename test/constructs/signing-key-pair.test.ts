import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { KeyError, SigningKeyPair, type SigningKeyPairProps } from "../../constructs";
import { selfSign } from "../../constructs/keys/self-sign";
import { ecPair, rsaPair } from "../generated-key";
import { pemBegin } from "../pem";
import {
  captureNotices,
  FIXED,
  fixedKey,
  fixture,
  inTemporaryProject,
  manifestOf,
  messageOf,
  newStack,
  synth,
  writeProjectFile,
} from "./project";

inTemporaryProject();

const KEY = "certs/machine-a-signing.key";
const CERTIFICATE = "certs/machine-a-signing.crt";

/** RSA keys made once: they take most of a test's time. */
const PAIR = rsaPair().privateKey;
const PEM = PAIR.export({ type: "pkcs8", format: "pem" }) as string;

function declare(props: Partial<SigningKeyPairProps> = {}, stack = newStack()): SigningKeyPair {
  return new SigningKeyPair(stack, "Key", { name: "machine-a", ...props });
}

function openssl(...args: string[]): string {
  return execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** What openssl takes the key id of a certificate to be: SHA-256 over the DER of its public key. */
function kidByOpenssl(certificate: string): string {
  const input = openssl("x509", "-in", certificate, "-noout", "-pubkey");
  const der = execFileSync("openssl", ["pkey", "-pubin", "-outform", "DER"], { input, stdio: "pipe" });
  return execFileSync("openssl", ["dgst", "-sha256", "-binary"], { input: der, stdio: "pipe" }).toString("base64url");
}

describe("a first synthesis", () => {
  it("makes a pair that openssl agrees with", () => {
    captureNotices();
    const pair = declare({ validityDays: 5 });
    expect(openssl("pkey", "-in", KEY, "-noout", "-check")).toContain("Key is valid");
    expect(openssl("verify", "-CAfile", CERTIFICATE, CERTIFICATE)).toContain("OK");
    expect(openssl("pkey", "-in", KEY, "-pubout")).toBe(openssl("x509", "-in", CERTIFICATE, "-noout", "-pubkey"));
    const text = openssl("x509", "-in", CERTIFICATE, "-noout", "-text");
    expect(text).toMatch(/Subject: CN ?= ?machine-a\n/);
    expect(text).toMatch(/Issuer: CN ?= ?machine-a\n/);
    expect(text).toContain("Signature Algorithm: sha256WithRSAEncryption");
    expect(text).toContain("Public-Key: (2048 bit)");
    expect(text).toContain("Version: 3");
    expect(pair.kid).toBe(kidByOpenssl(CERTIFICATE));
  });

  it("writes PKCS#8 that only its owner reads, and a certificate for everybody, under any umask", () => {
    captureNotices();
    for (const umask of [0o000, 0o077]) {
      rmSync("certs", { recursive: true, force: true });
      const before = process.umask(umask);
      try {
        declare();
      } finally {
        process.umask(before);
      }
      expect(statSync(KEY).mode & 0o777).toBe(0o600);
      expect(statSync(CERTIFICATE).mode & 0o777).toBe(0o644);
    }
    expect(readFileSync(KEY, "utf8").startsWith(pemBegin("PRIVATE KEY"))).toBe(true);
  });

  it("says what was made, by file, and no byte of it", () => {
    const notices = captureNotices();
    declare({ validityDays: 5 });
    expect(notices).toEqual([
      `made the private key ${KEY} (RSA-2048, mode 0600, keep it out of git)\n`,
      `issued the certificate ${CERTIFICATE} (5 days, commit it)\n`,
    ]);
  });

  it("is valid from now for 365 days, or as long as asked", () => {
    captureNotices();
    writeProjectFile(KEY, PEM);
    writeProjectFile("certs/short-signing.key", PEM);
    const days = (pair: SigningKeyPair) => (pair.notAfter.getTime() - Date.now()) / 86_400_000;
    expect(days(declare())).toBeCloseTo(365, 2);
    expect(days(declare({ name: "short", validityDays: 0.5 }))).toBeCloseTo(0.5, 2);
    expect(openssl("x509", "-in", CERTIFICATE, "-noout", "-checkend", String(364 * 86_400))).toContain(
      "will not expire",
    );
  });

  it("makes no second key: the next synthesis finds the pair", () => {
    const notices = captureNotices();
    const first = declare();
    const key = readFileSync(KEY, "utf8");
    const second = declare();
    expect(second.kid).toBe(first.kid);
    expect(second.certificatePem).toBe(first.certificatePem);
    expect(readFileSync(KEY, "utf8")).toBe(key);
    expect(notices).toHaveLength(2);
  });

  it("gives each name a key of its own", () => {
    captureNotices();
    expect(declare({ name: "one" }).kid).not.toBe(declare({ name: "two" }).kid);
  });

  it("takes a longer modulus", () => {
    captureNotices();
    declare({ rsaBits: 3072 });
    expect(openssl("x509", "-in", CERTIFICATE, "-noout", "-text")).toContain("Public-Key: (3072 bit)");
  });

  it("takes another folder, made where it is missing", () => {
    captureNotices();
    const pair = declare({ directory: "secrets/machines" });
    expect(pair.privateKeyFile).toBe("secrets/machines/machine-a-signing.key");
    expect(existsSync(pair.privateKeyFile)).toBe(true);
    expect(existsSync("certs")).toBe(false);
  });

  it("works from the folder of cdktf.json, wherever it is started", () => {
    captureNotices();
    mkdirSync("deep/down", { recursive: true });
    process.chdir("deep/down");
    const pair = declare({}, newStack());
    expect(pair.privateKeyFile).toBe(KEY);
    expect(existsSync(resolve("../..", KEY))).toBe(true);
  });
});

describe("the facts of a certificate", () => {
  it("are those of the file", () => {
    const key = fixedKey(newStack(), "machine-a");
    const pem = readFileSync(fixture("machine-a"), "utf8");
    expect(key.certificatePem).toBe(pem);
    expect(key.certificateBase64).toBe(pem.replaceAll(/-----[^-]+-----|\s/g, ""));
    expect(key.kid).toBe(FIXED["machine-a"].kid);
    expect(key.kid).toBe(kidByOpenssl(CERTIFICATE));
    expect(key.notAfter.toISOString()).toBe("2125-12-08T00:00:00.000Z");
  });

  it("need no private half, and none is made for it, in CI too", () => {
    const notices = captureNotices();
    vi.stubEnv("CI", "true");
    expect(fixedKey(newStack(), "machine-a").kid).toBe(FIXED["machine-a"].kid);
    expect(existsSync(KEY)).toBe(false);
    expect(notices).toEqual([]);
  });
});

describe("where neither half exists", () => {
  it.each(["true", "1", "yes"])("fails with CI=%s, and makes nothing", (value) => {
    vi.stubEnv("CI", value);
    expect(messageOf(declare)).toBe(
      `[test/Key] ${CERTIFICATE} does not exist and no key is made here: CI is set, and a key made there would be lost; commit the certificate, or set M2M_CREATE_KEYS=true`,
    );
    expect(existsSync("certs")).toBe(false);
  });

  it.each(["", "false"])("makes a key with CI=%j, which says that this is none", (value) => {
    captureNotices();
    vi.stubEnv("CI", value);
    declare();
    expect(existsSync(KEY)).toBe(true);
  });

  it("makes a key in CI where M2M_CREATE_KEYS=true asks for it", () => {
    captureNotices();
    vi.stubEnv("CI", "true");
    vi.stubEnv("M2M_CREATE_KEYS", "true");
    declare();
    expect(existsSync(KEY)).toBe(true);
  });

  it("fails where the stack's state knows a key of this name, asked or not", () => {
    vi.stubEnv("M2M_KNOWN_KEYS", "test/machine-b/k1,test/machine-a/k2");
    vi.stubEnv("M2M_CREATE_KEYS", "true");
    expect(messageOf(declare)).toBe(
      `[test/Key] ${CERTIFICATE} does not exist and no key is made here: the state of stack test already knows a key of machine-a; restore the certificate from version control, or pass --new-keys to replace the key`,
    );
    expect(existsSync("certs")).toBe(false);
  });

  it("makes a key where the state knows only others", () => {
    captureNotices();
    vi.stubEnv("M2M_KNOWN_KEYS", "test/machine-ab/k,test/machine/k,other/machine-a/k");
    declare();
    expect(existsSync(KEY)).toBe(true);
  });

  it("makes a key of a name that the state knows from another directory", () => {
    captureNotices();
    const stack = newStack();
    const known = declare({}, stack);
    vi.stubEnv("M2M_KNOWN_KEYS", `test/machine-a/${known.kid}`);
    new SigningKeyPair(stack, "Other", { name: "machine-a", directory: "certs/other" });
    expect(existsSync(KEY.replace("certs", "certs/other"))).toBe(true);
  });
});

describe("where one half exists", () => {
  it("issues the certificate over a key that stands alone", () => {
    const notices = captureNotices();
    writeProjectFile(KEY, PEM);
    const pair = declare({ validityDays: 7 });
    expect(readFileSync(KEY, "utf8")).toBe(PEM);
    expect(openssl("pkey", "-in", KEY, "-pubout")).toBe(openssl("x509", "-in", CERTIFICATE, "-noout", "-pubkey"));
    expect(pair.kid).toBe(kidByOpenssl(CERTIFICATE));
    expect(notices).toEqual([`issued the certificate ${CERTIFICATE} (7 days, commit it)\n`]);
  });

  it("does so in CI too, and where the state knows the name: nothing is lost by it", () => {
    captureNotices();
    vi.stubEnv("CI", "true");
    vi.stubEnv("M2M_KNOWN_KEYS", "test/machine-a/k");
    writeProjectFile(KEY, PEM);
    declare();
    expect(existsSync(CERTIFICATE)).toBe(true);
  });

  it("reads PKCS#1 too, as openssl's older commands write it", () => {
    captureNotices();
    writeProjectFile(KEY, PAIR.export({ type: "pkcs1", format: "pem" }) as string);
    declare();
    expect(existsSync(CERTIFICATE)).toBe(true);
  });

  it("pays no attention to a half-written file that a crash left", () => {
    captureNotices();
    writeProjectFile("certs/.1.machine-a-signing.key", PEM.slice(0, 400));
    writeProjectFile("certs/.1.machine-a-signing.crt", "-----BEGIN");
    declare();
    expect(openssl("pkey", "-in", KEY, "-noout", "-check")).toContain("Key is valid");
    expect(readFileSync("certs/.1.machine-a-signing.key", "utf8")).toBe(PEM.slice(0, 400));
  });
});

describe("an expired certificate", () => {
  const LONG_AGO = new Date("2020-01-01T00:00:00Z");

  it("is a warning, not a failure, and is left as it is", () => {
    const expired = selfSign(PAIR, "machine-a", 10, LONG_AGO);
    writeProjectFile(KEY, PEM);
    writeProjectFile(CERTIFICATE, expired);
    const stack = newStack();
    declare({}, stack);
    synth(stack);
    expect(manifestOf(stack).annotations).toMatchObject([
      {
        constructPath: "test/Key",
        level: "@cdktf/warn",
        message:
          "THE CERTIFICATE certs/machine-a-signing.crt HAS ENDED on 2020-01-11; Keycloak still accepts the key; rotate it: `m2m keys rotate machine-a`, or let `m2m up` issue it again over the same key",
      },
    ]);
    expect(readFileSync(CERTIFICATE, "utf8")).toBe(expired);
  });

  it("is said not to be issued again where the private half is elsewhere", () => {
    writeProjectFile(CERTIFICATE, selfSign(PAIR, "machine-a", 10, LONG_AGO));
    const stack = newStack();
    declare({}, stack);
    synth(stack);
    expect(manifestOf(stack).annotations).toMatchObject([
      { message: expect.stringContaining(`rotate it where ${KEY} is, and not here: \`m2m keys rotate machine-a\``) },
    ]);
  });

  it("is near when a third of its life is left, which is a quieter warning", () => {
    const warnings = (daysAgo: number) => {
      writeProjectFile(CERTIFICATE, selfSign(PAIR, "machine-a", 9, new Date(Date.now() - daysAgo * 86_400_000)));
      const stack = newStack();
      declare({}, stack);
      synth(stack);
      return manifestOf(stack).annotations.map(({ message }: { message: string }) => message);
    };
    expect(warnings(5.9)).toEqual([]);
    expect(warnings(6.1)).toEqual([
      expect.stringMatching(/^the certificate certs\/machine-a-signing.crt ends on \S+, in 2 days; rotate it/),
    ]);
    expect(warnings(8.5)).toEqual([expect.stringContaining("in less than a day")]);
  });

  it.each([
    [30, ["`validityDays` 30 counts from the next certificate on, as certs/machine-a-signing.crt is for 9 days"]],
    [9, []],
    [undefined, []], // the default is not asked of a certificate that was made elsewhere
  ])("is said to be of another length than `validityDays` %s", (validityDays, notes) => {
    writeProjectFile(CERTIFICATE, selfSign(PAIR, "machine-a", 9));
    const stack = newStack();
    declare({ validityDays }, stack);
    synth(stack);
    const expected = notes.map((note) => `${note}; to have it now: \`m2m keys rotate machine-a\``);
    expect(manifestOf(stack).annotations.map(({ message }: { message: string }) => message)).toEqual(expected);
  });

  it("is issued again over the same key where M2M_REISSUE_CERTIFICATES=true asks for it", () => {
    const notices = captureNotices();
    vi.stubEnv("M2M_REISSUE_CERTIFICATES", "true");
    writeProjectFile(KEY, PEM);
    writeProjectFile(CERTIFICATE, selfSign(PAIR, "machine-a", 10, LONG_AGO));
    const kid = kidByOpenssl(CERTIFICATE);
    const stack = newStack();
    const pair = declare({ validityDays: 30 }, stack);
    expect(pair.kid).toBe(kid);
    expect(pair.notAfter.getTime()).toBeGreaterThan(Date.now());
    expect(kidByOpenssl(CERTIFICATE)).toBe(kid);
    expect(readFileSync(KEY, "utf8")).toBe(PEM);
    expect(notices).toEqual([`issued the certificate ${CERTIFICATE} (30 days, commit it)\n`]);
    synth(stack);
    expect(manifestOf(stack).annotations).toEqual([]);
  });

  it("stays where the private half is elsewhere", () => {
    vi.stubEnv("M2M_REISSUE_CERTIFICATES", "true");
    const expired = selfSign(PAIR, "machine-a", 10, LONG_AGO);
    writeProjectFile(CERTIFICATE, expired);
    declare();
    expect(readFileSync(CERTIFICATE, "utf8")).toBe(expired);
  });

  it("is the only one that is issued again", () => {
    vi.stubEnv("M2M_REISSUE_CERTIFICATES", "true");
    const good = selfSign(PAIR, "machine-a", 10);
    writeProjectFile(KEY, PEM);
    writeProjectFile(CERTIFICATE, good);
    declare();
    expect(readFileSync(CERTIFICATE, "utf8")).toBe(good);
  });
});

describe("a key file that others may use", () => {
  it.each([
    [0o644, "0644"],
    [0o640, "0640"],
    [0o602, "0602"],
  ])("is a warning of mode %o with what to run, and is left as it is", (mode, text) => {
    captureNotices();
    writeProjectFile(KEY, PEM);
    chmodSync(KEY, mode);
    const stack = newStack();
    declare({}, stack);
    synth(stack);
    expect(manifestOf(stack).annotations).toMatchObject([
      {
        constructPath: "test/Key",
        level: "@cdktf/warn",
        message: `others than its owner may use ${KEY} (mode ${text}); run \`chmod 600 ${KEY}\``,
      },
    ]);
    expect(statSync(KEY).mode & 0o777).toBe(mode);
  });

  it("is none of mode 0600 or 0400, nor one that was just made", () => {
    captureNotices();
    const stack = newStack();
    declare({}, stack);
    writeProjectFile("certs/b-signing.key", PEM, 0o400);
    new SigningKeyPair(stack, "B", { name: "b" });
    synth(stack);
    expect(manifestOf(stack).annotations).toEqual([]);
  });
});

describe("fails", () => {
  it.each(["afile", "afile/below/it"])("on the directory %s, in whose place is a file", (directory) => {
    writeProjectFile("afile", "");
    expect(messageOf(() => declare({ directory }))).toBe(
      `[test/Key] \`directory\` must be a folder, absolute or relative to cdktf.json, got: "${directory}"; choose another, or move the file away that is in its place`,
    );
  });

  it.each([1024, 2047, 0, 2048.5, 8193, Number.NaN])("on %d bits", (rsaBits) => {
    expect(messageOf(() => declare({ rsaBits }))).toBe(
      `[test/Key] \`rsaBits\` must be a whole number between 2048 (RFC 7518 section 3.3) and 8192, got: ${rsaBits}; leave it out for 2048`,
    );
  });

  it.each([0, -1, 36_501, Number.NaN, Number.POSITIVE_INFINITY])("on %d days", (validityDays) => {
    expect(messageOf(() => declare({ validityDays }))).toBe(
      `[test/Key] \`validityDays\` must be more than 0 and at most 36500, got: ${validityDays}; use 365, or leave it out`,
    );
  });

  it.each(["", "../up", "a/b", ".hidden", "two words", "-a", "x".repeat(64)])("on the name %j", (name) => {
    expect(messageOf(() => declare({ name }))).toBe(
      `[test/Key] \`name\` must be 1 to 63 letters, digits, dots, dashes or underscores, as it names files, got: ${JSON.stringify(name)}`,
    );
    expect(existsSync("certs")).toBe(false);
  });

  it("on a name that may be a key, which would stand in the names of files", () => {
    const name = ["5pzgT_uT0eTXkl", "FvaOUTitmmzBIF", "9pXR73y7c7J9RlI"].join("");
    expect(messageOf(() => declare({ name }))).toContain(
      "as it names files, got: (a text of 43 characters, not shown: it may be a key)",
    );
    expect(existsSync("certs")).toBe(false);
  });

  it("on everything at once, also where the pair exists", () => {
    fixedKey(newStack(), "machine-a");
    expect(messageOf(() => declare({ rsaBits: 512, validityDays: 0 }))).toMatch(
      /^\[test\/Key\] \n {2}- `rsaBits` .*\n {2}- `validityDays` .*$/,
    );
  });

  it("on a certificate that does not match its key, and names both", () => {
    const other = rsaPair().privateKey;
    writeProjectFile(KEY, PEM);
    writeProjectFile(CERTIFICATE, selfSign(other, "machine-a", 5));
    const got = kidByOpenssl(CERTIFICATE);
    const message = messageOf(declare);
    expect(message).toContain(
      `[test/Key] ${CERTIFICATE} must certify the key in ${KEY}, got: kid ${got} in the certificate and `,
    );
    expect(message).toContain("restore the half that is wrong, or remove the certificate");
    expect(readFileSync(KEY, "utf8")).toBe(PEM);
  });

  it("on a key file that is not a key, which stays as it is and is not quoted", () => {
    writeProjectFile(KEY, `${pemBegin("PRIVATE KEY")}c2VjcmV0\n`);
    const message = messageOf(declare);
    expect(message).toBe(
      `[test/Key] ${resolve(KEY)} must hold a private key in PEM, got: 37 characters that OpenSSL cannot parse; the file is unchanged; restore it from a backup, or remove it and run \`m2m keys revoke\` (with \`--key\`, if it does not hold the active key)`,
    );
    expect(readFileSync(KEY, "utf8")).toContain("c2VjcmV0");
    expect(existsSync(CERTIFICATE)).toBe(false);
  });

  it("on an empty key file", () => {
    writeProjectFile(KEY, "");
    expect(() => declare()).toThrow("must hold a private key in PEM, got: an empty file");
    expect(readFileSync(KEY, "utf8")).toBe("");
  });

  it("on an encrypted key without a certificate, which is enough otherwise", () => {
    writeProjectFile(
      KEY,
      PAIR.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" }) as string,
    );
    expect(() => declare()).toThrow(
      `${KEY} is encrypted, so no certificate can be issued for it here; put its certificate at ${CERTIFICATE}`,
    );
    writeProjectFile(CERTIFICATE, selfSign(PAIR, "machine-a", 10));
    expect(declare().kid).toBe(kidByOpenssl(CERTIFICATE));
  });

  it("on a certificate that is none", () => {
    writeProjectFile(CERTIFICATE, "not a certificate");
    expect(messageOf(declare)).toBe(
      `[test/Key] ${CERTIFICATE} must hold an X.509 certificate in PEM, got: 17 characters that cannot be parsed; restore it from version control`,
    );
    expect(readFileSync(CERTIFICATE, "utf8")).toBe("not a certificate");
    expect(existsSync(KEY)).toBe(false);
  });

  it("on a linked key, which is neither followed nor overwritten", () => {
    writeProjectFile("elsewhere/real.key", PEM);
    mkdirSync("certs");
    symlinkSync("../elsewhere/real.key", KEY);
    expect(messageOf(declare)).toBe(
      `[test/Key] ${resolve(KEY)} must be a regular file, got: a symbolic link; it is unchanged; put the file itself there, or remove it`,
    );
    expect(readFileSync("elsewhere/real.key", "utf8")).toBe(PEM);
    expect(existsSync(CERTIFICATE)).toBe(false);
  });

  it("on a link that leads nowhere, and makes no key behind it", () => {
    mkdirSync("certs");
    symlinkSync("../elsewhere.key", KEY);
    expect(() => declare()).toThrow("got: a symbolic link");
    expect(existsSync("elsewhere.key")).toBe(false);
  });

  it("never writes behind a linked certificate, which is only read", () => {
    writeProjectFile("elsewhere.crt", selfSign(PAIR, "machine-a", 1, new Date("2020-01-01T00:00:00Z")));
    const before = readFileSync("elsewhere.crt", "utf8");
    mkdirSync("certs");
    symlinkSync("../elsewhere.crt", CERTIFICATE);
    expect(declare().notAfter.toISOString()).toBe("2020-01-02T00:00:00.000Z");
    writeProjectFile(KEY, PEM);
    vi.stubEnv("M2M_REISSUE_CERTIFICATES", "true");
    expect(() => declare()).toThrow(`${CERTIFICATE} must be a regular file, got: a symbolic link`);
    expect(readFileSync("elsewhere.crt", "utf8")).toBe(before);
  });

  it("on a linked certificate that leads nowhere, with and without a key beside it, and makes no key", () => {
    mkdirSync("certs");
    symlinkSync("../elsewhere.crt", CERTIFICATE);
    expect(() => declare()).toThrow(`${resolve(CERTIFICATE)} must be a regular file, got: a symbolic link`);
    expect(existsSync(KEY)).toBe(false);
    writeFileSync(KEY, PEM);
    expect(() => declare()).toThrow("got: a symbolic link");
    expect(existsSync("elsewhere.crt")).toBe(false);
  });

  it("on a folder in place of a file", () => {
    mkdirSync(KEY, { recursive: true });
    expect(() => declare()).toThrow(`[test/Key] ${resolve(KEY)} must be a regular file, got: a folder`);
  });

  it("on an elliptic-curve key", () => {
    const { privateKey } = ecPair();
    writeProjectFile(KEY, privateKey.export({ type: "pkcs8", format: "pem" }) as string);
    expect(messageOf(declare)).toBe(
      `[test/Key] ${resolve(KEY)} must hold an RSA key, as \`algorithm\` is "RS256", got: P-256; set \`algorithm\` to "ES256", or remove both halves to have a new one made`,
    );
  });

  it("on a key of 1024 bits", () => {
    const { privateKey } = rsaPair(1024);
    writeProjectFile(KEY, privateKey.export({ type: "pkcs8", format: "pem" }) as string);
    expect(messageOf(declare)).toBe(
      `[test/Key] ${resolve(KEY)} must hold an RSA key of at least 2048 bits (RFC 7518 section 3.3), got: 1024; remove both halves to have a new one made`,
    );
  });

  it("on a certificate of an elliptic-curve key, or of 1024 bits", () => {
    const certificate = (...algorithm: string[]) => {
      const output = ["-keyout", "throwaway.key", "-out", CERTIFICATE];
      openssl("req", "-x509", ...algorithm, "-noenc", "-subj", "/CN=machine-a", ...output);
    };
    mkdirSync("certs");
    certificate("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256");
    expect(messageOf(declare)).toBe(
      `[test/Key] ${CERTIFICATE} must certify an RSA key, as \`algorithm\` is "RS256", got: P-256; set \`algorithm\` to "ES256", or remove both halves to have a new one made`,
    );
    certificate("-newkey", "rsa:1024");
    expect(messageOf(declare)).toBe(
      `[test/Key] ${CERTIFICATE} must certify an RSA key of at least 2048 bits (RFC 7518 section 3.3), got: 1024; remove both halves to have a new one made`,
    );
  });

  it("with a code that stays, whatever the text says", () => {
    writeProjectFile(KEY, "no key");
    expect(() => declare()).toThrow(KeyError);
    expect(() => declare()).toThrow(expect.objectContaining({ name: "KeyError", code: "KEY_CORRUPT" }));
  });
});

describe("fromCertificateFile", () => {
  it("reads a certificate made elsewhere, relative to cdktf.json, and asks for no key", () => {
    writeProjectFile("pki/billing.pem", readFileSync(fixture("machine-b"), "utf8"));
    mkdirSync("deep");
    process.chdir("deep");
    const key = SigningKeyPair.fromCertificateFile(newStack(), "Key", "pki/billing.pem");
    expect(key.kid).toBe(FIXED["machine-b"].kid);
    expect(key.notAfter.toISOString()).toBe("2125-12-08T00:00:00.000Z");
    expect(existsSync("../certs")).toBe(false);
  });

  it.each([
    ["certbot", "live/billing/cert.pem", "../../archive/billing/cert3.pem"],
    ["Kubernetes", "pki/..data/tls.crt", "../..2026_11_29_10_00_00.123/tls.crt"],
  ])("follows a link, as %s makes it", (_, path, target) => {
    writeProjectFile(join(dirname(path), target), readFileSync(fixture("machine-b"), "utf8"));
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path);
    expect(SigningKeyPair.fromCertificateFile(newStack(), "Key", path).kid).toBe(FIXED["machine-b"].kid);
  });

  it("takes only the certificate out of a file that also holds its key", () => {
    writeProjectFile("both.pem", `${PEM}${selfSign(PAIR, "both", 5)}`);
    const key = SigningKeyPair.fromCertificateFile(newStack(), "Key", "both.pem");
    expect(key.certificatePem).toMatch(/^-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n$/);
  });

  it("warns where it has ended", () => {
    writeProjectFile("old.pem", selfSign(PAIR, "old", 1, new Date("2020-01-01T00:00:00Z")));
    const stack = newStack();
    SigningKeyPair.fromCertificateFile(stack, "Key", "old.pem");
    synth(stack);
    expect(manifestOf(stack).annotations).toMatchObject([
      {
        constructPath: "test/Key",
        message: expect.stringMatching(
          /^THE CERTIFICATE old.pem HAS ENDED on 2020-01-02; .* issued again where it was made$/,
        ),
      },
    ]);
  });

  it("fails where its private half is asked for", () => {
    const key = SigningKeyPair.fromCertificateFile(newStack(), "Key", fixture("machine-a"));
    expect(messageOf(() => key.privateKeyFile)).toBe(
      `[test/Key] the private half of ${fixture("machine-a")} is not known here; only SigningKeyPair has a \`privateKeyFile\``,
    );
  });

  it("fails where there is no file, or none that is a certificate", () => {
    expect(messageOf(() => SigningKeyPair.fromCertificateFile(newStack(), "Key", "pki/none.pem"))).toBe(
      "[test/Key] pki/none.pem must be a certificate in PEM, got: no such file in pki",
    );
    writeProjectFile("key.pem", PEM);
    expect(() => SigningKeyPair.fromCertificateFile(newStack(), "Key", "key.pem")).toThrow(
      `[test/Key] key.pem must hold an X.509 certificate in PEM, got: ${PEM.length} characters that cannot be parsed`,
    );
  });

  it("fails on a certificate of 1024 bits", () => {
    const { privateKey } = rsaPair(1024);
    writeProjectFile("short.pem", selfSign(privateKey, "short", 5));
    expect(() => SigningKeyPair.fromCertificateFile(newStack(), "Key", "short.pem")).toThrow(
      "[test/Key] short.pem must certify an RSA key of at least 2048 bits",
    );
  });
});
